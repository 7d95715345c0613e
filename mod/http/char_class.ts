/** Character classes of the 256 bytes. One table look-up replaces several comparisons. */

/** tchar of RFC 9110 5.6.2: methods, field names. */
export const TOKEN = 1;
/** HTAB, SP, VCHAR and obs-text: what a field value or a reason phrase may hold (RFC 9110 5.5). */
export const VALUE = 2;
/**
 * A byte of a request-target. Wider than RFC 3986: clients send raw UTF-8 and bytes such as `|`
 * unencoded. `#` is refused: a target has no fragment, and implementations disagree where it ends.
 */
export const TARGET = 4;
/** A byte of a registered name: unreserved, sub-delims, `%` (RFC 3986 3.2.2). */
export const HOST = 8;
/** A byte inside the brackets of an IP literal: hex digits, `:` and `.`. */
export const IP_LITERAL = 16;

export const HTAB = 0x09;
export const LF = 0x0a;
export const CR = 0x0d;
export const SP = 0x20;
export const COLON = 0x3a;
export const COMMA = 0x2c;
export const SEMICOLON = 0x3b;

/** The classes of every byte, as bits. */
export const classes = new Uint8Array(256);
/** A-Z mapped to a-z, every other byte to itself. */
export const lowerCase = new Uint8Array(256);
/** The value of a hex digit, -1 for every other byte. */
export const hexValue = new Int8Array(256).fill(-1);

function mark(bit: number, text: string): void {
  for (let i = 0; i < text.length; i++) classes[text.charCodeAt(i)] |= bit;
}

const digits = "0123456789";
const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
mark(TOKEN, digits + letters + "!#$%&'*+-.^_`|~");
mark(HOST, digits + letters + "-._~!$&'()*+,;=%");
mark(IP_LITERAL, digits + "abcdefABCDEF:.");
for (let byte = 0; byte < 256; byte++) {
  lowerCase[byte] = byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
  if (byte >= SP ? byte !== 0x7f : byte === HTAB) classes[byte] |= VALUE;
  if (byte > SP && byte !== 0x7f && byte !== 0x23) classes[byte] |= TARGET;
}
for (let i = 0; i < 10; i++) hexValue[0x30 + i] = i;
for (let i = 0; i < 6; i++) hexValue[0x41 + i] = hexValue[0x61 + i] = 10 + i;
