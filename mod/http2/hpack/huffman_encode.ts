import { codeBits, codes } from "./huffman_code.ts";

/** Longest code that the table holds with its length. */
const packedBitsMax = 24;
/** For each byte: code * 32 + bits of it; 0 for a code that is too long. */
const packed = Int32Array.from({ length: 256 }, (_, byte) => {
  return codeBits[byte] > packedBitsMax ? 0 : codes[byte] << 5 | codeBits[byte];
});
/** Codes have up to 30 bits: room that `huffmanEncode` needs for each byte. */
export const codedBytesMax = 4;

/**
 * Writes `[start, end)` in the Huffman code at `at` of `target`, which has room for `codedBytesMax`
 * bytes for each byte. Returns the offset after it.
 */
export function huffmanEncode(
  bytes: Uint8Array,
  start: number,
  end: number,
  target: Uint8Array,
  at: number,
): number {
  let held = 0;
  let count = 0; // Bits of `held` that are not written: fewer than 8 between two bytes.
  for (let from = start; from < end; from++) {
    const entry = packed[bytes[from]];
    if (entry === 0) {
      // In two steps, so that 32 bits are enough.
      const code = codes[bytes[from]];
      const rest = codeBits[bytes[from]] - 16;
      held = (held << rest) | (code >>> 16);
      count += rest;
      while (count >= 8) target[at++] = held >>> (count -= 8);
      held = (held << 16) | (code & 0xffff);
      count += 16;
    } else {
      held = (held << (entry & 31)) | (entry >>> 5);
      count += entry & 31;
    }
    while (count >= 8) target[at++] = held >>> (count -= 8);
  }
  if (count > 0) target[at++] = (held << (8 - count)) | (0xff >> count);
  return at;
}
