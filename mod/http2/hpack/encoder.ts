/** HPACK encoding (RFC 7541 6): the field lines that our `HeadWriter` makes, as a field block. */
import { ByteWriter } from "../frames/byte_writer.ts";
import { COLON, CR, LF, lowerCase, SP } from "../../http/char_class.ts";
import { fieldKind } from "../../http/field_names.ts";
import { FieldKind } from "../../http/message_head.ts";
import { EncoderTable, encoderTableBytesMax, lineHash } from "./encoder_table.ts";
import { huffmanEncode, huffmanLength } from "./huffman_encode.ts";
import { integerBytesMax, writeInteger } from "./integer.ts";
import { staticNameIndex } from "./static_index.ts";

/** Indexes of the static table. */
const Index = {
  authority: 1,
  get: 2,
  post: 3,
  path: 4,
  http: 6,
  https: 7,
  status: 8,
  authorization: 23,
  cookie: 32,
  proxyAuthorization: 49,
  setCookie: 55,
} as const;
/** First byte and prefix of the kinds of literal. */
const Literal = { indexed: 0x40, plain: 0x00, never: 0x10 } as const;
/** Shorter cookies can be guessed, byte by byte, through the table (RFC 7541 7.1). */
const guessableCookieBytes = 20;
/** Longer strings are sent as they are: coding them costs more than it saves. */
const huffmanBytesMax = 256;

/** Line starts, in ascending order, of fields that must never be indexed (RFC 7541 7.1.3). */
export interface NeverIndexedLines {
  readonly count: number;
  readonly starts: Int32Array;
}

/** Where blocks are put together before they are framed; shared by every encoder of the thread. */
const line = new ByteWriter(1024);

/** The encoding side of one connection, or one without a table. */
export class HpackEncoder {
  readonly #isRequest: boolean;
  readonly #table: EncoderTable | null;
  #sizeLimit: number = encoderTableBytesMax;
  /** The smallest limit since the last block; -1: it has not changed. */
  #leastLimit = -1;
  #out: ByteWriter;

  /**
   * `isRequest`: lines belong to requests, whose host is `:authority`. `withTable`: false makes
   * blocks that any connection may send at any time, for responses that are prepared once.
   */
  constructor(isRequest: boolean, withTable: boolean, out: ByteWriter) {
    this.#isRequest = isRequest;
    this.#table = withTable ? new EncoderTable() : null;
    this.#out = out;
  }

  /** The table's state: a block that changed nothing can be sent again while this is the same. */
  get revision(): number {
    return this.#table === null ? 0 : this.#table.table.revision;
  }

