import { COLON, CR, HTAB, lowerCase, SP } from "../../http/char_class.ts";
import { type KnownLines, unrepeated } from "../../http/known_lines.ts";
import { fieldKind } from "../../http/field_names.ts";
import { FieldKind } from "../../http/message_head.ts";
import { NumberedSlots } from "./numbered_slots.ts";
import { staticNameIndex } from "./static_index.ts";

const slotCount = 256;
/** Longer lines are seldom the same twice, and each slot has room for one. */
const lineBytesMax = 1024;

/** What a line is to the encoder. */
export const LineUse = {
  field: 0,
  /** It belongs to an HTTP/1 connection (RFC 9113 8.2.2). */
  dropped: 1,
  /** `host`, which `:authority` replaces in requests. */
  host: 2,
  /** Its value must not be guessed through the table (RFC 7541 7.1). */
  secret: 3,
} as const;

/** Indexes of the static table. */
const authorizationIndex = 23;
const cookieIndex = 32;
const hostIndex = 38;
const proxyAuthorizationIndex = 49;
const setCookieIndex = 55;
/** Shorter cookies can be guessed byte by byte. */
const guessableCookieBytes = 20;

/**
 * The field lines that a thread's heads consist of, as far as they repeat. What an encoder needs to
 * know of a line is found out once; after that the line is recognised by its bytes, mostly at the
 * first try, because lines follow each other in the same order in most heads.
 *
 * A line enters when it is seen for the second time, so that values of one message pass by.
 */
export class LineCache {
  /** The line that `find` has found: offsets into its bytes. */
  nameEnd = 0;
  valueStart = 0;
  valueEnd = 0;
  lineEnd = 0;
  /** Its `LineUse`, and the index of its name in the static table, 0 for none. */
  use: number = LineUse.field;
  staticIndex = 0;
  /** By slot: a number that no other line ever has; 0 for an empty slot. */
  readonly ids = new Float64Array(slotCount);
  readonly #bytes = new Uint8Array(slotCount * lineBytesMax);
  /** Hash of the last line that did not enter, by slot. */
  readonly #seen = new Int32Array(slotCount);
  /** Six numbers by slot: bytes of the line, then name end, value start and end, use, static index. */
  readonly #facts = new Int32Array(6 * slotCount);
  /** The slot of the line that came after this one the last time. */
  readonly #next = new Uint8Array(slotCount);
  #previous = 0;
  #lastId = 0;
  readonly #numbered = new NumberedSlots();

  /** A head begins. */
  begin(): void {
    this.#previous = 0;
  }

  /**
   * Looks at the line at `at`, `name: value CRLF`, within `[at, end)`. Returns the slot that it has,
   * or -1; either way its facts are set.
   */
  find(bytes: Uint8Array, at: number, end: number): number {
    const expected = this.#findExpected(bytes, at, end);
    if (expected >= 0) return expected;
    this.#parse(bytes, at, end);
    return this.#lookUp(bytes, at, end);
  }

  /**
   * The same for the line at `index` of `lines`. Its number is enough to recognise it, once it was
   * found by its bytes.
   */
  findKnown(lines: KnownLines, index: number, bytes: Uint8Array, at: number): number {
    const { numbers, places } = lines;
    const number = numbers[index];
    const nameEnd = places[3 * index + 1];
    const end = places[3 * index + 2];
    if (number > 0) {
      const slot = this.findNumber(lines, index);
      if (slot >= 0) return this.#recall(slot, at);
    } else if (number === 0) {
      const slot = this.#findExpected(bytes, at, end);
      if (slot >= 0) return slot;
    }
    this.nameEnd = nameEnd;
    this.valueStart = nameEnd + 2;
    this.valueEnd = end - 2;
    this.lineEnd = end;
    // In HTTP/2 names are in lower case, and no field belongs to a connection (RFC 9113 8.2).
    this.staticIndex = staticNameIndex(bytes, at, nameEnd);
    this.use = this.staticIndex === hostIndex ? LineUse.host : this.#useOfField();
    if (number === unrepeated) return -1;
    const slot = this.#lookUp(bytes, at, end);
    if (number > 0 && slot >= 0) this.#numbered.remember(number, slot, this.ids);
    return slot;
  }

  /** The slot of the line with the number at `index`; -1: none, or it is not known yet. */
  findNumber({ numbers }: KnownLines, index: number): number {
    return this.#numbered.find(numbers[index], this.ids);
  }

  /** The line with the number at `index` is in this slot now. */
  noteNumber({ numbers }: KnownLines, index: number, slot: number): void {
    this.#numbered.remember(numbers[index], slot, this.ids);
  }

