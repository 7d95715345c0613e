/** Seeded random numbers, so that a failure can be reproduced. */
export class Random {
  #state: number;

  constructor(readonly seed: number) {
    this.#state = seed >>> 0;
  }

  /** A random seed from 0 to 2^32-1. */
  static freshSeed(): number {
    return crypto.getRandomValues(new Uint32Array(1))[0];
  }

  /** An integer from 0 to `bound` - 1. */
  below(bound: number): number {
    // A Weyl sequence with a finaliser (the mulberry32 construction): short and good enough here.
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor(((mixed ^ (mixed >>> 14)) >>> 0) / 0x100000000 * bound);
  }

  /** True once in `odds`. */
  oneIn(odds: number): boolean {
    return this.below(odds) === 0;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)];
  }

  /** Up to `countMax` ascending offsets within `length` bytes. */
  cuts(length: number, countMax: number): number[] {
    const cuts = Array.from({ length: this.below(countMax + 1) }, () => this.below(length + 1));
    return cuts.sort((a, b) => a - b);
  }
}
