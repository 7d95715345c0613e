/** A power of two; lines of a connection have numbers in a row. */
const placeCount = 2048;

/**
 * Which slot of a `LineCache` the lines with these numbers have. A number names the same bytes
 * forever, so what is found here needs no comparison, and one place for each remainder is enough.
 */
export class NumberedSlots {
  readonly #numbers = new Float64Array(placeCount);
  readonly #slots = new Uint8Array(placeCount);
  /** Which of the lines that the slot has had. */
  readonly #ids = new Float64Array(placeCount);

  /** The slot of the line with this number, which is not 0; -1: unknown. `ids`: of the cache. */
  find(number: number, ids: Float64Array): number {
    const place = number & (placeCount - 1);
    if (this.#numbers[place] !== number) return -1;
    const slot = this.#slots[place];
    return ids[slot] === this.#ids[place] ? slot : -1;
  }

  remember(number: number, slot: number, ids: Float64Array): void {
    const place = number & (placeCount - 1);
    this.#numbers[place] = number;
    this.#slots[place] = slot;
    this.#ids[place] = ids[slot];
  }
}
