/** Runs of this process. */
import { writeStderr } from "../report/outputs.ts";
import type { LoadPlan } from "../plan/plan.ts";
import type { PreparedRun } from "../plan/prepare.ts";
import { LoadRun, type StartGate } from "./load_run.ts";
import type { MetricsDoor } from "./metrics_door.ts";
import { showsProgress } from "./progress.ts";
import type { RunSource } from "./runs.ts";
import { waitForClock } from "./start_clock.ts";

/** Tolerance for --start-at between machines. */
const lateMaxMs = 100;

export function ownRuns(
  plan: LoadPlan,
  prepared: PreparedRun,
  metrics: MetricsDoor | null,
): RunSource {
  let isFirst = true;
  return {
    shownUrl: prepared.shownUrl,
    threads: plan.threads,
    next() {
      const gate = startGate(plan, isFirst);
      isFirst = false;
      return new LoadRun(plan, prepared, gate, metrics);
    },
    describe: (environment) => environment,
  };
}

/** Waits for the time of --start-at; only the first run can be far from it. */
function startGate(plan: LoadPlan, isFirst: boolean): StartGate {
  return async (isInterrupted) => {
    const { startAtMs } = plan;
    if (startAtMs === null) return;
    if (isFirst) announceStart(plan, startAtMs - Date.now());
    await waitForClock(startAtMs, isInterrupted);
  };
}

/** Reports a start that is late, and one so far ahead that it looks like a hang. */
function announceStart(plan: LoadPlan, leftMs: number): void {
  const seconds = (Math.abs(leftMs) / 1000).toFixed(1);
  if (plan.output.quiet) return;
  if (leftMs < -lateMaxMs) {
    writeStderr(`hayate load: ready ${seconds} s after --start-at: starting now\n`);
  } else if (leftMs > 1000 && showsProgress(plan)) writeStderr(`starting in ${seconds} s\n`);
}
