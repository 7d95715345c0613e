/** HPACK encoding (RFC 7541 6): the field lines that our `HeadWriter` makes, as a field block. */
import { COLON, CR, LF, lowerCase } from "../../http/char_class.ts";
import type { KnownLines } from "../../http/known_lines.ts";
import { ByteWriter } from "../frames/byte_writer.ts";
import { EncoderTable, encoderTableBytesMax } from "./encoder_table.ts";
import { codedBytesMax, huffmanEncode } from "./huffman_encode.ts";
import { integerBytesMax, writeInteger } from "./integer.ts";
import { type LineCache, LineUse } from "./line_cache.ts";

/** Indexes of the static table. */
const Index = { authority: 1, get: 2, post: 3, path: 4, http: 6, https: 7, status: 8 } as const;
/** First byte and prefix of the kinds of literal. */
const Literal = { indexed: 0x40, plain: 0x00, never: 0x10 } as const;
/** Longer strings are sent as they are: coding them costs more than it saves. */
const huffmanBytesMax = 256;

/** Line starts, in ascending order, of fields that must never be indexed (RFC 7541 7.1.3). */
export interface NeverIndexedLines {
  readonly count: number;
  readonly starts: Int32Array;
}

/** A line in lower case, and one of a pseudo field; each is used for one call at a time. */
const line = new ByteWriter(1024);
const pseudoLine = new ByteWriter(256);

/** The encoding side of one connection, or one without a table. */
export class HpackEncoder {
  readonly #isRequest: boolean;
  readonly #table: EncoderTable | null;
  #sizeLimit: number = encoderTableBytesMax;
  /** The smallest limit since the last block; -1: it has not changed. */
  #leastLimit = -1;
  readonly #out: ByteWriter;
  readonly #lines: LineCache;

  /**
   * `isRequest`: lines belong to requests, whose host is `:authority`. `withTable`: false makes
   * blocks that any connection may send at any time, for responses that are prepared once. `out`:
   * where blocks are written. `lines`: shared by the encoders of a thread.
   */
  constructor(isRequest: boolean, withTable: boolean, out: ByteWriter, lines: LineCache) {
    this.#isRequest = isRequest;
    this.#table = withTable ? new EncoderTable(lines.ids) : null;
    this.#out = out;
    this.#lines = lines;
  }

  /** The table's state: a block that changed nothing can be sent again while this is the same. */
  get revision(): number {
    return this.#table === null ? 0 : this.#table.revision;
  }

