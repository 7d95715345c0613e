import type { LineScratch } from "../fields/line_scratch.ts";
import { copyBytes } from "../frames/byte_writer.ts";
import { initialTableBytes } from "../frames/constants.ts";
import { DynamicTable } from "./dynamic_table.ts";
import { staticBytes } from "./static_table.ts";

const scratchBytesMin = 16384;

/**
 * The buffer in which the field sections of all of a thread's connections are decoded, so that a
 * head is offsets into one buffer, however its fields came: the static table's lines, an image of the
 * dynamic table of the connection that is decoding, and behind them a scratch for literals.
 *
 * The image is copied when another connection begins to decode: a few kilobytes for each batch of
 * requests, instead of the lines of every request. The scratch is emptied by each section.
 */
export class LineArea implements LineScratch {
  /** Replaced when it grows: offsets stay the same. */
  bytes: Uint8Array<ArrayBuffer>;
  /** A view of the same bytes. */
  words: DataView<ArrayBuffer>;
  /** End of the used part of the scratch. */
  length: number;
  /** Changes with every section. */
  sections = 0;
  /** Where the image of the table begins. */
  imageAt: number;
  readonly #imageStart: number;
  readonly #scratchStart: number;
  readonly #imageBytesMax: number;
  #table: DynamicTable | null = null;
  #layout = 0;

  /** The largest table that this area has room for; never below the default of RFC 9113. */
  readonly tableBytesMax: number;

  /** `tableBytesMax`: the largest table of a connection that uses this area. */
  constructor(tableBytesMax: number) {
    this.tableBytesMax = Math.max(tableBytesMax, initialTableBytes);
    this.#imageStart = this.imageAt = staticBytes.length;
    this.#imageBytesMax = DynamicTable.capacityMax(this.tableBytesMax);
    this.length = this.#scratchStart = this.#imageStart + this.#imageBytesMax;
    this.bytes = new Uint8Array(this.#scratchStart + scratchBytesMin);
    this.words = new DataView(this.bytes.buffer);
    this.bytes.set(staticBytes);
  }

  /** Begins a section of the connection with this table. */
  begin(table: DynamicTable): void {
    this.sections = (this.sections + 1) & 0x3fffffff;
    this.length = this.#scratchStart;
    if (
      table === this.#table && table.layout === this.#layout && this.imageAt === this.#imageStart
    ) {
      return;
    }
    this.imageAt = this.#imageStart;
    this.#copyImage(table);
  }

  /** Drops what the scratch holds: for a section whose fields are not wanted any more. */
  rewind(): void {
    this.length = this.#scratchStart;
    if (this.imageAt === this.#imageStart) return;
    this.imageAt = this.#imageStart;
    this.#copyImage(this.#table!);
  }

  /** Ensures room for `count` bytes at `length`. */
  reserve(count: number): void {
    const needed = this.length + count;
    if (needed <= this.bytes.length) return;
    const larger = new Uint8Array(Math.max(needed, 2 * this.bytes.length));
    larger.set(this.bytes);
    this.bytes = larger;
    this.words = new DataView(larger.buffer);
  }

  /** A copy of `[start, end)` of this buffer at the end of the scratch, which has room. */
  append(start: number, end: number): void {
    copyBytes(this.bytes, this.length, this.bytes, start, end);
    this.length += end - start;
  }

  /** One byte at the end of the scratch, which has room. */
  appendByte(byte: number): void {
    this.bytes[this.length++] = byte;
  }

  /**
   * Brings the line that was inserted at `offset` into the image. When the table's lines have moved,
   * the new image goes behind the scratch: fields of this section may refer to the old one.
   */
  noteInsertion(table: DynamicTable, offset: number): void {
    if (table.layout === this.#layout) {
      copyBytes(this.bytes, this.imageAt + offset, table.bytes, offset, table.end);
      return;
    }
    this.reserve(this.#imageBytesMax);
    this.imageAt = this.length;
    this.length += this.#imageBytesMax;
    this.#copyImage(table);
  }

  #copyImage(table: DynamicTable): void {
    this.#table = table;
    this.#layout = table.layout;
    if (table.end === table.bytes.length) this.bytes.set(table.bytes, this.imageAt);
    else this.bytes.set(table.bytes.subarray(0, table.end), this.imageAt);
  }
}
