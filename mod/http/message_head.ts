import { lowerCase } from "./char_class.ts";
import { latin1 } from "./latin1.ts";

/** How the end of a body is found (RFC 9112 6.3). `none`: there is no body. */
export const Framing = { none: 0, length: 1, chunked: 2, eof: 3 } as const;
export type Framing = typeof Framing[keyof typeof Framing];

/**
 * Fields that the codec knows by name. Those from `connection` on are hop-by-hop: a proxy removes
 * them (RFC 9110 7.6.1).
 */
export const FieldKind = {
  other: 0,
  host: 1,
  contentLength: 2,
  expect: 3,
  trailer: 4,
  connection: 5,
  transferEncoding: 6,
  upgrade: 7,
  te: 8,
  keepAlive: 9,
  proxyConnection: 10,
} as const;
export type FieldKind = typeof FieldKind[keyof typeof FieldKind];

/** What the field lines contain; evaluated together with the start line at the end of the head. */
export const Fact = {
  close: 1,
  keepAlive: 2,
  connectionUpgrade: 4,
  upgrade: 8,
  chunked: 16,
  expectContinue: 32,
  host: 64,
  /** An Upgrade field names a protocol other than `websocket`. */
  otherUpgrade: 128,
  /** A line ends in LF alone; only in responses. */
  loneLineFeed: 256,
} as const;

const noBytes = new Uint8Array(0);
const noWords = new Int32Array(0);
const noNumbers = new Float64Array(0);

/**
 * Common part of request and response heads: the field section, as offsets into the caller's
 * buffer, where each field is `name: value`. One object is reused for each message and is valid only
 * while those bytes are. Framing, `keepAlive` and `upgrade` are what the version makes of them.
 */
export class MessageHead {
  readonly isRequest: boolean;
  bytes: Uint8Array = noBytes;
  /** Changes each time a parser fills the head. */
  revision = 0;
  /** The version in which it came; for logs and Via. */
  major: 1 | 2 = 1;
  /** 0 for HTTP/1.0; every later version is treated as 1.1 (RFC 9110 2.5). */
  minor: 0 | 1 = 1;
  fieldCount = 0;
  /** Four offsets for each field: nameStart, nameEnd, valueStart, valueEnd. */
  fields: Int32Array;
  /** One `FieldKind` for each field. */
  kinds: Uint8Array;
  /**
   * One number for each field: two fields with the same number have the same name and value, for as
   * long as the process runs. 0: it has none; -1: nor will it come again. Only in HTTP/2, empty in
   * HTTP/1.
   */
  numbers = noNumbers;
  /** Some field was sent as never indexed (RFC 7541 6.2.3); see `isNeverIndexed`. Only in HTTP/2. */
  hasNeverIndexed = false;
  /** Framing of the body. `Content-Length: 0` is `none`. */
  framing: Framing = Framing.none;
  /** Value of Content-Length, -1 without one. Set for a response to HEAD too, which has no body. */
  contentLength = -1;
  /** The connection can carry another exchange after this message (RFC 9112 9.3). */
  keepAlive = false;
  /**
   * Connection names `upgrade`, the Upgrade field is exactly `websocket`, and the version is 1.1.
   * No other protocol is switched to (h2c, TLS/1.0): its requests would bypass all routes.
   */
  upgrade = false;
  /** Connection names options other than close, keep-alive and upgrade; see `namedByConnection`. */
  connectionNamesFields = false;
  /** Bits of `Fact`, collected while the field lines are parsed. */
  facts = 0;
  /**
   * Offset of the empty line after the fields, which follow each other line by line; -1 where they do
   * not, as in HTTP/2.
   */
  fieldsEnd = -1;
  /** The effective host: from an absolute-form target, else from the Host field; -1 without one. */
  hostStart = -1;
  hostEnd = -1;
  /** As in `numbers`, of the field that the effective host comes from; 0: it has none. */
  hostNumber = 0;

  /** One bit for each field, valid while `hasNeverIndexed` is set. */
  #neverIndexed = noWords;
  /** View of `#viewed`, which is nearly always `bytes`: most heads arrive in the same buffer. */
  #words: DataView = new DataView(noBytes.buffer);
  #viewed: Uint8Array = noBytes;

