/** One run: gathers the threads, watches them, and puts together what they measured. */
import { addAnswerCounts } from "./answer_groups.ts";
import { Crew } from "./crew.ts";
import { readCpuTime, readPortRange } from "./cpu_time.ts";
import type { LoadPlan } from "./plan.ts";
import type { PreparedRun } from "./prepare.ts";
import type { Interval, LoadResult } from "./result.ts";
import { samplePeriodMs, Sampler } from "./sampler.ts";
import { inOrder } from "./failure_counts.ts";
import { ThreadStats } from "./stats.ts";
import type { FailureCount, ThreadOutcome } from "./thread_plan.ts";

/** Who hears of a run while it lasts. */
export interface RunObserver {
  /** The threads are ready, so long before the time that --start-at names; below 0: behind it. */
  onReady(leftMs: number): void;
  /** Everything is ready; the first requests go out now. */
  onStart(): void;
  /** Once a second. */
  onInterval(interval: Interval): void;
}

/** A run that can be ended early. */
export class LoadRun {
  readonly #plan: LoadPlan;
  readonly #prepared: PreparedRun;
  #crew: Crew | null = null;
  #interrupted = false;
  #interruptCode = 0;

  constructor(plan: LoadPlan, prepared: PreparedRun) {
    this.#plan = plan;
    this.#prepared = prepared;
  }

  /** Ends the run; what was measured is reported. `exitCode`: when a script does not let it end. */
  interrupt(exitCode: number): void {
    this.#interrupted = true;
    this.#interruptCode = exitCode;
    this.#crew?.stop(exitCode);
  }

  /** Runs to the end. Throws `StartError` when it cannot begin, or when a script fails. */
  async run(observer: RunObserver): Promise<LoadResult> {
    const crew = this.#crew = new Crew(this.#prepared.threads);
    await crew.gather();
    const { startAtMs } = this.#plan;
    if (startAtMs !== null) {
      observer.onReady(startAtMs - Date.now());
      await this.#waitForClock(startAtMs);
    }
    observer.onStart();
    const startMs = performance.now();
    const measureFromMs = startMs + this.#plan.warmupMs;
    const sampler = new Sampler(
      crew.stats,
      (interval) => observer.onInterval(interval),
      this.#plan.durationMs,
    );
    let cpuBefore = readCpuTime();
    let timer = 0;
    const begin = () => {
      cpuBefore = readCpuTime();
      // From sample to sample at multiples of the period, so that intervals end at whole seconds.
      const next = () => {
        const elapsedMs = performance.now() - measureFromMs;
        timer = setTimeout(() => {
          sampler.sample(performance.now() - measureFromMs);
          next();
        }, samplePeriodMs - elapsedMs % samplePeriodMs);
      };
      next();
    };
    const delay = this.#plan.warmupMs === 0 ? 0 : setTimeout(begin, this.#plan.warmupMs);
    if (delay === 0) begin();
    const startedAt = new Date(Date.now() + this.#plan.warmupMs).toISOString();
    // Interrupted while it gathered: the threads end at once.
    if (this.#interrupted) crew.stop(this.#interruptCode);
    let outcomes: ThreadOutcome[];
    try {
      outcomes = await crew.run(startMs);
    } finally {
      clearTimeout(delay);
      clearTimeout(timer);
    }
    const cpuAfter = readCpuTime();
    const measuredMs = Math.max(...outcomes.map((outcome) => outcome.measuredMs));
    sampler.finish(measuredMs);
    return this.#result(crew, sampler, outcomes, measuredMs, {
      startedAt,
      cpuUserMs: cpuAfter.userMs - cpuBefore.userMs,
      cpuSystemMs: cpuAfter.systemMs - cpuBefore.systemMs,
    });
  }

  async #waitForClock(startAtMs: number): Promise<void> {
    // In steps, so that Ctrl-C and a clock that is set meanwhile are noticed.
    while (!this.#interrupted && Date.now() < startAtMs) {
      const leftMs = startAtMs - Date.now();
      await new Promise((resolve) => setTimeout(resolve, Math.min(100, leftMs)));
    }
  }

  #result(
    crew: Crew,
    sampler: Sampler,
    outcomes: readonly ThreadOutcome[],
    measuredMs: number,
    times: Pick<LoadResult, "startedAt" | "cpuUserMs" | "cpuSystemMs">,
  ): LoadResult {
    const plan = this.#plan;
    return {
      ...times,
      url: this.#prepared.shownUrl,
      threads: plan.threads,
      connections: plan.connections,
      durationMs: plan.durationMs,
      askedRate: averageRate(plan),
      isRamp: plan.stages !== null &&
        (plan.stages.length > 1 || plan.stages[0].rateStart !== plan.stages[0].rateEnd),
      measuredMs,
      stats: sumOf(crew.stats),
      rates: sampler.rates,
      intervals: sampler.intervals,
      failures: mergeFailures(outcomes.flatMap((outcome) => outcome.failures)),
      autoSources: outcomes.reduce((sum, outcome) => sum + outcome.autoSources, 0),
      portRange: readPortRange(),
      interrupted: this.#interrupted,
      hasScript: plan.script !== null,
      isSecure: this.#prepared.isSecure,
      answerCounts: addAnswerCounts(outcomes.map((outcome) => outcome.answerCounts)),
      groupBy: plan.output.groupBy,
      threadVariables: outcomes.map((outcome) => outcome.variables),
    };
  }
}

/** The numbers of all threads; a single one's are not copied, which would take longer than a short run. */
function sumOf(threads: readonly ThreadStats[]): ThreadStats {
  if (threads.length === 1) return threads[0];
  const sum = new ThreadStats(new ArrayBuffer(ThreadStats.byteLength));
  for (const each of threads) sum.add(each);
  return sum;
}

function averageRate(plan: LoadPlan): number | null {
  if (plan.stages === null) return null;
  let requests = 0;
  let totalMs = 0;
  for (const { durationMs, rateStart, rateEnd } of plan.stages) {
    requests += (rateStart + rateEnd) / 2 * durationMs / 1000;
    totalMs += durationMs;
  }
  return requests / totalMs * 1000;
}

/** One line for each kind and code, in the order of the kinds, the commonest first. */
export function mergeFailures(failures: readonly FailureCount[]): FailureCount[] {
  const counts = new Map<string, FailureCount>();
  for (const { kind, code, count } of failures) {
    const key = `${kind} ${code}`;
    counts.set(key, { kind, code, count: count + (counts.get(key)?.count ?? 0) });
  }
  return inOrder([...counts.values()]);
}
