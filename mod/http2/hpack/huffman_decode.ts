/** Huffman decoding, one or two symbols for each table look-up (RFC 7541 5.2). */
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

/** Codes up to this length are found in the table; longer ones belong to rare symbols. */
const tableBits = 12;
const tableMask = (1 << tableBits) - 1;
/**
 * Index: the next 12 bits. Value: bits used (0 for a longer code) in 4 bits, one more symbol than one
 * in bit 4, the first symbol from bit 8, the second from bit 16. All are 0 until it is filled, for the
 * first text: a process that speaks no HTTP/2 starts without it.
 */
const table = new Int32Array(1 << tableBits);

function fillTable(): void {
  for (let symbol = 0; symbol < endOfString; symbol++) {
    const bits = codeBits[symbol];
    if (bits > tableBits) continue;
    const from = codes[symbol] << (tableBits - bits);
    table.fill(symbol << 8 | bits, from, from + (1 << (tableBits - bits)));
  }
  for (let index = tableMask; index >= 0; index--) {
    const first = table[index];
    const bits = first & 15;
    if (bits === 0) continue;
    // What follows the first code, where it is whole within the 12 bits.
    const second = lookUpOne((index << bits) & tableMask);
    const both = bits + codeBits[second];
    if (second < 0 || both > tableBits) continue;
    table[index] = first & 0xff00 | second << 16 | 0x10 | both;
  }
}

/** The symbol that the 12 bits begin with; -1 for a longer code. */
function lookUpOne(index: number): number {
  for (let bits = 5; bits <= tableBits; bits++) {
    const place = (index >> (tableBits - bits)) - firstCode[bits];
    if (place >= 0 && place < codeCount[bits]) return symbolsInOrder[firstPlace[bits] + place];
  }
  return -1;
}

/** Room that `length` coded bytes need: the shortest code has 5 bits, and symbols come in pairs. */
export function decodedBytesMax(length: number): number {
  return ((length * 8 / 5) | 0) + 1;
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
  if (table[0] === 0) fillTable();
  let held = 0; // The last `count` bits are still to be decoded.
  let count = 0;
  let from = start;
  for (;;) {
    if (count < tableBits) {
      if (from + 1 < end) {
        held = (held << 16) | (bytes[from] << 8) | bytes[from + 1];
        from += 2;
        count += 16;
      } else {
        if (from === end) break;
        held = (held << 8) | bytes[from++];
        count += 8;
        if (count < tableBits) break;
      }
    }
    const entry = table[(held >>> (count - tableBits)) & tableMask];
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
    target[at] = entry >> 8;
    target[at + 1] = entry >> 16;
    at += 1 + ((entry >> 4) & 1);
    count -= entry & 15;
  }
  return decodeTail(held, count, target, at);
}

/** The last bits, fewer than 12: whole codes, then the beginning of EOS, which is all ones. */
function decodeTail(held: number, count: number, target: Uint8Array, at: number): number {
  while (count >= 5) {
    const ones = (1 << (tableBits - count)) - 1;
    const symbol = lookUpOne(((held << (tableBits - count)) | ones) & tableMask);
    if (symbol < 0 || codeBits[symbol] > count) break;
    target[at++] = symbol;
    count -= codeBits[symbol];
  }
  const mask = (1 << count) - 1;
  return count < 8 && (held & mask) === mask ? at : -1;
}

/** The symbol of more than 12 bits at bit `bitAt` of `[start, end)`; -1 for EOS and a partial code. */
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
