/** Which rate is tried next: doubles, bisects, confirms. Pure. */

/** A rate to try, in requests a second; a confirmation runs for longer. */
export interface SearchStep {
  readonly rate: number;
  readonly isConfirmation: boolean;
}

/** Two rates this close are not told apart. */
const closeRatio = 1.05;

export class RateSearch {
  readonly #from: number;
  readonly #to: number;
  /** Rates that passed, ascending; none is above one that failed. */
  #passed: number[] = [];
  /** The lowest rate that failed. */
  #failed = Infinity;
  #found: number | null = null;
  /** A confirmation has failed: only what passed before is confirmed from then on. */
  #isConfirming = false;

  /** `from` and `to` in requests a second, 0 < `from` <= `to`. */
  constructor(from: number, to: number) {
    this.#from = from;
    this.#to = to;
  }

  /** The next rate to try; null: the search is over. */
  get next(): SearchStep | null {
    if (this.#found !== null || this.#failed <= this.#from) return null;
    const low = this.#passed.at(-1);
    if (low === undefined) {
      return this.#isConfirming ? null : { rate: this.#from, isConfirmation: false };
    }
    const between = this.#isConfirming ? null : this.#between(low);
    return between === null
      ? { rate: low, isConfirmation: true }
      : { rate: between, isConfirmation: false };
  }

  /** Above the greatest rate that passed, and below the lowest that failed. */
  #between(low: number): number | null {
    if (this.#failed === Infinity) return low < this.#to ? Math.min(2 * low, this.#to) : null;
    if (this.#failed <= closeRatio * low) return null;
    const middle = roundRate((low + this.#failed) / 2);
    return middle > low && middle < this.#failed ? middle : null;
  }

  /** What came of `next`. */
  record({ rate, isConfirmation }: SearchStep, hasPassed: boolean): void {
    if (hasPassed) {
      if (isConfirmation) this.#found = rate;
      else this.#passed.push(rate);
      return;
    }
    this.#isConfirming ||= isConfirmation;
    this.#failed = rate;
    this.#passed = this.#passed.filter((each) => each < rate);
  }

  /** The highest rate that was confirmed; null: none, or not yet. */
  get found(): number | null {
    return this.#found;
  }

  /** The highest rate that has passed, confirmed or not; null: none. */
  get best(): number | null {
    return this.#found ?? this.#passed.at(-1) ?? null;
  }
}

/** Three significant digits are more than a run can tell apart. */
function roundRate(rate: number): number {
  return Number(rate.toPrecision(3));
}
