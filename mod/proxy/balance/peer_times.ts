/** A peer's smoothed response time, used by `least_time`. */

/** Each response moves the average by one part in this many (nginx). */
const smoothing = 20;

export class PeerTimes {
  /** 0 until the first response. */
  #averageMs = 0;
  /** Time of the last measurement. */
  #measuredMs = 0;
  /** Requests waiting for a response, and the sum of their start times. */
  #waiting = 0;
  #waitingSinceSumMs = 0;

  /** Records the start of an attempt. */
  begin(nowMs: number): void {
    this.#waiting++;
    this.#waitingSinceSumMs += nowMs;
  }

  /**
   * Ends the wait of an attempt, answered or failed. Only `isGood` attempts are averaged: a peer that
   * fails quickly must not look fast.
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
   * The average; it halves with every `halfLifeMs` (0: never) without a measurement, so that a slow
   * peer is tried again.
   */
  averageMs(nowMs: number, halfLifeMs: number): number {
    const idleMs = nowMs - this.#measuredMs;
    if (halfLifeMs === 0 || idleMs < halfLifeMs) return this.#averageMs;
    return this.#averageMs / 2 ** Math.floor(idleMs / halfLifeMs);
  }

  /** When it halves next, without a measurement before; Infinity: never. */
  halvesAtMs(nowMs: number, halfLifeMs: number): number {
    if (halfLifeMs === 0 || this.#averageMs === 0) return Infinity;
    const halvings = Math.max(Math.floor((nowMs - this.#measuredMs) / halfLifeMs), 0);
    return this.#measuredMs + halfLifeMs * (halvings + 1);
  }

  /** Requests wait for a response. */
  get isWaiting(): boolean {
    return this.#waiting > 0;
  }

  /** Mean age of the waiting requests. */
  waitingMs(nowMs: number): number {
    return this.#waiting === 0 ? 0 : nowMs - this.#waitingSinceSumMs / this.#waiting;
  }
}
