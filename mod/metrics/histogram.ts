/**
 * A high dynamic range histogram of whole microseconds with three significant digits.
 *
 * Memory is fixed: 23,552 counters, whatever is recorded. The counters may be in a
 * SharedArrayBuffer, so that one thread records while another reads. The bucket layout is that of
 * HdrHistogram with lowest value 1, highest 3,600,000,000 and 3 digits, which makes its encoded
 * form exchangeable (https://github.com/HdrHistogram/HdrHistogram, AbstractHistogram).
 */

const subBucketCount = 2048;
const subBucketHalf = 1024;
/** log2 of `subBucketHalf`, plus one: each value below 2^11 has its own counter. */
const linearBits = 11;
const bucketCount = 22;

/** Significant decimal digits of a recorded value. */
export const significantDigits = 3;
/** The highest trackable value, one hour in microseconds; greater values are recorded as this. */
export const highestTrackableUs = 3_600_000_000;
/** Counters in a histogram. */
export const counterCount = (bucketCount + 1) * subBucketHalf;
/** Elements of a histogram's array: the counters and the exact maximum. */
export const histogramSlots = counterCount + 1;
const maxSlot = counterCount;

/** Index of the counter for a whole number of microseconds in [0, 2^32). */
export function indexOf(valueUs: number): number {
  if (valueUs < subBucketCount) return valueUs;
  const bucket = 32 - Math.clz32(valueUs) - linearBits;
  return (bucket << 10) + (valueUs >>> bucket);
}

/** The lowest value that counter `index` covers. */
export function lowestOf(index: number): number {
  if (index < subBucketCount) return index;
  const bucket = (index >> 10) - 1;
  return ((index & (subBucketHalf - 1)) + subBucketHalf) * 2 ** bucket;
}

/** The highest value that counter `index` covers. */
export function highestOf(index: number): number {
  return index < subBucketCount ? index : lowestOf(index) + 2 ** ((index >> 10) - 1) - 1;
}

function middleOf(index: number): number {
  return index < subBucketCount ? index : lowestOf(index) + 2 ** ((index >> 10) - 2);
}

/** Statistics of a histogram's values. */
export interface Spread {
  readonly count: number;
  readonly meanUs: number;
  readonly stdevUs: number;
  /** Percentage of the values within one standard deviation of the mean. */
  readonly withinPercent: number;
}

/** Counts of recorded values, in microseconds. */
export class Histogram {
  /** The counters, then the exact maximum. */
  readonly slots: Float64Array;

  /** `slots` must hold `histogramSlots` elements; without it the histogram allocates its own. */
  constructor(slots: Float64Array = new Float64Array(histogramSlots)) {
    if (slots.length !== histogramSlots) {
      throw new RangeError(
        `Cannot use ${slots.length} slots for a histogram: ${histogramSlots} are needed`,
      );
    }
    this.slots = slots;
  }

  /** Records one value, truncated to a whole number; negative is 0. O(1), does not allocate. */
  record(valueUs: number): void {
    const value = valueUs > 0 ? (valueUs < highestTrackableUs ? valueUs : highestTrackableUs) : 0;
    const slots = this.slots;
    // One array access for small and large values: V8 would compile a second one only when the
    // first large value arrives, and discard the code compiled before.
    const index = value < subBucketCount ? value | 0 : indexOf(value >>> 0);
    slots[index]++;
    if (value > slots[maxSlot]) slots[maxSlot] = value;
  }

  /** Records `count` values at once. */
  recordMany(valueUs: number, count: number): void {
    if (count <= 0) return;
    this.record(valueUs);
    const value = Math.min(Math.max(valueUs, 0), highestTrackableUs);
    this.slots[indexOf(Math.floor(value))] += count - 1;
  }

  /** The exact maximum; 0 when nothing was recorded. */
  get maxUs(): number {
    return this.slots[maxSlot];
  }

