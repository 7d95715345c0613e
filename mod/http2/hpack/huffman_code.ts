/**
 * The Huffman code of RFC 7541 appendix B. It is canonical: codes of one length follow each other in
 * the order of their symbols, and those of the next length continue from there. So the lengths say
 * everything.
 */

/** The symbol that ends nothing: only its first bits are used, as padding (RFC 7541 5.2). */
export const endOfString = 256;
/** Bits of the longest code. */
export const codeBitsMax = 30;

/** Bits of each symbol's code. */
export const codeBits = Uint8Array.from(
  `13 23 28 28 28 28 28 28 28 24 30 28 28 30 28 28 28 28 28 28 28 28 30 28 28 28 28 28 28 28 28 28
  6 10 10 12 13 6 8 11 10 10 8 11 8 6 6 6 5 5 5 6 6 6 6 6 6 6 7 8 15 6 12 10
  13 6 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 8 7 8 13 19 13 14 6
  15 5 6 5 6 5 6 6 6 5 7 7 6 6 6 5 6 7 6 5 5 6 7 7 7 7 7 15 11 14 13 28
  20 22 20 20 22 22 22 23 22 23 23 23 23 23 24 23 24 24 22 23 24 23 23 23 23 21 22 23 22 23 23 24
  22 21 20 22 22 23 23 21 23 22 22 24 21 22 23 23 21 21 22 21 23 22 23 23 20 22 22 22 23 22 22 23
  26 26 20 19 22 23 22 25 26 26 26 27 27 26 24 25 19 21 26 27 27 26 27 24 21 21 26 26 28 27 27 27
  20 24 20 21 22 21 21 23 22 22 25 25 24 24 26 23 26 27 26 26 27 27 27 27 27 28 27 27 27 27 27 26
  30`.split(/\s+/),
  Number,
);

/** The code of each symbol, right-aligned. */
export const codes = new Uint32Array(257);
/** Symbols in the order of their codes. */
export const symbolsInOrder = new Uint16Array(257);
/** For each length: the first code of that length. */
export const firstCode = new Uint32Array(codeBitsMax + 1);
/** For each length: where its symbols begin in `symbolsInOrder`. */
export const firstPlace = new Uint16Array(codeBitsMax + 1);
/** For each length: how many codes have it. */
export const codeCount = new Uint16Array(codeBitsMax + 1);

{
  let code = 0;
  let place = 0;
  for (let bits = 1; bits <= codeBitsMax; bits++) {
    code *= 2;
    firstCode[bits] = code;
    firstPlace[bits] = place;
    for (let symbol = 0; symbol <= endOfString; symbol++) {
      if (codeBits[symbol] !== bits) continue;
      codes[symbol] = code++;
      symbolsInOrder[place++] = symbol;
      codeCount[bits]++;
    }
  }
}
