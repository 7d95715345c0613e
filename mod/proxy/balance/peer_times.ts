/** How long a peer takes to answer, smoothed: what `least_time` weighs. */

/** An answer moves the average by one part in so many (nginx). */
const smoothing = 20;

export class PeerTimes {
  /** 0 until the first answer. */
  #averageMs = 0;
  /** When it was measured last. */
  #measuredMs = 0;
  /** Requests that wait for their answer, and the sum of the times at which they began to. */
  #waiting = 0;
  #waitingSinceSumMs = 0;

  /** An attempt begins. */
  begin(nowMs: number): void {
    this.#waiting++;
    this.#waitingSinceSumMs += nowMs;
  }

  /**
   * What was waited for has come, or never will. `isGood` counts: a peer that fails quickly must not
   * look quick.
   */
  end(sentMs: number, nowMs: number, isGood: boolean): void {
    this.#waiting--;
    this.#waitingSinceSumMs -= sentMs;
    if (!isGood) return;
    const elapsedMs = Math.max(nowMs - sentMs, 1);
    const averageMs = this.#averageMs;
    this.#averageMs = averageMs === 0 ? elapsedMs : averageMs + (elapsedMs - averageMs) / smoothing;
    this.#measuredMs = nowMs;
  }

  /**
   * The average; it halves with every `halfLifeMs` (0: never) in which nothing was measured, so that
   * a peer that was slow is asked again.
   */
  averageMs(nowMs: number, halfLifeMs: number): number {
    const idleMs = nowMs - this.#measuredMs;
    if (halfLifeMs === 0 || idleMs < halfLifeMs) return this.#averageMs;
    return this.#averageMs / 2 ** Math.floor(idleMs / halfLifeMs);
  }

  /** Mean age of the requests that wait. */
  waitingMs(nowMs: number): number {
    return this.#waiting === 0 ? 0 : nowMs - this.#waitingSinceSumMs / this.#waiting;
  }
}
