/**
 * A program attached to ours: it lies in the executable between Deno's runtime and what
 * `deno compile` has added. A file that `deno compile` embeds is copied into the memory of every
 * process at its start, 11 MB for esbuild; this one is read by whoever runs it. It is packed, which makes
 * the program on disk 7 MB smaller and the image 0.7 MB; it costs 17 ms to unpack when an app is linked.
 *
 *     runtime and code (mod/code) | "attached" | length, 8 bytes | program | payload of deno compile
 *
 * The runtime finds its payload from the end of the file, so nothing in front of it is in the way.
 */
import { codeEnd } from "../../code/code_pack.ts";
import { readAt, startsWith } from "../../code/executable_file.ts";

const mark = new TextEncoder().encode("attached");
const headBytes = mark.length + 8;

/** What comes in front of `program`, and the program. */
export function encodeAttachment(program: Uint8Array): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(headBytes + program.length);
  all.set(mark);
  new DataView(all.buffer).setBigUint64(mark.length, BigInt(program.length), true);
  all.set(program, headBytes);
  return all;
}

/** Where `deno compile`'s payload begins in the executable that `file` is. */
export function payloadStart(file: Deno.FsFile): number {
  const end = codeEnd(file);
  const head = readAt(file, end, headBytes);
  if (!startsWith(head, mark)) return end;
  return end + headBytes + Number(new DataView(head.buffer).getBigUint64(mark.length, true));
}

/** The program attached to the executable at `path`; null: there is none. Throws Deno's errors. */
export function readAttached(path: string): Uint8Array | null {
  using file = Deno.openSync(path);
  const end = codeEnd(file);
  const head = readAt(file, end, headBytes);
  if (!startsWith(head, mark)) return null;
  const length = Number(new DataView(head.buffer).getBigUint64(mark.length, true));
  const size = file.statSync().size;
  return length > size - end - headBytes ? null : readAt(file, end + headBytes, length);
}
