import type { Logger } from "./logger.ts";

/**
 * Limits lines caused by clients to one per second, with the number of lines left out, so that a port
 * scanner cannot fill the disk.
 */
export class SparseLog {
  #nextLineMs = 0;
  #omitted = 0;

  /** `nowMs` is a monotonic clock in milliseconds. */
  constructor(
    readonly logger: Logger,
    readonly nowMs: () => number,
    readonly intervalMs: number = 1000,
  ) {}

  info(message: string): void {
    const now = this.nowMs();
    if (now < this.#nextLineMs) {
      this.#omitted++;
      return;
    }
    const more = this.#omitted === 0 ? "" : ` (and ${this.#omitted} more since the last line)`;
    this.#omitted = 0;
    this.#nextLineMs = now + this.intervalMs;
    this.logger.info(`${message}${more}`);
  }
}
