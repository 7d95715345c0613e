import { DynamicTable } from "./dynamic_table.ts";
import { staticCount } from "./static_table.ts";

/** Our encoder's table never takes more, whatever the peer offers. */
export const encoderTableBytesMax = 4096;
const slotCount = 128;
const noSlots = new Int32Array(0);

/**
 * The encoder's dynamic table, found by a hash of whole lines. A line enters it when it is seen for
 * the second time: a field that differs in every message would push out those that repeat.
 */
export class EncoderTable {
  readonly table = new DynamicTable(encoderTableBytesMax);
  /** Entries inserted since the beginning; an entry's number is this before its insertion. */
  #inserted = 0;
  /** By hash: number of the entry plus one. */
  #slots = noSlots;
  /** By hash: hashes of lines that were seen. */
  #seen = noSlots;

  /** The index of the line `[start, end)`, `name: value CRLF`; 0 when it is not in the table. */
  find(hash: number, bytes: Uint8Array, start: number, end: number): number {
    if (this.#inserted === 0) return 0;
    const number = this.#slots[hash & (slotCount - 1)] - 1;
    const { table } = this;
    const index = this.#inserted - 1 - number;
    if (number < 0 || index >= table.count) return 0;
    const slot = table.slot(index);
    const at = table.entries[slot];
    const length = table.entries[slot + 1] + table.entries[slot + 2] + 4;
    if (length !== end - start) return 0;
    for (let i = 0; i < length; i++) if (table.bytes[at + i] !== bytes[start + i]) return 0;
    return staticCount + 1 + index;
  }

  /** Whether a line with this hash was seen lately; from now on it was. */
  isRepeated(hash: number): boolean {
    if (this.#seen.length === 0) this.#seen = new Int32Array(slotCount);
    const slot = hash & (slotCount - 1);
    if (this.#seen[slot] === hash) return true;
    this.#seen[slot] = hash;
    return false;
  }

  /** Inserts the line; false when it is larger than the table, which is not touched then. */
  insert(hash: number, bytes: Uint8Array, start: number, nameEnd: number, end: number): boolean {
    // A line that takes half of the table is not worth what it pushes out.
    if (2 * (end - start + 28) > this.table.sizeLimit) return false;
    if (this.#slots.length === 0) this.#slots = new Int32Array(slotCount);
    this.table.insert(bytes, start, nameEnd, end, 0);
    this.#slots[hash & (slotCount - 1)] = ++this.#inserted;
    return true;
  }
}

/**
 * A hash of the line `[start, end)`: its length, its first bytes and its last ones, where lines
 * differ. Equal hashes are told apart by comparing the lines.
 */
export function lineHash(bytes: Uint8Array, start: number, end: number): number {
  let hash = end - start;
  const firstEnd = Math.min(end, start + 12);
  for (let at = start; at < firstEnd; at++) hash = Math.imul(hash ^ bytes[at], 0x01000193);
  for (let at = Math.max(firstEnd, end - 20); at < end; at++) {
    hash = Math.imul(hash ^ bytes[at], 0x01000193);
  }
  return hash ^ (hash >>> 15);
}
