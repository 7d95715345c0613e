/** Lines that a sink has lost: counted, and said now and then. */
import type { SinkComplaint } from "./sink.ts";

/** The first loss is told after this many milliseconds, with all that were lost until then. */
const firstTellMs = 1000;
/** Later ones at most so often. */
const tellMs = 10_000;

export class DropCount {
  /** Since the sink was opened. */
  total = 0;
  #told = 0;
  #timer = 0;

  /** `reason` ends the sentence: why lines are lost. */
  constructor(private readonly complain: SinkComplaint, private readonly reason: string) {}

  add(lineCount: number): void {
    if (lineCount === 0) return;
    this.total += lineCount;
    if (this.#timer !== 0) return;
    this.#timer = setTimeout(() => this.tell(), this.#told === 0 ? firstTellMs : tellMs);
    Deno.unrefTimer(this.#timer);
  }

  /** Says what has not been said yet. */
  tell(): void {
    clearTimeout(this.#timer);
    this.#timer = 0;
    const count = this.total - this.#told;
    if (count === 0) return;
    this.#told = this.total;
    this.complain(`${count} log ${count === 1 ? "line was" : "lines were"} lost: ${this.reason}`);
  }
}
