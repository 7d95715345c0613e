/** Draws the values of varying requests within one thread. */
import type { ValuePlan } from "./values.ts";

/**
 * Counters and random numbers of one thread. Threads count with steps of their number, each from its
 * own start, so that together they count without a gap.
 */
export class ValueSource {
  readonly #threadIndex: number;
  readonly #threadCount: number;
  readonly #counters = new Map<string, Counter>();
  /** State of xorshift128: four words, not all zero. */
  readonly #state: Uint32Array;

  /** `seed`: 4 random words. */
  constructor(threadIndex: number, threadCount: number, seed: Uint32Array) {
    this.#threadIndex = threadIndex;
    this.#threadCount = threadCount;
    this.#state = seed.slice();
    this.#state[3] |= 1;
  }

  /** The counter of a value; the same one for the same key. */
  counter(value: Extract<ValuePlan, { key: string }>): Counter {
    const known = this.#counters.get(value.key);
    if (known !== undefined) return known;
    const start = value.kind === "seq" ? value.start : 0;
    const counter = new Counter(start + this.#threadIndex, this.#threadCount);
    this.#counters.set(value.key, counter);
    return counter;
  }

  /** 32 random bits (Marsaglia, "Xorshift RNGs", 2003). */
  bits(): number {
    const state = this.#state;
    let t = state[3];
    const s = state[0];
    state[3] = state[2];
    state[2] = state[1];
    state[1] = s;
    t ^= t << 11;
    t ^= t >>> 8;
    return state[0] = (t ^ s ^ s >>> 19) >>> 0;
  }

  /** A whole number from `low` to `high`. */
  between(low: number, high: number): number {
    const count = high - low + 1;
    const fraction = count <= 0x100000000
      ? this.bits() / 0x100000000
      : (this.bits() * 0x200000 + (this.bits() >>> 11)) / 0x20000000000000;
    return low + Math.floor(fraction * count);
  }
}

/** Goes on by one step for each request. */
export class Counter {
  now: number;
  readonly #step: number;

  constructor(first: number, step: number) {
    this.now = first - step;
    this.#step = step;
  }

  advance(): void {
    this.now += this.#step;
  }
}
