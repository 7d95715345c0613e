/**
 * An app inside this program, as `hayate build` puts it there: between Deno's runtime and what
 * `deno compile` has added, where the attached esbuild is in hayate itself.
 *
 *     runtime and code (mod/code) | "builtapp" | lengths, 2 x 8 bytes | SHA-256 of the content |
 *     content | files | payload of deno compile
 */
import { StartError } from "../../base/errors.ts";
import { codeEnd } from "../../code/code_pack.ts";
import { builtAppMark as mark, ownFile, readAt, startsWith } from "../../code/executable_file.ts";

const digestBytes = 32;
export const sectionHeadBytes = mark.length + 2 * 8 + digestBytes;

/** Where the parts of the app are in the file of the program. */
export interface AppSection {
  readonly contentStart: number;
  readonly contentBytes: number;
  readonly filesStart: number;
  readonly digest: Uint8Array;
}

/** The section of the program at `path`; null: there is none. Throws Deno's errors. */
export function findSection(path: string): AppSection | null {
  using file = Deno.openSync(path);
  const start = codeEnd(file);
  const head = readAt(file, start, sectionHeadBytes);
  if (!startsWith(head, mark)) return null;
  const view = new DataView(head.buffer);
  const contentStart = start + sectionHeadBytes;
  const contentBytes = Number(view.getBigUint64(mark.length, true));
  const filesBytes = Number(view.getBigUint64(mark.length + 8, true));
  // Before memory is taken for what a damaged length says.
  if (contentStart + contentBytes + filesBytes > file.statSync().size) throw damaged();
  return {
    contentStart,
    contentBytes,
    filesStart: contentStart + contentBytes,
    digest: head.slice(sectionHeadBytes - digestBytes),
  };
}

/** What comes in front of the content. */
export async function sectionHead(
  content: Uint8Array<ArrayBuffer>,
  filesBytes: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const head = new Uint8Array(sectionHeadBytes);
  head.set(mark);
  const view = new DataView(head.buffer);
  view.setBigUint64(mark.length, BigInt(content.length), true);
  view.setBigUint64(mark.length + 8, BigInt(filesBytes), true);
  head.set(await sha256Of(content), sectionHeadBytes - digestBytes);
  return head;
}

/** The content of a section. Rejects with `StartError` when a byte of it has changed. */
export async function readContent(
  path: string,
  { contentStart, contentBytes, digest }: AppSection,
): Promise<Uint8Array<ArrayBuffer>> {
  using file = Deno.openSync(path);
  const content = readAt(file, contentStart, contentBytes);
  const found = await sha256Of(content);
  if (!found.every((byte, index) => byte === digest[index])) throw damaged();
  return content;
}

async function sha256Of(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}

export function damaged(): StartError {
  return new StartError(`${Deno.execPath()}: the app in it is damaged: build it again`);
}

let own: AppSection | null | undefined;

/** The app in this program; null: there is none. Throws `StartError`. */
export function ownSection(): AppSection | null {
  return own ??= Deno.build.standalone ? findSection(ownFile()) : null;
}