  /** The peer's SETTINGS_HEADER_TABLE_SIZE. */
  limitTable(peerBytesMax: number): void {
    const limit = Math.min(peerBytesMax, encoderTableBytesMax);
    if (this.#table === null || limit === this.#sizeLimit) return;
    this.#leastLimit = this.#leastLimit < 0 ? limit : Math.min(this.#leastLimit, limit);
    this.#sizeLimit = limit;
  }

  /** Begins a block: tells the peer about a new size of the table (RFC 7541 4.2). */
  begin(): void {
    if (this.#leastLimit < 0) return;
    const { table } = this.#table!;
    table.resize(this.#leastLimit);
    if (this.#leastLimit < this.#sizeLimit) this.#writeInteger(0x20, 0x1f, this.#leastLimit);
    table.resize(this.#sizeLimit);
    this.#writeInteger(0x20, 0x1f, this.#sizeLimit);
    this.#leastLimit = -1;
  }

  /** `:status`, 100 to 999. */
  status(status: number): void {
    const index = statusIndex[status];
    if (index > 0) return this.#out.byte(0x80 | index);
    this.#writeInteger(Literal.plain, 0x0f, Index.status);
    this.#out.byte(3);
    this.#out.byte(0x30 + Math.floor(status / 100));
    this.#out.byte(0x30 + Math.floor(status / 10) % 10);
    this.#out.byte(0x30 + status % 10);
  }

  /** `:method`, `:scheme` and `:path` of a request. */
  target(
    method: Uint8Array,
    methodStart: number,
    methodEnd: number,
    isHttps: boolean,
    path: Uint8Array,
    pathStart: number,
    pathEnd: number,
  ): void {
    this.method(method, methodStart, methodEnd);
    this.#out.byte(0x80 | (isHttps ? Index.https : Index.http));
    if (pathEnd - pathStart === 1 && path[pathStart] === 0x2f) this.#out.byte(0x80 | Index.path);
    else this.#writeLiteral(Literal.plain, Index.path, path, pathStart, pathEnd);
  }

  /** `:method` alone; CONNECT has no scheme and path. */
  method(bytes: Uint8Array, start: number, end: number): void {
    const length = end - start;
    if (length === 3 && bytes[start] === 0x47 && bytes[start + 1] === 0x45) {
      if (bytes[start + 2] === 0x54) return this.#out.byte(0x80 | Index.get);
    } else if (length === 4 && bytes[start] === 0x50 && bytes[start + 1] === 0x4f) {
      if (bytes[start + 2] === 0x53) return this.#out.byte(0x80 | Index.post);
    }
    this.#writeLiteral(Literal.plain, Index.get, bytes, start, end);
  }

  authority(bytes: Uint8Array, start: number, end: number): void {
    this.#pseudo(":authority: ", 10, bytes, start, end);
  }

  /** `:protocol` of an extended CONNECT (RFC 8441). */
  protocol(bytes: Uint8Array, start: number, end: number): void {
    this.#pseudo(":protocol: ", 9, bytes, start, end);
  }

  /**
   * The field lines in `[start, end)`, each `name: value CRLF`, without those that belong to an
   * HTTP/1 connection. `never`: lines that came as never indexed.
   */
  lines(bytes: Uint8Array, start: number, end: number, never: NeverIndexedLines | null): void {
    let mark = 0;
    for (let at = start; at < end;) {
      const lineStart = at;
      line.length = 0;
      let colon = at;
      while (colon < end && bytes[colon] !== COLON) colon++;
      let valueStart = colon + 1;
      while (valueStart < end && (bytes[valueStart] === SP || bytes[valueStart] === 0x09)) {
        valueStart++;
      }
      let valueEnd = valueStart;
      while (valueEnd < end && bytes[valueEnd] !== CR) valueEnd++;
      at = valueEnd + 2;
      while (valueEnd > valueStart && bytes[valueEnd - 1] <= SP) valueEnd--;
      if (colon >= end) return;
      if (!this.#belongs(bytes, lineStart, colon, valueStart, valueEnd)) continue;
      let isNever = false;
      if (never !== null) {
        while (mark < never.count && never.starts[mark] < lineStart) mark++;
        isNever = mark < never.count && never.starts[mark] === lineStart;
      }
      line.reserve(valueEnd - lineStart + 4);
      const target = line.bytes;
      let to = 0;
      for (let from = lineStart; from < colon; from++) target[to++] = lowerCase[bytes[from]];
      target[to] = COLON;
      target[to + 1] = SP;
      line.length = to + 2;
      line.copy(bytes, valueStart, valueEnd);
      this.#writeLine(to, isNever);
    }
  }

  /** Whether a line has a meaning in HTTP/2 (RFC 9113 8.2.2). */
  #belongs(bytes: Uint8Array, start: number, end: number, valueStart: number, valueEnd: number) {
    switch (fieldKind(bytes, start, end)) {
      case FieldKind.connection:
      case FieldKind.transferEncoding:
      case FieldKind.upgrade:
      case FieldKind.keepAlive:
      case FieldKind.proxyConnection:
        return false;
      case FieldKind.te:
        return valueEnd - valueStart === 8 && (bytes[valueStart] | 0x20) === 0x74;
      case FieldKind.host:
        return !this.#isRequest;
      default:
        return end > start;
    }
  }

  #pseudo(name: string, nameEnd: number, bytes: Uint8Array, start: number, end: number): void {
    line.length = 0;
    line.reserve(name.length + end - start + 2);
    for (let i = 0; i < name.length; i++) line.bytes[i] = name.charCodeAt(i);
    line.length = name.length;
    line.copy(bytes, start, end);
    this.#writeLine(nameEnd, false);
  }

  /** The line in `line`, without its CRLF; its name ends at `nameEnd`. */
  #writeLine(nameEnd: number, isNever: boolean): void {
    line.reserve(2);
    line.bytes[line.length] = CR;
    line.bytes[line.length + 1] = LF;
    const { bytes } = line;
    const valueStart = nameEnd + 2;
    const valueEnd = line.length;
    const name = staticNameIndex(bytes, 0, nameEnd);
    let literal: number = Literal.plain;
    if (isNever || isSecret(name, valueEnd - valueStart)) {
      literal = Literal.never;
    } else if (this.#table !== null) {
      const hash = lineHash(bytes, 0, valueEnd);
      const index = this.#table.find(hash, bytes, 0, valueEnd + 2);
      if (index > 0) return this.#writeInteger(0x80, 0x7f, index);
      if (
        this.#table.isRepeated(hash) &&
        this.#table.insert(hash, bytes, 0, nameEnd, valueEnd + 2)
      ) {
        literal = Literal.indexed;
      }
    }
    if (name > 0) return this.#writeLiteral(literal, name, bytes, valueStart, valueEnd);
    this.#out.byte(literal);
    this.#writeString(bytes, 0, nameEnd);
    this.#writeString(bytes, valueStart, valueEnd);
  }

  #writeLiteral(
    literal: number,
    nameIndex: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void {
    this.#writeInteger(literal, literal === Literal.indexed ? 0x3f : 0x0f, nameIndex);
    this.#writeString(bytes, start, end);
  }

  #writeString(bytes: Uint8Array, start: number, end: number): void {
    const out = this.#out;
    const length = end - start;
    const coded = length > huffmanBytesMax ? length : huffmanLength(bytes, start, end);
    out.reserve(integerBytesMax + length);
    if (coded >= length) {
      out.length = writeInteger(out.bytes, out.length, 0, 0x7f, length);
      out.copy(bytes, start, end);
      return;
    }
    out.length = writeInteger(out.bytes, out.length, 0x80, 0x7f, coded);
    out.length = huffmanEncode(bytes, start, end, out.bytes, out.length);
  }

  #writeInteger(pattern: number, prefixMask: number, value: number): void {
    const out = this.#out;
    out.reserve(integerBytesMax);
    out.length = writeInteger(out.bytes, out.length, pattern, prefixMask, value);
  }
}

/** Fields whose values an attacker must not be able to guess through the table. */
function isSecret(nameIndex: number, valueBytes: number): boolean {
  return nameIndex === Index.authorization || nameIndex === Index.proxyAuthorization ||
    nameIndex === Index.setCookie ||
    (nameIndex === Index.cookie && valueBytes < guessableCookieBytes);
}

const statusIndex = new Uint8Array(1000);
[200, 204, 206, 304, 400, 404, 500].forEach((status, i) => statusIndex[status] = Index.status + i);
