/** How often the system's clock is read; a step of it shows in logs after at most this time. */
const readEveryMs = 1000;

/** The wall clock, derived from a monotonic one that costs nothing to read. */
export class WallClock {
  #offsetMs = 0;
  #nextMs = -Infinity;
  readonly #read: () => number;

  /** `read` is replaced in tests. */
  constructor(read: () => number = Date.now) {
    this.#read = read;
  }

  /** Milliseconds since 1970 at `nowMs`, which is now or was a moment ago. */
  at(nowMs: number): number {
    if (nowMs >= this.#nextMs) {
      this.#nextMs = nowMs + readEveryMs;
      this.#offsetMs = this.#read() - nowMs;
    }
    return nowMs + this.#offsetMs;
  }
}