  /** The tables grow if a parser is called with a larger `fieldsMax`. */
  constructor(isRequest: boolean, fieldsMax = 128) {
    this.isRequest = isRequest;
    this.fields = new Int32Array(4 * fieldsMax);
    this.kinds = new Uint8Array(fieldsMax);
  }

  /** `bytes`, to be read several at a time. */
  words(): DataView {
    const { bytes } = this;
    if (bytes !== this.#viewed) {
      this.#viewed = bytes;
      this.#words = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
    return this.#words;
  }

  /**
   * Shifts all offsets by `distance` bytes: the same head is now at another place of its buffer.
   */
  move(distance: number): void {
    const { fields } = this;
    for (let i = 4 * this.fieldCount - 1; i >= 0; i--) fields[i] += distance;
    this.fieldsEnd += distance;
    if (this.hostStart < 0) return;
    this.hostStart += distance;
    this.hostEnd += distance;
  }

  /** Notes that the field at `index` must not enter a compression table on its way. */
  markNeverIndexed(index: number): void {
    if (!this.hasNeverIndexed) {
      const words = (this.kinds.length + 31) >> 5;
      if (this.#neverIndexed.length < words) this.#neverIndexed = new Int32Array(words);
      else this.#neverIndexed.fill(0);
      this.hasNeverIndexed = true;
    }
    this.#neverIndexed[index >> 5] |= 1 << (index & 31);
  }

  /** Whether the field at `index` was sent as never indexed. */
  isNeverIndexed(index: number): boolean {
    return this.hasNeverIndexed && (this.#neverIndexed[index >> 5] & (1 << (index & 31))) !== 0;
  }

  /** Index of the first field with this name, at or after `from`; -1 when there is none. */
  find(lowerName: string, from = 0): number {
    for (let i = from; i < this.fieldCount; i++) {
      const start = this.fields[4 * i];
      if (this.fields[4 * i + 1] - start !== lowerName.length) continue;
      if (equalsLower(this.bytes, start, lowerName)) return i;
    }
    return -1;
  }

  /** The name as sent. */
  name(index: number): string {
    return latin1(this.bytes, this.fields[4 * index], this.fields[4 * index + 1]);
  }

  /** The value without surrounding white space, one character per byte. */
  value(index: number): string {
    return latin1(this.bytes, this.fields[4 * index + 2], this.fields[4 * index + 3]);
  }

  /** Value of the first field with this name, null without one. */
  field(lowerName: string): string | null {
    const index = this.find(lowerName);
    return index < 0 ? null : this.value(index);
  }

  /**
   * Whether a Connection field names the field at `index`, so that a proxy removes it. Never true
   * for framing fields and Host: removing them would change the message.
   */
  namedByConnection(index: number): boolean {
    const kind = this.kinds[index];
    if (!this.connectionNamesFields) return false;
    if (kind === FieldKind.host || kind === FieldKind.contentLength) return false;
    const start = this.fields[4 * index];
    const length = this.fields[4 * index + 1] - start;
    for (let i = 0; i < this.fieldCount; i++) {
      if (this.kinds[i] !== FieldKind.connection) continue;
      if (listNames(this.bytes, this.fields[4 * i + 2], this.fields[4 * i + 3], start, length)) {
        return true;
      }
    }
    return false;
  }
}

/** Whether the bytes at `start` equal `lower`, ignoring case. */
export function equalsLower(bytes: Uint8Array, start: number, lower: string): boolean {
  for (let i = 0; i < lower.length; i++) {
    if (lowerCase[bytes[start + i]] !== lower.charCodeAt(i)) return false;
  }
  return true;
}

/**
 * Whether a comma-separated list contains the name `[start, start + length)` of the same buffer.
 */
function listNames(
  bytes: Uint8Array,
  listStart: number,
  listEnd: number,
  start: number,
  length: number,
): boolean {
  for (let at = listStart; at < listEnd; at++) {
    const from = at;
    let last = from;
    for (; at < listEnd && bytes[at] !== 0x2c; at++) if (bytes[at] > 0x20) last = at + 1;
    let first = from;
    while (first < last && bytes[first] <= 0x20) first++;
    if (last - first !== length) continue;
    let i = 0;
    while (i < length && lowerCase[bytes[first + i]] === lowerCase[bytes[start + i]]) i++;
    if (i === length) return true;
  }
  return false;
}