  /** The peer's SETTINGS_HEADER_TABLE_SIZE. */
  limitTable(peerBytesMax: number): void {
    const limit = Math.min(peerBytesMax, encoderTableBytesMax);
    if (this.#table === null || limit === this.#sizeLimit) return;
    this.#leastLimit = this.#leastLimit < 0 ? limit : Math.min(this.#leastLimit, limit);
    this.#sizeLimit = limit;
  }

  /** The next block has to begin with the new size of the table. */
  get hasNewSize(): boolean {
    return this.#leastLimit >= 0;
  }

  /** Begins a block: tells the peer about a new size of the table (RFC 7541 4.2). */
  begin(): void {
    if (this.#leastLimit < 0) return;
    const table = this.#table!;
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

  /** `known`: its first line may be the Host line, with the number of this field. */
  authority(bytes: Uint8Array, start: number, end: number, known: KnownLines | null = null): void {
    const isKnown = known !== null && known.count > 0 && known.numbers[0] > 0 &&
      known.places[2] === end + 2;
    if (isKnown && this.#table !== null) {
      const slot = this.#lines.findNumber(known, 0);
      const index = slot < 0 ? 0 : this.#table.find(slot);
      if (index > 0) return this.#writeInteger(0x80, 0x7f, index);
    }
    const slot = this.#pseudo(":authority: ", bytes, start, end);
    if (isKnown && slot >= 0) this.#lines.noteNumber(known, 0, slot);
  }

  /** `:protocol` of an extended CONNECT (RFC 8441). */
  protocol(bytes: Uint8Array, start: number, end: number): void {
    this.#pseudo(":protocol: ", bytes, start, end);
  }

  /**
   * The field lines in `[start, end)`, each `name: value CRLF`, without those that belong to an
   * HTTP/1 connection. `never`: lines that came as never indexed. `known`: lines that came over
   * HTTP/2, as far as they lie in the range.
   */
  lines(
    bytes: Uint8Array,
    start: number,
    end: number,
    never: NeverIndexedLines | null,
    known: KnownLines | null = null,
  ): void {
    const lines = this.#lines;
    lines.begin();
    let mark = 0;
    let next = 0;
    const knownCount = known === null ? 0 : known.count;
    for (let at = start; at < end; at = lines.lineEnd) {
      while (next < knownCount && known!.places[3 * next] < at) next++;
      const slot = next < knownCount && known!.places[3 * next] === at
        ? lines.findKnown(known!, next, bytes, at)
        : lines.find(bytes, at, end);
      if (lines.use === LineUse.dropped || bytes[at] === COLON) continue;
      if (lines.use === LineUse.host && this.#isRequest) continue;
      let isNever = lines.use === LineUse.secret;
      if (never !== null) {
        while (mark < never.count && never.starts[mark] < at) mark++;
        if (mark < never.count && never.starts[mark] === at) isNever = true;
      }
      this.#writeLine(bytes, at, slot, isNever);
    }
  }

  /** A pseudo field that repeats, as a line. Returns its slot in the cache, or -1. */
  #pseudo(name: string, bytes: Uint8Array, start: number, end: number): number {
    pseudoLine.length = 0;
    pseudoLine.reserve(name.length);
    for (let i = 0; i < name.length; i++) pseudoLine.bytes[i] = name.charCodeAt(i);
    pseudoLine.length = name.length;
    pseudoLine.copy(bytes, start, end);
    pseudoLine.copy(lineEnd, 0, 2);
    const slot = this.#lines.find(pseudoLine.bytes, 0, pseudoLine.length);
    this.#writeLine(pseudoLine.bytes, 0, slot, false);
    return slot;
  }

  /** The line at `start` that the cache has just found in `slot`, or -1. */
  #writeLine(bytes: Uint8Array, start: number, slot: number, isNever: boolean): void {
    const lines = this.#lines;
    const { nameEnd, valueStart, valueEnd, staticIndex } = lines;
    let literal: number = Literal.plain;
    if (isNever) {
      literal = Literal.never;
    } else if (slot >= 0 && this.#table !== null) {
      const index = this.#table.find(slot);
      if (index > 0) return this.#writeInteger(0x80, 0x7f, index);
      const textBytes = nameEnd - start + valueEnd - valueStart;
      if (this.#table.insert(slot, textBytes)) literal = Literal.indexed;
    }
    if (staticIndex > 0) {
      return this.#writeLiteral(literal, staticIndex, bytes, valueStart, valueEnd);
    }
    this.#out.byte(literal);
    lowerName(bytes, start, nameEnd);
    this.#writeString(line.bytes, 0, line.length);
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
    out.reserve(integerBytesMax + codedBytesMax * length);
    const at = out.length;
    if (length <= huffmanBytesMax && length > 0) {
      // One byte is enough for the length of what is coded, below 127 bytes; else it moves.
      const coded = huffmanEncode(bytes, start, end, out.bytes, at + 1) - at - 1;
      if (coded < length) {
        const textAt = writeInteger(out.bytes, at, 0x80, 0x7f, coded);
        if (textAt > at + 1) huffmanEncode(bytes, start, end, out.bytes, textAt);
        out.length = textAt + coded;
        return;
      }
    }
    out.length = writeInteger(out.bytes, at, 0, 0x7f, length);
    out.copy(bytes, start, end);
  }

  #writeInteger(pattern: number, prefixMask: number, value: number): void {
    const out = this.#out;
    out.reserve(integerBytesMax);
    out.length = writeInteger(out.bytes, out.length, pattern, prefixMask, value);
  }
}

const lineEnd = Uint8Array.of(CR, LF);

/** Puts the name `[start, end)` into `line`, in lower case. */
function lowerName(bytes: Uint8Array, start: number, end: number): void {
  line.length = 0;
  line.reserve(end - start);
  for (let at = start; at < end; at++) line.bytes[line.length++] = lowerCase[bytes[at]];
}

const statusIndex = new Uint8Array(1000);
[200, 204, 206, 304, 400, 404, 500].forEach((status, i) => statusIndex[status] = Index.status + i);
