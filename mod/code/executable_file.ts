/** The parts of an executable in which something of ours lies. */

/** Of the ELF header in 64-bit files. */
export const elfHeadBytes = 64;

/** In front of an app that `hayate build` has put into the program. */
export const builtAppMark = new TextEncoder().encode("builtapp");

/** Where an ELF file ends, from its header: e_shoff + e_shentsize * e_shnum (elf(5)). */
export function elfEnd(head: Uint8Array): number {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  return Number(view.getBigUint64(0x28, true)) +
    view.getUint16(0x3a, true) * view.getUint16(0x3c, true);
}

/** `length` bytes, with zeros for those behind the end of the file. */
export function readAt(file: Deno.FsFile, offset: number, length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  readInto(file, offset, bytes);
  return bytes;
}

/** Fills `into`; what lies behind the end of the file stays as it is. */
export function readInto(file: Deno.FsFile, offset: number, into: Uint8Array): void {
  file.seekSync(offset, Deno.SeekMode.Start);
  for (let at = 0; at < into.length;) {
    const count = file.readSync(into.subarray(at));
    if (count === null) return;
    at += count;
  }
}

/** Whether `bytes` begin with `mark`. */
export function startsWith(bytes: Uint8Array, mark: Uint8Array): boolean {
  return mark.every((byte, index) => byte === bytes[index]);
}

/** The file that runs, even where another one has taken its place. */
export function ownFile(): string {
  try {
    Deno.statSync("/proc/self/exe");
    return "/proc/self/exe";
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return Deno.execPath();
  }
}
