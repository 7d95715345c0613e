/** Counts the lines that a sink has dropped, and reports them at intervals. */
import type { SinkComplaint } from "./sink.ts";

/** The first report comes this long after the first loss, and includes all lost until then. */
const firstReportMs = 1000;
/** Minimum interval of further reports. */
const reportMs = 10_000;

export class DropCount {
  /** Lines dropped since the sink was opened. */
  total = 0;
  #reported = 0;
  #timer = 0;

  /** `reason`: why lines are lost, for the end of the message. */
  constructor(private readonly complain: SinkComplaint, private readonly reason: string) {}

  add(lineCount: number): void {
    if (lineCount === 0) return;
    this.total += lineCount;
    if (this.#timer !== 0) return;
    this.#timer = setTimeout(() => this.report(), this.#reported === 0 ? firstReportMs : reportMs);
    Deno.unrefTimer(this.#timer);
  }

  /** Reports the lines lost since the last report. */
  report(): void {
    clearTimeout(this.#timer);
    this.#timer = 0;
    const count = this.total - this.#reported;
    if (count === 0) return;
    this.#reported = this.total;
    this.complain(`${count} log ${count === 1 ? "line was" : "lines were"} lost: ${this.reason}`);
  }
}
