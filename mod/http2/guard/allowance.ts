/**
 * How often a peer may do something that costs us work and is of little use: `burst` times at once,
 * then `perSecond` times a second. Time is passed in.
 */
export class Allowance {
  readonly #burst: number;
  readonly #perMs: number;
  #left: number;
  #lastMs = 0;

  constructor(burst: number, perSecond: number) {
    this.#burst = burst;
    this.#perMs = perSecond / 1000;
    this.#left = burst;
  }

  /** Uses one up; false when none is left. */
  take(nowMs: number): boolean {
    if (this.#left < 1) {
      this.#left = Math.min(this.#burst, this.#left + (nowMs - this.#lastMs) * this.#perMs);
      this.#lastMs = nowMs;
      if (this.#left < 1) return false;
    } else if (this.#left === this.#burst) {
      this.#lastMs = nowMs;
    }
    this.#left--;
    return true;
  }

  /** Gives `count` back, because useful work was done; never more than the burst. */
  giveBack(count: number): void {
    this.#left = Math.min(this.#burst, this.#left + count);
  }
}
