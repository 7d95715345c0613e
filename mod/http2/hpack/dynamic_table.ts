import { copyBytes } from "../frames/byte_writer.ts";
import { staticCount } from "./static_table.ts";

/** What an entry costs beside its bytes (RFC 7541 4.1). */
export const entryOverhead = 32;
/** Bytes that an entry's line has beside name and value: `: ` and CRLF. */
const lineExtra = 4;
const capacityMin = 512;
const noBytes = new Uint8Array(0);
/** The last line that any table has taken; below are the indexes of the static table. */
let lastLine = staticCount;

/** Numbers per entry: start of its line, bytes of the name, bytes of the value, kind. */
const entryWidth = 4;

/**
 * The decoder's dynamic table: field lines one after the other in one buffer, and a ring of offsets.
 * Most connections use a fraction of it, so both grow with use.
 *
 * Lines are appended; evicted ones only leave a gap at the front, which is closed when the end of the
 * buffer is reached. So a line stays where it is until `layout` changes.
 */
export class DynamicTable {
  bytes: Uint8Array = noBytes;
  /** `entryWidth` numbers for each entry, as a ring. */
  entries = new Int32Array(0);
  /** A number for each entry, in the same ring, that no other entry of any table ever has. */
  lines = new Float64Array(0);
  count = 0;
  /** End of the newest line in `bytes`. */
  end = 0;
  /** Changes when lines have moved. */
  layout = 0;
  /** Changes with every insertion, eviction and move. */
  revision = 0;
  /** Sum of the entries' sizes as RFC 7541 4.1 counts them. */
  size = 0;
  /** What the peer's encoder uses; at most `sizeMax`. */
  sizeLimit: number;
  /** What `sizeLimit` may be at most. */
  readonly sizeMax: number;
  /** Ring slot of the oldest entry. */
  #first = 0;

  constructor(sizeMax: number, sizeLimit = sizeMax) {
    this.sizeMax = sizeMax;
    this.sizeLimit = sizeLimit;
  }

  /**
   * Bytes that `bytes` can grow to: a full table and a gap as large. Lines take less than the size
   * that RFC 7541 counts, as the overhead of an entry is more than its line's extra bytes.
   */
  static capacityMax(sizeMax: number): number {
    return Math.max(capacityMin, 2 * sizeMax);
  }

  /** Place of an entry in `entries`; 0 is the newest. -1 when there is none. */
  slot(index: number): number {
    if (index >= this.count) return -1;
    const mask = this.entries.length - 1;
    return ((this.#first + this.count - 1 - index) * entryWidth) & mask;
  }

  /** Changes the limit; entries that no longer fit are evicted. */
  resize(sizeLimit: number): void {
    this.sizeLimit = sizeLimit;
    this.#evict(sizeLimit);
  }

  /**
   * Appends a copy of the line at `[start, end)` of `source`, `name: value CRLF`. Returns its offset
   * in `bytes`, or -1 for an entry larger than the table, which empties it (RFC 7541 4.4).
   */
  insert(source: Uint8Array, start: number, nameEnd: number, end: number, kind: number): number {
    const length = end - start;
    const size = length - lineExtra + entryOverhead;
    this.revision = (this.revision + 1) & 0x3fffffff;
    if (size > this.sizeLimit) {
      this.#evict(0);
      return -1;
    }
    this.#evict(this.sizeLimit - size);
    if (this.end + length > this.bytes.length) this.#makeRoom(length);
    if ((this.count + 1) * entryWidth > this.entries.length) this.#growRing();
    const slot = ((this.#first + this.count) * entryWidth) & (this.entries.length - 1);
    const at = this.end;
    this.entries[slot] = at;
    this.entries[slot + 1] = nameEnd - start;
    this.entries[slot + 2] = length - lineExtra - (nameEnd - start);
    this.entries[slot + 3] = kind;
    this.lines[slot / entryWidth] = ++lastLine;
    copyBytes(this.bytes, at, source, start, end);
    this.count++;
    this.size += size;
    this.end = at + length;
    return at;
  }

  #evict(sizeMax: number): void {
    const mask = this.entries.length - 1;
    while (this.size > sizeMax) {
      const slot = (this.#first * entryWidth) & mask;
      this.size -= this.entries[slot + 1] + this.entries[slot + 2] + entryOverhead;
      this.#first = (this.#first + 1) & 0xffffff;
      this.count--;
      this.revision = (this.revision + 1) & 0x3fffffff;
    }
  }

  /** Moves the lines to the front, into a larger buffer while the gap is less than half of it. */
  #makeRoom(length: number): void {
    const mask = this.entries.length - 1;
    const first = this.count === 0 ? this.end : this.entries[(this.#first * entryWidth) & mask];
    const live = this.end - first;
    let capacity = Math.max(capacityMin, this.bytes.length);
    while (2 * (live + length) > capacity) capacity *= 2;
    capacity = Math.min(capacity, DynamicTable.capacityMax(this.sizeMax));
    if (capacity <= this.bytes.length) {
      this.bytes.copyWithin(0, first, this.end);
    } else {
      const larger = new Uint8Array(capacity);
      larger.set(this.bytes.subarray(first, this.end));
      this.bytes = larger;
    }
    for (let i = 0; i < this.count; i++) {
      this.entries[((this.#first + i) * entryWidth) & mask] -= first;
    }
    this.end = live;
    this.layout = (this.layout + 1) & 0x3fffffff;
  }

  #growRing(): void {
    const larger = new Int32Array(Math.max(16 * entryWidth, 2 * this.entries.length));
    const lines = new Float64Array(larger.length / entryWidth);
    const mask = this.entries.length - 1;
    for (let i = 0; i < this.count; i++) {
      const from = ((this.#first + i) * entryWidth) & mask;
      for (let j = 0; j < entryWidth; j++) larger[i * entryWidth + j] = this.entries[from + j];
      lines[i] = this.lines[from / entryWidth];
    }
    this.entries = larger;
    this.lines = lines;
    this.#first = 0;
  }
}
