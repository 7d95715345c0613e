/** Opening and reading files: the interface, and the portable implementation without sendfile(2). */

/** An open regular file. */
export interface OpenFile {
  /** Bytes at the time of opening. */
  readonly size: number;
  /** Milliseconds since 1970. */
  readonly modifiedMs: number;
  /** Descriptor for sendfile(2); -1 without one. */
  readonly fd: number;
  /** Reads at `offset` into `[start, end)` of `into`; returns the number of bytes, 0 at the end. */
  readAt(offset: number, into: Uint8Array, start: number, end: number): number;
  close(): void;
}

/** Why a file was not opened. `special`: a device, pipe or socket. `outside`: not below the root. */
export type OpenFault = "absent" | "folder" | "denied" | "special" | "outside";

/** Opens files below a root. */
export interface FileOpener {
  /**
   * Opens the regular file at `path`. With `rootReal` (a real path without a trailing slash), a file
   * that is not below it after following links is `outside`. Never blocks on a pipe.
   */
  open(path: string, rootReal: string | null): OpenFile | OpenFault;
}

let chosen: FileOpener | null = null;

/** The opener of this process. */
export function fileOpener(): FileOpener {
  return chosen ??= new PlainOpener();
}

/** Makes files descriptors for sendfile(2), for sites that are made from now on. Needs FFI. */
export async function openByDescriptor(): Promise<void> {
  chosen = new (await import("./descriptor_opener.ts")).DescriptorOpener();
}

/** Opens with Deno's own functions. */
export class PlainOpener implements FileOpener {
  open(path: string, rootReal: string | null): OpenFile | OpenFault {
    try {
      const real = Deno.realPathSync(path);
      if (rootReal !== null && !liesBelow(real, rootReal)) return "outside";
      // Check first, because opening a pipe would block until it has a writer.
      const before = Deno.lstatSync(real);
      if (before.isDirectory) return "folder";
      if (!before.isFile) return before.isSymlink ? "absent" : "special";
      return openSame(real, before);
    } catch (error) {
      return faultOf(error);
    }
  }
}

/** Opens the path that was just checked; a different file at that path counts as absent. */
function openSame(real: string, before: Deno.FileInfo): OpenFile | OpenFault {
  const file = Deno.openSync(real);
  const info = file.statSync();
  if (info.isFile && info.ino === before.ino && info.dev === before.dev) {
    return new PlainFile(file, info);
  }
  file.close();
  return "absent";
}

class PlainFile implements OpenFile {
  readonly size: number;
  readonly modifiedMs: number;
  readonly fd = -1;
  readonly #file: Deno.FsFile;

  constructor(file: Deno.FsFile, info: Deno.FileInfo) {
    this.#file = file;
    this.size = info.size;
    this.modifiedMs = info.mtime?.getTime() ?? 0;
  }

  readAt(offset: number, into: Uint8Array, start: number, end: number): number {
    this.#file.seekSync(offset, Deno.SeekMode.Start);
    return this.#file.readSync(into.subarray(start, end)) ?? 0;
  }

  close(): void {
    this.#file.close();
  }
}

/** Whether the real path `path` is `root` or below it. */
export function liesBelow(path: string, root: string): boolean {
  return path === root || path.startsWith(root.endsWith("/") ? root : root + "/");
}

/** Converts an exception of Deno's file functions to a fault; rethrows anything unexpected. */
export function faultOf(error: unknown): OpenFault {
  if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
    return "absent";
  }
  if (error instanceof Deno.errors.PermissionDenied || error instanceof Deno.errors.NotCapable) {
    return "denied";
  }
  // For a client, a name that is too long or a loop of links is a missing file.
  if (error instanceof Deno.errors.FilesystemLoop || error instanceof Deno.errors.InvalidData) {
    return "absent";
  }
  const code = error instanceof Error ? (error as Error & { code?: string }).code : undefined;
  if (code === "ENAMETOOLONG" || code === "EINVAL") return "absent";
  throw error;
}
