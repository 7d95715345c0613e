/** The priority of a stream (RFC 9218 4): urgency 0 to 7, and whether parts of it are of use. */

/** Urgency without a `priority` field. */
export const defaultUrgency = 3;
/** Urgencies from 0, the most urgent, to this one. */
export const urgencyMax = 7;
/** The bit of a packed priority that says incremental; the urgency is in the bits below. */
export const incrementalBit = 8;

/**
 * Reads a priority field value, `u=N, i`, in `[start, end)`. Returns the urgency, with
 * `incrementalBit` set for `i`. Unknown parameters and values out of range are ignored, as the RFC
 * asks; so is a value that is no dictionary, from where it stops being one.
 */
export function readPriority(bytes: Uint8Array, start: number, end: number): number {
  let urgency = defaultUrgency;
  let incremental = 0;
  let at = start;
  while (at < end) {
    while (at < end && isBlank(bytes[at])) at++;
    const keyAt = at;
    while (at < end && bytes[at] !== 0x2c) at++;
    let memberEnd = keyAt;
    // Parameters of a member have no meaning (RFC 8941 3.2).
    while (memberEnd < at && bytes[memberEnd] !== 0x3b && !isBlank(bytes[memberEnd])) memberEnd++;
    const length = memberEnd - keyAt;
    if (bytes[keyAt] === 0x75 && length === 3 && bytes[keyAt + 1] === 0x3d) {
      const digit = bytes[keyAt + 2] - 0x30;
      if (digit >= 0 && digit <= urgencyMax) urgency = digit;
    } else if (bytes[keyAt] === 0x69) {
      if (length === 1) incremental = incrementalBit;
      else if (length === 4 && bytes[keyAt + 1] === 0x3d && bytes[keyAt + 2] === 0x3f) {
        if (bytes[keyAt + 3] === 0x31) incremental = incrementalBit;
        else if (bytes[keyAt + 3] === 0x30) incremental = 0;
      }
    }
    at++;
  }
  return urgency | incremental;
}

function isBlank(byte: number): boolean {
  return byte === 0x20 || byte === 0x09;
}
