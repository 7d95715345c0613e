import { codeBits, codes } from "./huffman_code.ts";

/** Bytes of `[start, end)` in the Huffman code, padding included. */
export function huffmanLength(bytes: Uint8Array, start: number, end: number): number {
  let bits = 0;
  for (let at = start; at < end; at++) bits += codeBits[bytes[at]];
  return (bits + 7) >> 3;
}

/** Writes `[start, end)` at `at` of `target`, which has room. Returns the offset after it. */
export function huffmanEncode(
  bytes: Uint8Array,
  start: number,
  end: number,
  target: Uint8Array,
  at: number,
): number {
  let held = 0;
  let count = 0;
  for (let from = start; from < end; from++) {
    const code = codes[bytes[from]];
    let bits = codeBits[bytes[from]];
    if (bits > 24) {
      // Up to 7 bits are held, so a code of more than 24 bits goes in two steps.
      held = (held << (bits - 16)) | (code >>> 16);
      count += bits - 16;
      while (count >= 8) target[at++] = held >>> (count -= 8);
      bits = 16;
    }
    held = (held << bits) | (bits === 16 ? code & 0xffff : code);
    count += bits;
    while (count >= 8) target[at++] = held >>> (count -= 8);
  }
  if (count > 0) target[at++] = (held << (8 - count)) | (0xff >> count);
  return at;
}
