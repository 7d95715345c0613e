/**
 * Spellings of a field name that applications cannot tell apart. CGI, FastCGI, WSGI, Rack and PHP
 * pass fields to programs as variables: `X-Forwarded-For`, `X_Forwarded_For` and `x.forwarded.for`
 * all become HTTP_X_FORWARDED_FOR (RFC 3875 4.1.18; PHP and Apache 2.2 map other characters as
 * well).
 */
import type { MessageHead } from "../../../http/mod.ts";

/** How a field's name compares with another name. */
export const Spelling = { other: 0, same: 1, lookAlike: 2 } as const;
export type Spelling = typeof Spelling[keyof typeof Spelling];

/** The lower-case form of a byte. */
const lower = Uint8Array.from({ length: 256 }, (_, byte) => isUpper(byte) ? byte + 0x20 : byte);
/** The same, with `-` for everything that is not a letter or digit. */
const folded = lower.map((byte) => isLetterOrDigit(byte) ? byte : 0x2d);

/**
 * Compares the name of the field at `index` with `lowerName`, which is in lower case. With
 * `asPrefix`, compares only the first `lowerName.length` bytes.
 */
export function spellingOf(
  head: MessageHead,
  index: number,
  lowerName: Uint8Array,
  asPrefix = false,
): Spelling {
  const start = head.fields[4 * index];
  const length = head.fields[4 * index + 1] - start;
  if (asPrefix ? length < lowerName.length : length !== lowerName.length) return Spelling.other;
  let spelling: Spelling = Spelling.same;
  for (let i = 0; i < lowerName.length; i++) {
    const byte = head.bytes[start + i];
    if (lower[byte] === lowerName[i]) continue;
    if (folded[byte] !== folded[lowerName[i]]) return Spelling.other;
    spelling = Spelling.lookAlike;
  }
  return spelling;
}

/** A name in lower case, spelled with `-`: `X_Forwarded_For` becomes `x-forwarded-for`. */
export function usualSpelling(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, "-");
}

function isUpper(byte: number): boolean {
  return byte >= 0x41 && byte <= 0x5a;
}

function isLetterOrDigit(lowerByte: number): boolean {
  return (lowerByte >= 0x61 && lowerByte <= 0x7a) || (lowerByte >= 0x30 && lowerByte <= 0x39);
}