  /** The slot of the line that came next the last time, if it is the one at `at`; else -1. */
  #findExpected(bytes: Uint8Array, at: number, end: number): number {
    const expected = this.#next[this.#previous];
    return this.#isAt(expected, bytes, at, end) ? this.#recall(expected, at) : -1;
  }

  /** Looks for the line whose parts are known by its hash. */
  #lookUp(bytes: Uint8Array, at: number, end: number): number {
    const length = this.lineEnd - at;
    if (length > lineBytesMax || this.lineEnd > end) return -1;
    const hash = lineHash(bytes, at, this.lineEnd);
    const slot = hash & (slotCount - 1);
    if (!this.#isAt(slot, bytes, at, end)) {
      if (this.#seen[slot] !== hash) {
        this.#seen[slot] = hash;
        return -1;
      }
      this.#enter(slot, bytes, at);
    }
    this.#next[this.#previous] = slot;
    this.#previous = slot;
    return slot;
  }

  #isAt(slot: number, bytes: Uint8Array, at: number, end: number): boolean {
    const length = this.#facts[6 * slot];
    if (length === 0 || at + length > end) return false;
    const known = this.#bytes;
    const from = slot * lineBytesMax;
    for (let i = 0; i < length; i++) if (known[from + i] !== bytes[at + i]) return false;
    return true;
  }

  /** Sets the facts of the line in this slot, which is at `at`. Returns the slot. */
  #recall(slot: number, at: number): number {
    this.#previous = slot;
    const facts = this.#facts;
    const place = 6 * slot;
    this.lineEnd = at + facts[place];
    this.nameEnd = at + facts[place + 1];
    this.valueStart = at + facts[place + 2];
    this.valueEnd = at + facts[place + 3];
    this.use = facts[place + 4];
    this.staticIndex = facts[place + 5];
    return slot;
  }

  #enter(slot: number, bytes: Uint8Array, at: number): void {
    const facts = this.#facts;
    const place = 6 * slot;
    const length = this.lineEnd - at;
    facts[place] = length;
    facts[place + 1] = this.nameEnd - at;
    facts[place + 2] = this.valueStart - at;
    facts[place + 3] = this.valueEnd - at;
    facts[place + 4] = this.use;
    facts[place + 5] = this.staticIndex;
    for (let i = 0; i < length; i++) this.#bytes[slot * lineBytesMax + i] = bytes[at + i];
    this.ids[slot] = ++this.#lastId;
  }

  #parse(bytes: Uint8Array, at: number, end: number): void {
    // The name of a pseudo field begins with a colon.
    let colon = at + 1;
    while (colon < end && bytes[colon] !== COLON) colon++;
    let start = colon + 1;
    while (start < end && (bytes[start] === SP || bytes[start] === HTAB)) start++;
    let valueEnd = start;
    while (valueEnd < end && bytes[valueEnd] !== CR) valueEnd++;
    this.lineEnd = valueEnd + 2;
    while (valueEnd > start && bytes[valueEnd - 1] <= SP) valueEnd--;
    this.nameEnd = colon;
    this.valueStart = start;
    this.valueEnd = valueEnd;
    if (colon < end) return this.#judge(bytes, at);
    this.staticIndex = 0;
    this.use = LineUse.dropped;
  }

  /** What the line is to the encoder; its parts are known. */
  #judge(bytes: Uint8Array, at: number): void {
    this.staticIndex = indexOfName(bytes, at, this.nameEnd);
    this.use = this.#useOf(bytes, at);
  }

  #useOf(bytes: Uint8Array, at: number): number {
    const { valueStart, valueEnd } = this;
    switch (fieldKind(bytes, at, this.nameEnd)) {
      case FieldKind.connection:
      case FieldKind.transferEncoding:
      case FieldKind.upgrade:
      case FieldKind.keepAlive:
      case FieldKind.proxyConnection:
        return LineUse.dropped;
      case FieldKind.te:
        return isTrailers(bytes, valueStart, valueEnd) ? LineUse.field : LineUse.dropped;
      case FieldKind.host:
        return LineUse.host;
    }
    return this.#useOfField();
  }

  /** For a line that is neither `host` nor of a connection. */
  #useOfField(): number {
    const { staticIndex, valueStart, valueEnd } = this;
    const isSecret = staticIndex === authorizationIndex ||
      staticIndex === proxyAuthorizationIndex || staticIndex === setCookieIndex ||
      (staticIndex === cookieIndex && valueEnd - valueStart < guessableCookieBytes);
    return isSecret ? LineUse.secret : LineUse.field;
  }
}

const trailers = Uint8Array.from("trailers", (letter) => letter.charCodeAt(0));

function isTrailers(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start !== trailers.length) return false;
  return trailers.every((byte, i) => lowerCase[bytes[start + i]] === byte);
}

const nameBytesMax = 64;
const name = new Uint8Array(nameBytesMax);

/** The index of a name in any case in the static table. */
function indexOfName(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start;
  if (length > nameBytesMax) return 0;
  for (let i = 0; i < length; i++) name[i] = lowerCase[bytes[start + i]];
  return staticNameIndex(name, 0, length);
}

/** A hash of the line's length, its first bytes and its last ones, where lines differ. */
function lineHash(bytes: Uint8Array, start: number, end: number): number {
  let hash = end - start;
  const firstEnd = Math.min(end, start + 12);
  for (let at = start; at < firstEnd; at++) hash = Math.imul(hash ^ bytes[at], 0x01000193);
  for (let at = Math.max(firstEnd, end - 20); at < end; at++) {
    hash = Math.imul(hash ^ bytes[at], 0x01000193);
  }
  return hash ^ (hash >>> 15) ^ (hash >>> 8);
}
