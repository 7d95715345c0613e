/**
 * Files that this process may not open itself: the root parent does, where the configuration names
 * them. Everything is tried here first, so that without such a parent nothing is different.
 */
import type { Address } from "../../base/address.ts";
import { list, nullable, readShaped, text as shapeOfText } from "../../base/shape.ts";
import { errnoPhrase } from "../../sys/errno.ts";
import { errno, libc } from "../../sys/libc.ts";
import { openMemoryFile } from "../../sys/memory_file.ts";
import { fromStartFolder } from "../working_folder.ts";
import {
  type ListenWish,
  type OpenerAnswer,
  type OpenerRequest,
  splitForPackets,
} from "./opener_messages.ts";
import { parentOpener } from "./parent_opener.ts";
import { concat } from "../../std/bytes.ts";

/** The content of a file. Throws what Deno would. */
export function readBytes(path: string): Uint8Array<ArrayBuffer> {
  try {
    return Deno.readFileSync(path);
  } catch (error) {
    return contentOf(askToOpen("read", path, error));
  }
}

/** As `readBytes`, in UTF-8. */
export function readText(path: string): string {
  return new TextDecoder().decode(readBytes(path));
}

/** As `readText`; null: the file is larger than `bytesMax`. */
export function readTextUpTo(path: string, bytesMax: number): string | null {
  try {
    return Deno.statSync(path).size > bytesMax ? null : Deno.readTextFileSync(path);
  } catch (error) {
    const bytes = boundedContentOf(askToOpen("read", path, error), bytesMax);
    return bytes === null ? null : new TextDecoder().decode(bytes);
  }
}

/**
 * Calls `use` with a path at which a library finds the content of `path`: that, or a copy in memory.
 * Throws what Deno would where it cannot be read.
 */
export function withReadable<T>(path: string, use: (path: string) => T): T {
  const copied = copyIfHidden(path);
  return copied === null ? use(path) : withCopy(copied, use);
}

/** null: this process may read it itself. */
function copyIfHidden(path: string): Uint8Array | null {
  try {
    Deno.openSync(path).close();
    return null;
  } catch (error) {
    return contentOf(askToOpen("read", path, error));
  }
}

function withCopy<T>(content: Uint8Array, use: (path: string) => T): T {
  const copy = openMemoryFile("parent-file");
  if (copy === null) throw new Error("no file in memory can be made");
  try {
    Deno.writeFileSync(copy.path, content);
    return use(copy.path);
  } finally {
    content.fill(0);
    copy.close();
  }
}

/** Replaces the content of a file that this process keeps, where it may not itself. */
export function askToReplace(path: string, content: string): boolean {
  const opener = parentOpener();
  const file = opener === null ? null : openMemoryFile("parent-file");
  if (opener === null || file === null) return false;
  Deno.writeTextFileSync(file.path, content);
  const request = { op: "replace" as const, path: fromStartFolder(path) };
  const { fault, replyFd } = opener.askOn(request, file.fd);
  if (replyFd >= 0) libc.close(replyFd);
  file.close();
  return fault === null;
}

/** Stamps of files that this process cannot see, for `stampOf`; null: nobody can tell. */
export function askStamps(paths: readonly string[]): readonly (string | null)[] {
  const opener = parentOpener();
  if (opener === null) return paths.map(() => null);
  const stamps: (string | null)[] = [];
  for (const some of splitForPackets(paths.map(fromStartFolder))) {
    const { fault, text } = opener.ask({ op: "stamp", paths: some });
    const read = fault === null ? readShaped<(string | null)[]>(text, stampsShape, "it") : "";
    stamps.push(...(typeof read === "string" ? some.map(() => null) : read.value));
  }
  return stamps;
}

const stampsShape = list(nullable(shapeOfText));

/** A log file that is open for appending: the part of `Deno.FsFile` that a log uses. */
export interface AppendFile {
  writeSync(bytes: Uint8Array): number;
  statSync(): Pick<Deno.FileInfo, "dev" | "ino" | "size">;
  close(): void;
}

/** Opens a log file, which is created with `mode`. Throws what Deno would. */
function openAppend(path: string, mode: number): AppendFile {
  try {
    return Deno.openSync(path, { append: true, create: true, mode });
  } catch (error) {
    return new DescriptorFile(askToOpen("append", path, error));
  }
}

