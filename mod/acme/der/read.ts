/** Reads DER (X.690). Faults in the input are null, never an exception. */
import { Tag } from "./write.ts";

/** One element: its tag, and where its header, content and end are in `bytes`. */
export interface Element {
  readonly bytes: Uint8Array;
  readonly tag: number;
  readonly from: number;
  readonly start: number;
  readonly end: number;
}

/** Reads the element at `at`, which must end at or before `limit`. */
export function readElement(
  bytes: Uint8Array,
  at = 0,
  limit: number = bytes.length,
): Element | null {
  if (at + 2 > limit) return null;
  const tag = bytes[at];
  let length = bytes[at + 1];
  let start = at + 2;
  if (length >= 0x80) {
    const octets = length & 0x7f;
    // Three octets cover 16 MB, far above the limit of a response.
    if (octets === 0 || octets > 3 || start + octets > limit) return null;
    length = 0;
    for (let i = 0; i < octets; i++) length = length * 256 + bytes[start + i];
    start += octets;
  }
  const end = start + length;
  return end > limit ? null : { bytes, tag, from: at, start, end };
}

/** The elements inside a constructed one; empty when one of them is malformed. */
export function childrenOf(parent: Element): readonly Element[] {
  const found: Element[] = [];
  for (let at = parent.start; at < parent.end;) {
    const child = readElement(parent.bytes, at, parent.end);
    if (child === null) return [];
    found.push(child);
    at = child.end;
  }
  return found;
}

/** The content without its header. */
export function contentOf({ bytes, start, end }: Element): Uint8Array {
  return bytes.subarray(start, end);
}

/** The element with its header. */
export function wholeOf({ bytes, from, end }: Element): Uint8Array {
  return bytes.subarray(from, end);
}

export function textOf(of: Element): string {
  return new TextDecoder().decode(contentOf(of));
}

/** Milliseconds since the epoch of a UTCTime or GeneralizedTime; null for anything else. */
export function timeOf(of: Element): number | null {
  const text = textOf(of);
  const isShort = of.tag === Tag.utcTime;
  if (!isShort && of.tag !== Tag.generalizedTime) return null;
  const match = /^(\d{2}|\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/.exec(text);
  if (match === null || (match[1].length === 2) !== isShort) return null;
  const [year, ...rest] = match.slice(1).map(Number);
  // RFC 5280 4.1.2.5.1: two digits from 50 belong to the 20th century.
  const full = isShort ? year + (year >= 50 ? 1900 : 2000) : year;
  return Date.UTC(full, rest[0] - 1, rest[1], rest[2], rest[3], rest[4]);
}
