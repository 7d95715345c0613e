/**
 * Bytes as text, one character per byte: the field values of HTTP have no other encoding
 * (RFC 9110 5.5), and the round trip loses nothing.
 */
export function latin1(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  for (let at = start; at < end; at++) text += String.fromCharCode(bytes[at]);
  return text;
}

/** The bytes of a text whose characters are all below 256; others are a programmer's error. */
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