  /** End of the counters that can be non-zero; loops stop here. */
  get #end(): number {
    return indexOf(this.slots[maxSlot] >>> 0) + 1;
  }

  /** The minimum to three digits; 0 when nothing was recorded. */
  get minUs(): number {
    const end = this.#end;
    for (let index = 0; index < end; index++) {
      if (this.slots[index] > 0) return lowestOf(index);
    }
    return 0;
  }

  /** Number of recorded values. Sums all counters: for reports, not for hot paths. */
  get count(): number {
    const slots = this.slots, end = this.#end;
    let total = 0;
    for (let index = 0; index < end; index++) total += slots[index];
    return total;
  }

  /** Resets all counters and the maximum. */
  clear(): void {
    this.slots.fill(0, 0, this.#end);
    this.slots[maxSlot] = 0;
  }

  /** Adds the values of `other`. Exact, because both have the same counters. */
  add(other: Histogram): void {
    const mine = this.slots, theirs = other.slots, end = other.#end;
    for (let index = 0; index < end; index++) mine[index] += theirs[index];
    if (theirs[maxSlot] > mine[maxSlot]) mine[maxSlot] = theirs[maxSlot];
  }

  /** An independent copy. */
  clone(): Histogram {
    return new Histogram(Float64Array.from(this.slots));
  }

  /**
   * Adds to `into` what was recorded since `earlier`, an earlier state of this histogram, and
   * updates `earlier`. Does not allocate. The maximum of `into` is accurate to three digits only.
   */
  advance(earlier: Histogram, into: Histogram): void {
    const mine = this.slots, before = earlier.slots, total = into.slots, end = this.#end;
    let last = -1;
    for (let index = 0; index < end; index++) {
      const count = mine[index];
      if (count === before[index]) continue;
      total[index] += count - before[index];
      before[index] = count;
      last = index;
    }
    before[maxSlot] = mine[maxSlot];
    if (last >= 0) total[maxSlot] = Math.max(total[maxSlot], Math.min(highestOf(last), this.maxUs));
  }

  /**
   * Sets counter `index` while a histogram is being decoded; call it in ascending order of `index`.
   * The maximum is accurate to three digits until `setMax` is called.
   */
  restore(index: number, count: number): void {
    this.slots[index] = count;
    if (count > 0) this.slots[maxSlot] = Math.min(highestOf(index), highestTrackableUs);
  }

  /**
   * Sets the exact maximum, with its fraction, of a decoded histogram. A value outside the last
   * non-zero counter is clamped to that counter's range.
   */
  setMax(maxUs: number): void {
    const last = this.#end - 1;
    const known = maxUs < lowestOf(last + 1) ? maxUs : highestOf(last);
    this.slots[maxSlot] = Math.max(known, lowestOf(last));
  }

  /**
   * The value in microseconds that `percent` (0 to 100) of the recorded values do not exceed; at
   * most the exact maximum. 0 when nothing was recorded.
   */
  percentile(percent: number): number {
    return this.percentiles([percent])[0];
  }

  /** Several percentiles in one pass; `percents` must be in ascending order. */
  percentiles(percents: readonly number[]): number[] {
    const total = this.count;
    const last = this.#end - 1;
    const result: number[] = [];
    let index = 0;
    let seen = this.slots[0];
    for (const percent of percents) {
      // At least 1; the small term compensates for rounding up, as in 99.9 / 100 * 1000.
      const rank = Math.max(1, Math.ceil(percent / 100 * total - 1e-9 * total));
      while (seen < rank && index < last) seen += this.slots[++index];
      result.push(total === 0 ? 0 : Math.min(highestOf(index), this.maxUs));
    }
    return result;
  }

  /**
   * Arithmetic mean in microseconds, within half a counter's width; NaN when nothing was recorded.
   */
  get meanUs(): number {
    return this.spread().meanUs;
  }

  /** Standard deviation of the sample (n - 1), as in wrk; 0 for fewer than two values. */
  get stdevUs(): number {
    return this.spread().stdevUs;
  }

  /**
   * Count, mean, standard deviation, and the percentage of values within one standard deviation of
   * the mean. The percentage and the mean are NaN when nothing was recorded.
   */
  spread(): Spread {
    const slots = this.slots, end = this.#end, count = this.count;
    let sum = 0;
    for (let index = 0; index < end; index++) {
      if (slots[index] > 0) sum += slots[index] * middleOf(index);
    }
    const meanUs = sum / count;
    let squares = 0;
    for (let index = 0; index < end; index++) {
      if (slots[index] > 0) squares += slots[index] * (middleOf(index) - meanUs) ** 2;
    }
    const stdevUs = count < 2 ? 0 : Math.sqrt(squares / (count - 1));
    let inside = 0;
    for (let index = 0; index < end; index++) {
      if (Math.abs(middleOf(index) - meanUs) <= stdevUs) inside += slots[index];
    }
    return { count, meanUs, stdevUs, withinPercent: inside / count * 100 };
  }

  /** Calls `visit` for every non-zero counter, in ascending order of value. */
  forEach(visit: (lowestUs: number, highestUs: number, count: number) => void): void {
    const end = this.#end;
    for (let index = 0; index < end; index++) {
      const count = this.slots[index];
      if (count > 0) visit(lowestOf(index), highestOf(index), count);
    }
  }

  /**
   * A copy corrected for coordinated omission: adds the requests that a closed loop did not send
   * while it waited. A value of at least twice the expected interval adds one value for each missed
   * interval (HdrHistogram's copyCorrectedForCoordinatedOmission).
   */
  corrected(expectedIntervalUs: number): Histogram {
    const result = this.clone();
    if (!(expectedIntervalUs >= 1)) return result;
    this.forEach((_lowest, highest, count) => {
      for (
        let missing = highest - expectedIntervalUs;
        missing >= expectedIntervalUs;
        missing -= expectedIntervalUs
      ) {
        result.recordMany(missing, count);
      }
    });
    return result;
  }
}
