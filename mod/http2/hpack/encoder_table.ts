import { entryOverhead } from "./dynamic_table.ts";
import { staticCount } from "./static_table.ts";

/** Our encoder's table never takes more, whatever the peer offers. */
export const encoderTableBytesMax = 4096;
/** As many as `LineCache` has. */
const slotCount = 256;
/** More than the table has entries: none is smaller than its overhead. */
const ringSize = encoderTableBytesMax / entryOverhead;
/** A line that left the table unused is not inserted the next times that it comes. */
const passesAfterWaste = 63;
const noSlots = new Int32Array(0);
const noIds = new Float64Array(0);
const noPasses = new Uint8Array(0);

/**
 * The encoder's dynamic table. Lines are known by the slot and the number of a `LineCache`; their
 * bytes are not kept, because the peer alone needs them.
 */
export class EncoderTable {
  /** Changes with every insertion and eviction. */
  revision = 0;
  /** What the peer allows. */
  sizeLimit: number = encoderTableBytesMax;
  /** Entries in the table. */
  #count = 0;
  /** Sum of the entries' sizes as RFC 7541 4.1 counts them. */
  #size = 0;
  /** Entries inserted since the beginning; an entry's number is this after its insertion. */
  #inserted = 0;
  /** Sizes of the entries, by the low bits of their numbers. */
  #sizes = noSlots;
  /** By slot of the cache: the number of the entry, and of the line that it holds. */
  #numbers = noSlots;
  #ids = noIds;
  /** By slot: how often the line will not be inserted, should it have left the table by then. */
  #passes = noPasses;
  readonly #cacheIds: Float64Array;

  /** `cacheIds`: by slot of the cache, the number of the line that it holds. */
  constructor(cacheIds: Float64Array) {
    this.#cacheIds = cacheIds;
  }

  /** The index of the line in a slot of the cache; 0 when it is not in the table. */
  find(slot: number): number {
    if (this.#inserted === 0 || this.#ids[slot] !== this.#cacheIds[slot]) return 0;
    const index = this.#inserted - this.#numbers[slot];
    if (index >= this.#count) return 0;
    this.#passes[slot] = 0;
    return staticCount + 1 + index;
  }

  /**
   * Inserts the line in this slot, with `textBytes` of name and value. False when it is not worth what it pushes out:
   * it would take half of the table, or it was there before and left it without having been used, as
   * lines do that take turns with too many others.
   */
  insert(slot: number, textBytes: number): boolean {
    const size = textBytes + entryOverhead;
    if (2 * size > this.sizeLimit) return false;
    if (this.#inserted === 0) this.#makeRoom();
    if (this.#ids[slot] === this.#cacheIds[slot] && this.#passes[slot] > 0) {
      this.#passes[slot]--;
      return false;
    }
    this.#evict(this.sizeLimit - size);
    this.#sizes[++this.#inserted & (ringSize - 1)] = size;
    this.#count++;
    this.#size += size;
    this.revision = (this.revision + 1) & 0x3fffffff;
    this.#numbers[slot] = this.#inserted;
    this.#ids[slot] = this.#cacheIds[slot];
    this.#passes[slot] = passesAfterWaste;
    return true;
  }

  /** Changes the limit; entries that no longer fit are evicted. */
  resize(sizeLimit: number): void {
    this.sizeLimit = sizeLimit;
    this.#evict(sizeLimit);
  }

  #evict(sizeMax: number): void {
    while (this.#size > sizeMax) {
      this.#size -= this.#sizes[(this.#inserted - --this.#count) & (ringSize - 1)];
      this.revision = (this.revision + 1) & 0x3fffffff;
    }
  }

  /** Most connections are over before a line repeats, so room is made with the first insertion. */
  #makeRoom(): void {
    this.#sizes = new Int32Array(ringSize);
    this.#numbers = new Int32Array(slotCount);
    this.#ids = new Float64Array(slotCount);
    this.#passes = new Uint8Array(slotCount);
  }
}
