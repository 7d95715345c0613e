/** What a user sees of a run while it lasts: a line of progress, the live view, or nothing. */
import { getVariable } from "../../process/environment.ts";
import { LiveView } from "../live/live_view.ts";
import { screenFault, terminalSize } from "../live/terminal.ts";
import type { LoadPlan } from "../plan/plan.ts";
import { maskText } from "../plan/secrets.ts";
import { writeStderr } from "../report/outputs.ts";
import { clearLine, progressLine, warmupLine } from "../report/report_progress.ts";
import type { Interval } from "../stats/result.ts";

/** Counts of a run so far. */
export interface RunCounts {
  /** Answered or failed. */
  readonly doneCount: number;
  readonly failedCount: number;
}

export interface RunProgress {
  /** Run `index`, from 0, starts now. */
  begin(index: number): void;
  /** A second has ended. */
  add(interval: Interval, counts: RunCounts): void;
  /** The run has ended, or failed; its results are printed next. */
  end(): void;
  /** No run follows. */
  close(): void;
}

/** Whether stderr is a terminal that shows the progress; a dumb one cannot go back in its line. */
export function showsProgress({ output }: LoadPlan): boolean {
  return !output.quiet && Deno.stderr.isTerminal() && getVariable("TERM") !== "dumb";
}

/** `url` is the one of the report; `onQuit`: the user wants the run to end. */
export function openProgress(plan: LoadPlan, url: string, onQuit: () => void): RunProgress {
  const fault = plan.output.live ? screenFault() : null;
  if (fault !== null) {
    writeStderr(`hayate load: --live: ${fault}: plain progress is shown instead\n`);
  } else if (plan.output.live) {
    return new LiveView(plan, maskText(url), onQuit);
  }
  return showsProgress(plan) ? new PlainProgress(plan) : new NoProgress();
}

class NoProgress implements RunProgress {
  begin(): void {}
  add(): void {}
  end(): void {}
  close(): void {}
}

/** One line, written over again. */
class PlainProgress implements RunProgress {
  readonly #plan: LoadPlan;
  #warmupTimer = 0;

  constructor(plan: LoadPlan) {
    this.#plan = plan;
  }

  begin(): void {
    const { warmupMs } = this.#plan;
    if (warmupMs === 0) return;
    const endMs = performance.now() + warmupMs;
    writeStderr(warmupLine(warmupMs));
    this.#warmupTimer = setInterval(() => {
      const leftMs = endMs - performance.now();
      if (leftMs > 0) writeStderr(warmupLine(leftMs));
    }, 1000);
  }

  add(interval: Interval, counts: RunCounts): void {
    clearInterval(this.#warmupTimer);
    const { durationMs, requestCount } = this.#plan;
    const leftMs = durationMs - interval.endMs;
    const progress = { ...counts, leftMs, wantedCount: requestCount };
    writeStderr(progressLine(interval, progress, terminalSize().columns));
  }

  end(): void {
    clearInterval(this.#warmupTimer);
    writeStderr(clearLine);
  }

  close(): void {}
}
