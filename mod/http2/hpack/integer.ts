/**
 * Integers with a prefix (RFC 7541 5.1), as packed results, so that reading one makes no object.
 *
 * Values are limited to 2^28-1: no index, length or table size of ours is larger, and a peer cannot
 * send a long run of continuation bytes.
 */

/** Continuation bytes read at most: 4 x 7 bits. */
const continuationMax = 4;
const valueMax = 0x0fffffff;

/** Reads integers; `at` is the offset after the last one. One object serves every connection. */
export class IntegerReader {
  at = 0;

  /**
   * Reads the integer whose first byte is at `start`; `prefixMask` has the bits of the prefix set.
   * Returns -1 when it is truncated or larger than 2^28-1.
   */
  read(bytes: Uint8Array, start: number, end: number, prefixMask: number): number {
    let value = bytes[start] & prefixMask;
    let at = start + 1;
    if (value < prefixMask) {
      this.at = at;
      return value;
    }
    for (let shift = 0; shift < 7 * continuationMax; shift += 7) {
      if (at >= end) return -1;
      const byte = bytes[at++];
      // The fourth byte holds the bits from 21 on: no overflow of 32 bits is possible.
      value += (byte & 0x7f) << shift;
      if (byte < 0x80) {
        this.at = at;
        return value <= valueMax ? value : -1;
      }
    }
    return -1;
  }
}

/** Most bytes that `writeInteger` writes. */
export const integerBytesMax = 6;

/**
 * Writes `value` (0 to 2^28-1) at `at` with the bits of `pattern` above its prefix. Returns the
 * offset after it; at most `integerBytesMax` bytes are written.
 */
export function writeInteger(
  bytes: Uint8Array,
  at: number,
  pattern: number,
  prefixMask: number,
  value: number,
): number {
  if (value < prefixMask) {
    bytes[at] = pattern | value;
    return at + 1;
  }
  bytes[at++] = pattern | prefixMask;
  let rest = value - prefixMask;
  while (rest >= 0x80) {
    bytes[at++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  bytes[at++] = rest;
  return at;
}
