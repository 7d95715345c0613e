/**
 * A program attached to ours: it lies in the executable between Deno's runtime and what
 * `deno compile` has added. A file that `deno compile` embeds is copied into the memory of every
 * process at its start, 11 MB for esbuild; this one is read by whoever runs it. It is packed, which makes
 * the program on disk 7 MB smaller and the image 0.7 MB; it costs 20 ms to unpack when an app is linked.
 *
 *     ELF file of the runtime | "attached" | length, 8 bytes | program | payload of deno compile
 *
 * The runtime finds its payload from the end of the file, so nothing in front of it is in the way.
 */

const mark = new TextEncoder().encode("attached");
const headBytes = mark.length + 8;
/** Of the ELF header in 64-bit files. */
export const elfHeadBytes = 64;

/** Where an ELF file ends, from its header: e_shoff + e_shentsize * e_shnum (elf(5)). */
export function elfEnd(head: Uint8Array): number {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  return Number(view.getBigUint64(0x28, true)) +
    view.getUint16(0x3a, true) * view.getUint16(0x3c, true);
}

/** `executable`, as deno compile has made it, with `program` attached. */
export function attach(executable: Uint8Array, program: Uint8Array): Uint8Array<ArrayBuffer> {
  const end = elfEnd(executable);
  const all = new Uint8Array(executable.length + headBytes + program.length);
  all.set(executable.subarray(0, end));
  all.set(mark, end);
  new DataView(all.buffer).setBigUint64(end + mark.length, BigInt(program.length), true);
  all.set(program, end + headBytes);
  all.set(executable.subarray(end), end + headBytes + program.length);
  return all;
}

/** Where `deno compile`'s payload begins in the executable that `file` is. */
export function payloadStart(file: Deno.FsFile): number {
  const end = elfEnd(readAt(file, 0, elfHeadBytes));
  const head = readAt(file, end, headBytes);
  if (!mark.every((byte, index) => byte === head[index])) return end;
  return end + headBytes + Number(new DataView(head.buffer).getBigUint64(mark.length, true));
}

/** The program attached to the executable at `path`; null: there is none. Throws Deno's errors. */
export function readAttached(path: string): Uint8Array | null {
  using file = Deno.openSync(path);
  const end = elfEnd(readAt(file, 0, elfHeadBytes));
  const head = readAt(file, end, headBytes);
  if (!mark.every((byte, index) => byte === head[index])) return null;
  const length = Number(new DataView(head.buffer).getBigUint64(mark.length, true));
  const size = file.statSync().size;
  return length > size - end - headBytes ? null : readAt(file, end + headBytes, length);
}

/** `length` bytes, with zeros for those behind the end of the file. */
export function readAt(file: Deno.FsFile, offset: number, length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  file.seekSync(offset, Deno.SeekMode.Start);
  for (let at = 0; at < length;) {
    const count = file.readSync(bytes.subarray(at));
    if (count === null) break;
    at += count;
  }
  return bytes;
}