/**
 * Why the parent could not open a log file either; null: it could. `reason`: why this process cannot.
 */
export function askAppendable(path: string, reason: string): string | null {
  const answer = ask({ op: "appendable", path: fromStartFolder(path) });
  if (answer === null || answer.fault === "denied") return reason;
  return answer.text === "" ? null : answer.text;
}

/**
 * Renames a log and its backups if the path still leads to `file`. False: it is not ours to do.
 */
function askToRotate(
  path: string,
  backupCount: number,
  { dev, ino }: Pick<Deno.FileInfo, "dev" | "ino">,
): boolean {
  const request = { op: "rotate" as const, path: fromStartFolder(path), backupCount, dev };
  return ask({ ...request, ino: ino ?? 0 })?.fault === null;
}

/** Implements `LogFiles` of mod/log. */
export const parentLogFiles = { open: openAppend, rotate: askToRotate };

/** A bound socket; null: the parent does not bind this one. A text is the reason of its failure. */
export function askToListen(address: Address, wish: ListenWish): number | string | null {
  const opener = parentOpener();
  if (opener === null) return null;
  const asked = address.kind === "unix"
    ? { ...address, path: fromStartFolder(address.path) }
    : address;
  const { fault, text, fd } = opener.ask({ op: "listen", address: asked, wish });
  if (fd !== null) return fd;
  return fault === "other" ? text : null;
}

/** Renames a socket that the parent has bound. False: it is not the parent's to do. */
export function askToRename(path: string, suffix: string): boolean {
  return ask({ op: "rename", path: fromStartFolder(path), suffix })?.fault === null;
}

/** Removes a socket that the parent has bound. False: it is not the parent's to do. */
export function askToRemove(path: string, ino: number): boolean {
  return ask({ op: "remove", path: fromStartFolder(path), ino })?.fault === null;
}

/** The inode number of a socket that the parent has bound; null: the parent does not say. */
export function askInode(path: string): number | null {
  const answer = ask({ op: "inode", path: fromStartFolder(path) });
  return answer?.fault === null ? Number(answer.text) : null;
}

function ask(request: OpenerRequest): OpenerAnswer | null {
  const opener = parentOpener();
  if (opener === null) return null;
  const { fd, ...answer } = opener.ask(request);
  if (fd !== null) libc.close(fd);
  return answer;
}

/** The descriptor from the parent, where `refusal` is one of permissions. Throws otherwise. */
function askToOpen(op: "read" | "append", path: string, refusal: unknown): number {
  const opener = refusal instanceof Deno.errors.PermissionDenied ? parentOpener() : null;
  if (opener === null) throw refusal;
  const { fault, text, fd } = opener.ask({ op, path: fromStartFolder(path) });
  if (fault === null && fd !== null) return fd;
  if (fd !== null) libc.close(fd);
  if (fault === "missing") throw new Deno.errors.NotFound(`No such file or directory: ${path}`);
  throw fault === "denied" ? refusal : new Error(text);
}

/** Reads to the end, and closes. */
function contentOf(fd: number): Uint8Array<ArrayBuffer> {
  return boundedContentOf(fd, Infinity)!;
}

/** null: it is longer than `bytesMax`. */
function boundedContentOf(fd: number, bytesMax: number): Uint8Array<ArrayBuffer> | null {
  const parts: Uint8Array[] = [];
  let length = 0;
  try {
    while (length <= bytesMax) {
      const bytes = new Uint8Array(65_536);
      const count = libc.read(fd, bytes, bytes.length);
      if (count < 0) throw new Error(errnoPhrase(errno()));
      if (count === 0) return concat(parts);
      parts.push(bytes.subarray(0, count));
      length += count;
    }
    return null;
  } finally {
    libc.close(fd);
  }
}

/** A file by its descriptor: it cannot be opened again, not even through /proc. */
class DescriptorFile implements AppendFile {
  constructor(private readonly fd: number) {}

  writeSync(bytes: Uint8Array): number {
    const count = libc.write(this.fd, bytes as Uint8Array<ArrayBuffer>, bytes.length);
    if (count < 0) throw new Error(errnoPhrase(errno()));
    return count;
  }

  statSync(): Deno.FileInfo {
    return Deno.statSync(`/proc/self/fd/${this.fd}`);
  }

  close(): void {
    libc.close(this.fd);
  }
}
