import type { Logger } from "./logger.ts";

/**
 * Lines that strangers cause: one a second at most, which then says how many were left out, so that
 * a port scanner cannot fill the disk.
 */
export class SparseLog {
  #nextLineMs = 0;
  #untold = 0;

  /** `nowMs` is a monotonic clock in milliseconds. */
  constructor(
    readonly logger: Logger,
    readonly nowMs: () => number,
    readonly intervalMs: number = 1000,
  ) {}

  info(message: string): void {
    const now = this.nowMs();
    if (now < this.#nextLineMs) {
      this.#untold++;
      return;
    }
    const more = this.#untold === 0 ? "" : ` (and ${this.#untold} more since the last line)`;
    this.#untold = 0;
    this.#nextLineMs = now + this.intervalMs;
    this.logger.info(`${message}${more}`);
  }
}
