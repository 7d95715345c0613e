import { DynamicTable } from "./dynamic_table.ts";
import { staticCount } from "./static_table.ts";

/** Our encoder's table never takes more, whatever the peer offers. */
export const encoderTableBytesMax = 4096;
/** As many as `LineCache` has. */
const slotCount = 256;
const noSlots = new Int32Array(0);

/** The encoder's dynamic table. Lines are known by the slot and the number of a `LineCache`. */
export class EncoderTable {
  readonly table = new DynamicTable(encoderTableBytesMax);
  /** Entries inserted since the beginning; an entry's number is this after its insertion. */
  #inserted = 0;
  /** By slot of the cache: the number of the entry, and of the line that it holds. */
  #numbers = noSlots;
  #ids = noSlots;

  /** The index of a line; 0 when it is not in the table. */
  find(slot: number, id: number): number {
    if (this.#inserted === 0 || this.#ids[slot] !== id) return 0;
    const index = this.#inserted - this.#numbers[slot];
    return index < this.table.count ? staticCount + 1 + index : 0;
  }

  /**
   * Inserts the line `[start, end)`, `name: value CRLF` in lower case. False when it would take half
   * of the table: it is not worth what it pushes out.
   */
  insert(
    slot: number,
    id: number,
    bytes: Uint8Array,
    start: number,
    nameEnd: number,
    end: number,
  ): boolean {
    if (2 * (end - start + 28) > this.table.sizeLimit) return false;
    if (this.#ids.length === 0) {
      this.#ids = new Int32Array(slotCount);
      this.#numbers = new Int32Array(slotCount);
    }
    this.table.insert(bytes, start, nameEnd, end, 0);
    this.#numbers[slot] = ++this.#inserted;
    this.#ids[slot] = id;
    return true;
  }
}
