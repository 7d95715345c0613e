/** Text to UTF-8 in a buffer that the caller owns. */
const encoder = new TextEncoder();
/** Up to this length a loop over ASCII costs less than a call of TextEncoder and its view. */
const loopCharsMax = 128;

/**
 * Writes `text` at `at`, where three bytes for each of its characters have room. Returns the number of
 * bytes. As TextEncoder does, it writes U+FFFD for half a surrogate pair.
 */
export function writeUtf8(text: string, target: Uint8Array, at: number): number {
  const { length } = text;
  if (length <= loopCharsMax) {
    let i = 0;
    for (; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) break;
      target[at + i] = code;
    }
    if (i === length) return length;
  }
  return encoder.encodeInto(text, at === 0 ? target : target.subarray(at)).written;
}
