/** Huffman decoding, a symbol per table look-up (RFC 7541 5.2). */
import {
  codeBits,
  codeBitsMax,
  codeCount,
  codes,
  endOfString,
  firstCode,
  firstPlace,
  symbolsInOrder,
} from "./huffman_code.ts";

/** Codes up to this length are found by one look-up; longer ones belong to rare symbols. */
const tableBits = 10;
/** Index: the next 10 bits. Value: symbol * 16 + bits of its code, 0 for a longer code. */
const table = new Uint16Array(1 << tableBits);

for (let symbol = 0; symbol < endOfString; symbol++) {
  const bits = codeBits[symbol];
  if (bits > tableBits) continue;
  const from = codes[symbol] << (tableBits - bits);
  const to = from + (1 << (tableBits - bits));
  table.fill(symbol * 16 + bits, from, to);
}

/** Most bytes that `length` coded bytes decode to: the shortest code has 5 bits. */
export function decodedBytesMax(length: number): number {
  return (length * 8 / 5) | 0;
}

/**
 * Decodes `[start, end)` into `target` at `at`, which has room for `decodedBytesMax` bytes. Returns
 * the offset after the text, or -1: padding that is longer than 7 bits or not the beginning of EOS,
 * or EOS itself.
 */
export function huffmanDecode(
  bytes: Uint8Array,
  start: number,
  end: number,
  target: Uint8Array,
  at: number,
): number {
  let held = 0; // The last `count` bits are still to be decoded.
  let count = 0;
  let from = start;
  for (;;) {
    while (count <= 22 && from < end) {
      held = (held << 8) | bytes[from++];
      count += 8;
    }
    if (count < tableBits) break;
    const entry = table[(held >>> (count - tableBits)) & 0x3ff];
    if (entry === 0) {
      const symbol = longSymbol(bytes, start, end, 8 * (from - start) - count);
      if (symbol < 0) return -1;
      target[at++] = symbol;
      const next = 8 * (from - start) - count + codeBits[symbol];
      from = start + (next >> 3);
      count = 0;
      if ((next & 7) !== 0) {
        held = bytes[from++];
        count = 8 - (next & 7);
      }
      continue;
    }
    target[at++] = entry >> 4;
    count -= entry & 15;
  }
  // Fewer than 10 bits are left: they are filled up with ones, as if by EOS.
  while (count >= 5) {
    const ones = (1 << (tableBits - count)) - 1;
    const entry = table[((held << (tableBits - count)) | ones) & 0x3ff];
    const bits = entry & 15;
    if (entry === 0 || bits > count) break;
    target[at++] = entry >> 4;
    count -= bits;
  }
  const mask = (1 << count) - 1;
  return count < 8 && (held & mask) === mask ? at : -1;
}

/** The symbol of more than 10 bits at bit `bitAt` of `[start, end)`; -1 for EOS and a partial code. */
function longSymbol(bytes: Uint8Array, start: number, end: number, bitAt: number): number {
  const bitEnd = 8 * (end - start);
  let code = 0;
  for (let bits = 1; bits <= codeBitsMax; bits++, bitAt++) {
    if (bitAt >= bitEnd) return -1;
    code = (code << 1) | ((bytes[start + (bitAt >> 3)] >> (7 - (bitAt & 7))) & 1);
    const place = code - firstCode[bits];
    if (place < 0 || place >= codeCount[bits]) continue;
    const symbol = symbolsInOrder[firstPlace[bits] + place];
    return symbol === endOfString ? -1 : symbol;
  }
  return -1;
}
