/** A growing byte buffer for log lines, written in place without concatenation. */

/** How bytes that could break a line or a quoted string are escaped; the same sets as h2o's. */
export type Escape = "apache" | "json";

import type { KeptText } from "./kept_text.ts";

const digits = Uint8Array.from("0123456789abcdef", (letter) => letter.charCodeAt(0));
const backslash = 0x5c;
const letterX = 0x78;
const letterU = 0x75;
const zero = 0x30;

/** 1 for bytes that need no escape. As in h2o: 0x20-0x7c (apache) and 0x20-0x7d (json). */
const safe: Readonly<Record<Escape, Uint8Array>> = {
  apache: safeSet(0x7c, '"'),
  json: safeSet(0x7d, '"\\'),
};

function safeSet(last: number, except: string): Uint8Array {
  const set = new Uint8Array(256).fill(1, 0x20, last + 1);
  for (const letter of except) set[letter.charCodeAt(0)] = 0;
  return set;
}

const utf8 = new TextEncoder();

/** Up to this many bytes a loop is faster than `set`. */
const loopBytesMax = 40;
/** Room after the bytes in use, into which the copy of a last word may reach. */
const spareBytes = 4;
const highBits = 0x80808080 | 0;

export class LineBuffer {
  bytes: Uint8Array<ArrayBuffer>;
  /** Bytes in use. */
  length = 0;
  #words: DataView<ArrayBuffer>;

  constructor(bytes = 4096) {
    this.bytes = new Uint8Array(bytes + spareBytes);
    this.#words = new DataView(this.bytes.buffer);
  }

  clear(): void {
    this.length = 0;
  }

  /** Ensures space for `count` more bytes. */
  reserve(count: number): void {
    const needed = this.length + count + spareBytes;
    if (needed > this.bytes.length) this.#grow(needed);
  }

