/**
 * What is reported of certificate files and ticket keys. All listeners and all workers read the same
 * ones, and so would log every change many times.
 */

/** Listeners that start together check their files within this time of each other. */
const sameMs = 5000;

export class FileReports {
  readonly #warn: (line: string) => void;
  readonly #nowMs: () => number;
  #lastMs = -Infinity;
  /** Lines of the round that began at `#lastMs`. */
  readonly #lines = new Set<string>();

  /** `nowMs`: a monotonic clock. */
  constructor(warn: (line: string) => void, nowMs: () => number) {
    this.#warn = warn;
    this.#nowMs = nowMs;
  }

  /** Passes a line on, unless another listener has reported it in the same round. */
  report(line: string): void {
    const now = this.#nowMs();
    if (now > this.#lastMs + sameMs) {
      this.#lastMs = now;
      this.#lines.clear();
    }
    if (this.#lines.has(line)) return;
    this.#lines.add(line);
    this.#warn(line);
  }
}
