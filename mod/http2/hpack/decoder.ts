/** HPACK decoding (RFC 7541 6): a field block into the fields of a section. */
import { unrepeated } from "../../http/known_lines.ts";
import { copyBytes } from "../frames/byte_writer.ts";
import { initialTableBytes } from "../frames/constants.ts";
import { ErrorCode } from "../frames/error_code.ts";
import { kindOfViewedValue, nameKind } from "../fields/entry_kind.ts";
import type { FieldSection } from "../fields/field_section.ts";
import { DynamicTable } from "./dynamic_table.ts";
import { decodedBytesMax, huffmanDecode } from "./huffman_decode.ts";
import { IntegerReader } from "./integer.ts";
import type { LineArea } from "./line_area.ts";
import { staticCount, staticKinds, staticNameKinds, staticOffsets } from "./static_table.ts";

const COLON = 0x3a;
const SP = 0x20;
const CR = 0x0d;
const LF = 0x0a;
const reader = new IntegerReader();

/** The decoding side of one connection. */
export class HpackDecoder {
  readonly table: DynamicTable;
  /** Size updates in the last block; a peer needs at most two (RFC 7541 4.2). */
  sizeUpdates = 0;
  readonly #area: LineArea;
  /** What a size update may say. */
  #sizeMax: number;
  /** The peer has to begin its next block with a size update (RFC 7541 4.2). */
  #awaitsUpdate = false;

