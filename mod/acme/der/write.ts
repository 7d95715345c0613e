/** Writes DER (X.690), as far as certificate requests and self-signed certificates need it. */
import { concat } from "../../std/bytes.ts";

export type Bytes = Uint8Array<ArrayBuffer>;

export const Tag = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  objectId: 0x06,
  utf8String: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

/** Tag of `[number]`; `isConstructed`: it holds elements, not a primitive value. */
export function contextTag(number: number, isConstructed: boolean): number {
  return (isConstructed ? 0xa0 : 0x80) | number;
}

export function element(tag: number, ...parts: readonly Uint8Array[]): Bytes {
  const content = concat(parts);
  return concat([Uint8Array.of(tag, ...lengthOctets(content.length)), content]);
}

export function sequence(...parts: readonly Uint8Array[]): Bytes {
  return element(Tag.sequence, ...parts);
}

/** A non-negative integer from its big-endian bytes. */
export function unsigned(magnitude: Uint8Array): Bytes {
  let first = 0;
  while (first < magnitude.length - 1 && magnitude[first] === 0) first++;
  const digits = magnitude.subarray(first);
  // A set top bit would make it negative.
  const sign = digits[0] >= 0x80 ? Uint8Array.of(0) : new Uint8Array(0);
  return element(Tag.integer, sign, digits);
}

/** An object identifier from its dotted form. */
export function objectId(dotted: string): Bytes {
  const [first, second, ...rest] = dotted.split(".").map(Number);
  return element(Tag.objectId, Uint8Array.from([first * 40 + second, ...rest].flatMap(base128)));
}

export function octetString(content: Uint8Array): Bytes {
  return element(Tag.octetString, content);
}

export function bitString(content: Uint8Array): Bytes {
  return element(Tag.bitString, Uint8Array.of(0), content);
}

export function utf8String(text: string): Bytes {
  return element(Tag.utf8String, new TextEncoder().encode(text));
}

/** UTCTime until 2049, GeneralizedTime afterwards (RFC 5280 4.1.2.5). */
export function time(epochMs: number): Bytes {
  const digits = new Date(epochMs).toISOString().replace(/[-:T]|\.\d+/g, "");
  const isShort = digits < "2050";
  const text = isShort ? digits.slice(2) : digits;
  const tag = isShort ? Tag.utcTime : Tag.generalizedTime;
  return element(tag, new TextEncoder().encode(text));
}

function lengthOctets(length: number): number[] {
  if (length < 0x80) return [length];
  const octets: number[] = [];
  for (let rest = length; rest > 0; rest >>>= 8) octets.unshift(rest & 0xff);
  return [0x80 | octets.length, ...octets];
}

function base128(value: number): number[] {
  const groups = [value & 0x7f];
  for (let rest = value >>> 7; rest > 0; rest >>>= 7) groups.unshift(0x80 | (rest & 0x7f));
  return groups;
}
