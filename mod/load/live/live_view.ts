/** `--live`: a run on the terminal while it lasts. */
import type { LoadPlan } from "../plan/plan.ts";
import { rateAt } from "../plan/schedule.ts";
import type { Interval } from "../stats/result.ts";
import { liveLines, type LiveState } from "./live_lines.ts";
import { speaksUnicode, Terminal, terminalSize, wantsColor } from "./terminal.ts";

/** Seconds that are kept: more than any terminal has columns. */
const secondsMax = 512;
/** How often the time left is drawn again while no second ends: in the warm-up, and at the end. */
const redrawMs = 1000;

/** What a run says of itself. */
export interface LiveCounts {
  readonly doneCount: number;
  readonly failedCount: number;
}

const keysText = "q ends the run  p prints what is shown";

export class LiveView {
  readonly #plan: LoadPlan;
  readonly #url: string;
  readonly #onQuit: () => void;
  readonly #terminal: Terminal;
  readonly #intervals: Interval[] = [];
  #runName = "";
  #startMs = 0;
  #counts: LiveCounts = { doneCount: 0, failedCount: 0 };
  #timer = 0;

  /** `onQuit`: the user has pressed q. */
  constructor(plan: LoadPlan, url: string, onQuit: () => void) {
    this.#plan = plan;
    this.#url = url;
    this.#onQuit = onQuit;
    this.#terminal = new Terminal((key) => this.#onKey(key), () => this.#draw());
  }

  /** Run `index`, from 0, begins now with its warm-up. */
  begin(index: number): void {
    const { repeat } = this.#plan;
    this.#runName = repeat > 1 ? `run ${index + 1} of ${repeat}` : "";
    this.#intervals.length = 0;
    this.#counts = { doneCount: 0, failedCount: 0 };
    this.#startMs = performance.now();
    this.#terminal.enter();
    this.#draw();
    this.#timer = setInterval(() => this.#draw(), redrawMs);
  }

  /** A second has ended; `counts` are those of the run so far. */
  add(interval: Interval, counts: LiveCounts): void {
    this.#intervals.push(interval);
    if (this.#intervals.length > secondsMax) this.#intervals.shift();
    this.#counts = counts;
    clearInterval(this.#timer);
    this.#timer = setInterval(() => this.#draw(), redrawMs);
    this.#draw();
  }

  /** The run has ended: the terminal shows what it did before. */
  end(): void {
    clearInterval(this.#timer);
    this.#terminal.leave();
  }

  close(): void {
    this.end();
    this.#terminal.close();
  }

  #onKey(key: string): void {
    if (key === "q" || key === "Q") this.#onQuit();
    else if (key === "p" || key === "P") this.#terminal.print(this.#snapshot());
  }

  /** What is shown, without colours and keys, at its whole size. */
  #snapshot(): string {
    const { columns } = terminalSize();
    const style = { columns, rows: 24, isColored: false, isUnicode: speaksUnicode(), keys: "" };
    const lines = liveLines(this.#state(), style);
    return `${lines.map((line) => line.trimEnd()).join("\n")}\n\n`;
  }

  #draw(): void {
    this.#terminal.draw(liveLines(this.#state(), {
      ...terminalSize(),
      isColored: wantsColor(),
      isUnicode: speaksUnicode(),
      keys: this.#terminal.hasKeys ? keysText : "Ctrl-C ends the run",
    }));
  }

  #state(): LiveState {
    const { warmupMs, durationMs, requestCount, stages } = this.#plan;
    const elapsedMs = performance.now() - this.#startMs - warmupMs;
    return {
      url: this.#url,
      runName: this.#runName,
      warmupLeftMs: -elapsedMs,
      leftMs: durationMs - elapsedMs,
      wantedCount: requestCount,
      ...this.#counts,
      targetRate: stages === null ? null : rateAt(stages, Math.max(0, elapsedMs)),
      intervals: this.#intervals,
    };
  }
}