  /**
   * `tableBytesMax`: our SETTINGS_HEADER_TABLE_SIZE, at most what `area` was made for. The peer may
   * use the default size until it has acknowledged them: see `settle`.
   */
  constructor(area: LineArea, tableBytesMax: number) {
    this.#area = area;
    this.#sizeMax = Math.max(tableBytesMax, initialTableBytes);
    if (this.#sizeMax > area.tableBytesMax) {
      throw new RangeError(
        `Cannot decode with a table of ${tableBytesMax} bytes: the area is smaller`,
      );
    }
    this.table = new DynamicTable(this.#sizeMax, initialTableBytes);
  }

  /** The peer has acknowledged the size of our SETTINGS. */
  settle(tableBytesMax: number): void {
    this.#sizeMax = tableBytesMax;
    this.#awaitsUpdate = this.table.sizeLimit > tableBytesMax;
  }

  /**
   * Decodes a whole block into `section`, which has begun. Returns 0, or the code of a connection
   * error: the block is malformed, or so far over the section's limits that it is an attack. Over a
   * limit it is still decoded, without keeping fields, because later blocks need the table.
   */
  decode(bytes: Uint8Array, start: number, end: number, section: FieldSection): number {
    this.#area.begin(this.table);
    let at = this.#readUpdates(bytes, start, end);
    if (at < 0) return ErrorCode.compressionError;
    while (at < end) {
      const first = bytes[at];
      if (first >= 0x80) {
        let index = first & 0x7f;
        if (index < 0x7f) at++;
        else {
          index = reader.read(bytes, at, end, 0x7f);
          at = reader.at;
        }
        if (!this.#addIndexed(index, section)) return ErrorCode.compressionError;
      } else {
        at = this.#addLiteral(bytes, at, end, section);
        if (at < 0) return ErrorCode.compressionError;
      }
      if (section.isRefused) {
        if (section.isBeyondReason) return ErrorCode.enhanceYourCalm;
        this.#area.rewind();
      }
    }
    return 0;
  }

  /** Size updates stand at the beginning of a block alone (RFC 7541 4.2). Returns -1 for a fault. */
  #readUpdates(bytes: Uint8Array, start: number, end: number): number {
    this.sizeUpdates = 0;
    let at = start;
    while (at < end && (bytes[at] & 0xe0) === 0x20) {
      const size = reader.read(bytes, at, end, 0x1f);
      if (size < 0 || size > this.#sizeMax) return -1;
      this.sizeUpdates++;
      this.table.resize(size);
      at = reader.at;
    }
    if (!this.#awaitsUpdate) return at;
    this.#awaitsUpdate = false;
    return this.table.sizeLimit > this.#sizeMax ? -1 : at;
  }

  #addIndexed(index: number, section: FieldSection): boolean {
    if (index > staticCount) {
      const { table } = this;
      const slot = table.slot(index - staticCount - 1);
      if (slot < 0) return false;
      const { entries } = table;
      section.number = table.lines[slot >> 2];
      const nameStart = this.#area.imageAt + entries[slot];
      const nameEnd = nameStart + entries[slot + 1];
      const valueEnd = nameEnd + 2 + entries[slot + 2];
      section.add(entries[slot + 3], nameStart, nameEnd, nameEnd + 2, valueEnd, false);
      return true;
    }
    if (index <= 0) return false;
    const slot = 4 * index;
    section.number = index;
    section.add(
      staticKinds[index],
      staticOffsets[slot],
      staticOffsets[slot + 1],
      staticOffsets[slot + 2],
      staticOffsets[slot + 3],
      false,
    );
    return true;
  }

  /** A literal of one of the three kinds. Returns the offset after it, -1 for a fault. */
  #addLiteral(bytes: Uint8Array, start: number, end: number, section: FieldSection): number {
    const first = bytes[start];
    const isIndexing = first >= 0x40;
    // A size update after a field is a fault.
    if (!isIndexing && first >= 0x20) return -1;
    const area = this.#area;
    const index = reader.read(bytes, start, end, isIndexing ? 0x3f : 0x0f);
    if (index < 0) return -1;
    let at = reader.at;
    const lineStart = area.length;
    if (index > 0) {
      if (!this.#appendName(index)) return -1;
    } else {
      at = this.#appendString(bytes, at, end);
      if (at < 0) return -1;
    }
    const nameEnd = area.length;
    area.reserve(2);
    area.appendByte(COLON);
    area.appendByte(SP);
    at = this.#appendString(bytes, at, end);
    if (at < 0) return -1;
    const valueEnd = area.length;
    area.reserve(2);
    area.appendByte(CR);
    area.appendByte(LF);
    const kind = kindOfViewedValue(
      index > 0 && index <= staticCount
        ? staticNameKinds[index]
        : nameKind(area.bytes, lineStart, nameEnd),
      area.words,
      area.bytes,
      nameEnd + 2,
      valueEnd,
    );
    if (isIndexing) {
      const { table } = this;
      const offset = table.insert(area.bytes, lineStart, nameEnd, area.length, kind);
      if (offset >= 0) area.noteInsertion(table, offset);
    }
    // A client that uses its table sends what repeats as an index.
    section.number = this.table.count > 0 ? unrepeated : 0;
    section.add(kind, lineStart, nameEnd, nameEnd + 2, valueEnd, !isIndexing && first >= 0x10);
    return at;
  }

  /** Appends the name of the entry at `index` to the scratch. */
  #appendName(index: number): boolean {
    const area = this.#area;
    let start: number;
    let end: number;
    if (index <= staticCount) {
      start = staticOffsets[4 * index];
      end = staticOffsets[4 * index + 1];
    } else {
      const slot = this.table.slot(index - staticCount - 1);
      if (slot < 0) return false;
      start = area.imageAt + this.table.entries[slot];
      end = start + this.table.entries[slot + 1];
    }
    area.reserve(end - start);
    area.append(start, end);
    return true;
  }

  /** Appends a string literal to the scratch (RFC 7541 5.2). Returns the offset after it, or -1. */
  #appendString(bytes: Uint8Array, start: number, end: number): number {
    if (start >= end) return -1;
    const length = reader.read(bytes, start, end, 0x7f);
    if (length < 0) return -1;
    const from = reader.at;
    const to = from + length;
    if (to > end) return -1;
    const area = this.#area;
    if (bytes[start] >= 0x80) {
      area.reserve(decodedBytesMax(length));
      const textEnd = huffmanDecode(bytes, from, to, area.bytes, area.length);
      if (textEnd < 0) return -1;
      area.length = textEnd;
    } else {
      area.reserve(length);
      copyBytes(area.bytes, area.length, bytes, from, to);
      area.length += length;
    }
    return to;
  }
}
