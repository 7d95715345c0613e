const utf8 = new TextDecoder();
/** From this length on, a call of TextDecoder costs less than converting byte by byte. */
const decoderBytesMin = 160;

/**
 * Bytes as text, one character per byte: HTTP field values have no other encoding (RFC 9110 5.5),
 * and the round trip is lossless.
 */
export function latin1(bytes: Uint8Array, start: number, end: number): string {
  // The decoder named latin1 is windows-1252, so only ASCII can take the fast path.
  if (end - start >= decoderBytesMin && isAscii(bytes, start, end)) {
    return utf8.decode(bytes.subarray(start, end));
  }
  let text = "";
  let at = start;
  // Eight at a time costs half as much as one at a time.
  for (; at + 8 <= end; at += 8) {
    text += String.fromCharCode(
      bytes[at],
      bytes[at + 1],
      bytes[at + 2],
      bytes[at + 3],
      bytes[at + 4],
      bytes[at + 5],
      bytes[at + 6],
      bytes[at + 7],
    );
  }
  for (; at < end; at++) text += String.fromCharCode(bytes[at]);
  return text;
}

function isAscii(bytes: Uint8Array, start: number, end: number): boolean {
  let seen = 0;
  for (let at = start; at < end; at++) seen |= bytes[at];
  return seen < 0x80;
}

/** Text to bytes, one byte per character. Throws TypeError for a character above 255. */
export function latin1Bytes(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0xff) {
      throw new TypeError(`Cannot write text as Latin-1: character is U+${code.toString(16)}`);
    }
    bytes[i] = code;
  }
  return bytes;
}