  #grow(needed: number): void {
    const grown = new Uint8Array(Math.max(needed, this.bytes.length * 2));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
    this.#words = new DataView(grown.buffer);
  }

  byte(value: number): void {
    this.reserve(1);
    this.bytes[this.length++] = value;
  }

  copy(source: Uint8Array, start = 0, end = source.length): void {
    const count = end - start;
    this.reserve(count);
    if (count > loopBytesMax) {
      const isWhole = count === source.length;
      this.bytes.set(isWhole ? source : source.subarray(start, end), this.length);
    } else {
      const bytes = this.bytes;
      let at = this.length;
      for (let i = start; i < end; i++) bytes[at++] = source[i];
    }
    this.length += count;
  }

  /** Appends ASCII text. */
  ascii(text: string): void {
    this.reserve(text.length);
    const bytes = this.bytes;
    let at = this.length;
    for (let i = 0; i < text.length; i++) bytes[at++] = text.charCodeAt(i);
    this.length = at;
  }

  /** Appends text as UTF-8. */
  text(text: string): void {
    this.reserve(text.length * 3);
    this.length += utf8.encodeInto(text, this.bytes.subarray(this.length)).written;
  }

  /** Appends an integer from 0 to 2^53 in decimal. */
  number(value: number): void {
    this.reserve(17);
    let digitCount = 1;
    for (let bound = 10; value >= bound; bound *= 10) digitCount++;
    let at = this.length + digitCount;
    this.length = at;
    let rest = value;
    for (; rest > 0x7fffffff; rest = Math.floor(rest / 10)) this.bytes[--at] = zero + rest % 10;
    // Integer arithmetic takes a fraction of the time.
    let small = rest | 0;
    do {
      const tenth = (small / 10) | 0;
      this.bytes[--at] = zero + small - 10 * tenth;
      small = tenth;
    } while (small > 0);
  }

  /** Appends `value` in exactly `width` digits, with leading zeros. */
  padded(value: number, width: number): void {
    this.reserve(width);
    let rest = value;
    for (let at = this.length + width - 1; at >= this.length; at--) {
      this.bytes[at] = zero + rest % 10;
      rest = Math.floor(rest / 10);
    }
    this.length += width;
  }

  /**
   * Appends text from a peer, escaped. One character is one byte (Latin-1, as fields are decoded);
   * other characters are written as the escaped bytes of their UTF-8 form.
   */
  escaped(text: string, escape: Escape): void {
    const set = safe[escape];
    this.reserve(text.length * 6);
    const bytes = this.bytes;
    let at = this.length;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0xff) {
        this.length = at;
        return this.escapedBytes(utf8.encode(text.slice(i)), escape);
      }
      if (set[code] === 1) bytes[at++] = code;
      else at = putEscaped(bytes, at, code, escape);
    }
    this.length = at;
  }

  /** Appends a kept text from a peer, or `[start, end)` of its keeper, escaped. */
  escapedText(
    text: KeptText,
    escape: Escape,
    start: number = text.start,
    end: number = text.end,
  ): void {
    const { bytes: source, words } = text.keeper;
    if (text.isPlain) return this.#copyPlain(words, start, end);
    this.reserve((end - start) * 6);
    const target = this.#words;
    const isJson = escape === "json";
    const set = safe[escape];
    let at = this.length;
    let from = start;
    while (from < end) {
      if (from + 4 <= end) {
        const word = words.getInt32(from);
        if (isJson ? isSafeJson(word) : isSafeApache(word)) {
          target.setInt32(at, word);
          at += 4;
          from += 4;
          continue;
        }
      }
      const code = source[from++];
      if (set[code] === 1) this.bytes[at++] = code;
      else at = putEscaped(this.bytes, at, code, escape);
    }
    this.length = at;
  }

  /** Appends bytes that need no escape. */
  #copyPlain(source: DataView, start: number, end: number): void {
    const count = end - start;
    this.reserve(count);
    const target = this.#words;
    const at = this.length - start;
    let i = start;
    for (; i + 8 <= end; i += 8) target.setFloat64(at + i, source.getFloat64(i, true), true);
    // What follows in its last word may be no ASCII, and eight bytes of that a NaN, which V8 changes.
    for (; i < end; i++) target.setUint8(at + i, source.getUint8(i));
    this.length += count;
  }

  /** Appends bytes `[start, end)` from a peer, escaped. */
  escapedBytes(source: Uint8Array, escape: Escape, start = 0, end = source.length): void {
    const set = safe[escape];
    this.reserve((end - start) * 6);
    const bytes = this.bytes;
    let at = this.length;
    for (let i = start; i < end; i++) {
      const code = source[i];
      if (set[code] === 1) bytes[at++] = code;
      else at = putEscaped(bytes, at, code, escape);
    }
    this.length = at;
  }

  /** A view of the bytes in use. */
  view(): Uint8Array<ArrayBuffer> {
    return this.bytes.subarray(0, this.length);
  }
}

/**
 * Whether none of four bytes needs an escape. A high bit appears where a byte is below 0x20, above
 * 0x7c or a quote; a carry only into bytes above one that has its high bit already.
 */
function isSafeApache(word: number): boolean {
  const quote = word ^ 0x22222222;
  return ((((word - 0x20202020) & ~word) | (word + 0x03030303) | word |
    ((quote - 0x01010101) & ~quote)) & highBits) === 0;
}

/** The same for JSON: above 0x7d, or a backslash as well. */
function isSafeJson(word: number): boolean {
  const quote = word ^ 0x22222222;
  const slash = word ^ 0x5c5c5c5c;
  return ((((word - 0x20202020) & ~word) | (word + 0x02020202) | word |
    ((quote - 0x01010101) & ~quote) | ((slash - 0x01010101) & ~slash)) & highBits) === 0;
}

function putEscaped(bytes: Uint8Array, start: number, code: number, escape: Escape): number {
  let at = start;
  bytes[at++] = backslash;
  if (escape === "json") {
    if (code === backslash || code === 0x22) {
      bytes[at++] = code;
      return at;
    }
    bytes[at++] = letterU;
    bytes[at++] = zero;
    bytes[at++] = zero;
  } else bytes[at++] = letterX;
  bytes[at++] = digits[code >> 4];
  bytes[at++] = digits[code & 15];
  return at;
}
