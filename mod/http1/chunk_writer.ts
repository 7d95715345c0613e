import { CR, LF } from "../http/char_class.ts";

/** Most bytes that `writeChunkSize` writes: 14 hex digits for 2^53-1, and CRLF. */
export const chunkSizeBytesMax = 16;
/** Follows the data of each chunk. */
export const chunkEnd: Uint8Array<ArrayBuffer> = Uint8Array.of(CR, LF);
/** Ends a chunked body without trailer fields. */
export const lastChunk: Uint8Array<ArrayBuffer> = Uint8Array.of(0x30, CR, LF, CR, LF);

/**
 * Writes the line that begins a chunk of `size` bytes (> 0: a chunk of 0 would end the body) at
 * offset `at`, and returns the offset after it (RFC 9112 7.1).
 */
export function writeChunkSize(bytes: Uint8Array, at: number, size: number): number {
  if (!(size > 0)) throw new RangeError(`Cannot write a chunk: size is ${size}`);
  let digits = 1;
  for (let rest = Math.floor(size / 16); rest > 0; rest = Math.floor(rest / 16)) digits++;
  let rest = size;
  for (let i = at + digits - 1; i >= at; i--) {
    const digit = rest % 16;
    bytes[i] = digit < 10 ? 0x30 + digit : 0x57 + digit;
    rest = (rest - digit) / 16;
  }
  bytes[at + digits] = CR;
  bytes[at + digits + 1] = LF;
  return at + digits + 2;
}
