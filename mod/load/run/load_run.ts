/** One run: starts the threads, samples them, and combines their results. */
import { Histogram } from "../../metrics/histogram.ts";
import { addAnswerCounts } from "../stats/answer_counts.ts";
import { WorkerPool } from "../thread/worker_pool.ts";
import { readCpuTime, readPortRange } from "../stats/cpu_time.ts";
import type { MetricsDoor } from "./metrics_door.ts";
import type { LoadPlan } from "../plan/plan.ts";
import type { PreparedRun } from "../plan/prepare.ts";
import type { Interval, LoadResult } from "../stats/result.ts";
import { samplePeriodMs, Sampler } from "../stats/sampler.ts";
import { mergeFailures } from "../stats/failure_counts.ts";
import { Slot, ThreadStats } from "../stats/thread_stats.ts";
import type { ThreadOutcome } from "../plan/thread_plan.ts";

/** Receives the progress of a run. */
export interface RunObserver {
  /** All is ready; the first requests are sent now. */
  onStart(): void;
  /** Once a second. */
  onInterval(interval: Interval): void;
}

/** A run that can be ended early. */
export interface Run {
  /** Runs to the end. Throws `StartError` when it cannot start, or when a script fails. */
  run(observer: RunObserver): Promise<LoadResult>;
  /** Ends the run; what was measured is reported. `exitCode`: used when a script blocks the end. */
  interrupt(exitCode: number): void;
}

/** Resolves when the run, which is ready, may start, or when `isInterrupted` returns true. */
export type StartGate = (isInterrupted: () => boolean) => Promise<void>;

/** A run of this process's threads. */
export class LoadRun implements Run {
  readonly #plan: LoadPlan;
  readonly #prepared: PreparedRun;
  readonly #gate: StartGate;
  readonly #metrics: MetricsDoor | null;
  #pool: WorkerPool | null = null;
  #interrupted = false;
  #interruptCode = 0;

  constructor(
    plan: LoadPlan,
    prepared: PreparedRun,
    gate: StartGate,
    metrics: MetricsDoor | null = null,
  ) {
    this.#metrics = metrics;
    this.#plan = plan;
    this.#prepared = prepared;
    this.#gate = gate;
  }

  interrupt(exitCode: number): void {
    this.#interrupted = true;
    this.#interruptCode = exitCode;
    this.#pool?.stop(exitCode);
  }

  async run(observer: RunObserver): Promise<LoadResult> {
    const pool = this.#pool = new WorkerPool(this.#prepared.threads, this.#metrics !== null);
    await pool.gather();
    this.#metrics?.meter(pool.stats, this.#prepared.threads[0]);
    await this.#gate(() => this.#interrupted);
    observer.onStart();
    const startMs = performance.now();
    this.#metrics?.start(startMs);
    const measureFromMs = startMs + this.#plan.warmupMs;
    const sampler = new Sampler(
      pool.stats,
      (interval) => observer.onInterval(interval),
      // How long a drain takes is not known.
      this.#plan.drainMs > 0 ? Infinity : this.#plan.durationMs,
    );
    let cpuBefore = readCpuTime();
    let timer = 0;
    const begin = () => {
      cpuBefore = readCpuTime();
      // Samples at multiples of the period, so that intervals end at whole seconds.
      const next = () => {
        const elapsedMs = performance.now() - measureFromMs;
        timer = setTimeout(() => {
          sampler.sample(performance.now() - measureFromMs);
          next();
        }, samplePeriodMs - elapsedMs % samplePeriodMs);
      };
      next();
    };
    const warmup = this.#plan.warmupMs === 0 ? 0 : setTimeout(begin, this.#plan.warmupMs);
    if (warmup === 0) begin();
    const startedAt = new Date(Date.now() + this.#plan.warmupMs).toISOString();
    // Interrupted during preparation: the threads end at once.
    if (this.#interrupted) pool.stop(this.#interruptCode);
    let outcomes: ThreadOutcome[];
    try {
      outcomes = await pool.run(startMs);
    } finally {
      clearTimeout(warmup);
      clearTimeout(timer);
      this.#metrics?.end();
    }
    const cpuAfter = readCpuTime();
    const measuredMs = Math.max(...outcomes.map((outcome) => outcome.measuredMs));
    sampler.finish(measuredMs);
    return this.#result(pool, sampler, outcomes, measuredMs, {
      startedAt,
      cpuUserMs: cpuAfter.userMs - cpuBefore.userMs,
      cpuSystemMs: cpuAfter.systemMs - cpuBefore.systemMs,
    });
  }

  #result(
    pool: WorkerPool,
    sampler: Sampler,
    outcomes: readonly ThreadOutcome[],
    measuredMs: number,
    times: Pick<LoadResult, "startedAt" | "cpuUserMs" | "cpuSystemMs">,
  ): LoadResult {
    const plan = this.#plan;
    const stats = sumOf(pool.stats);
    const rate = plan.replay === null ? averageRate(plan) : dueRate(stats, measuredMs);
    return {
      ...times,
      url: this.#prepared.shownUrl,
      threads: this.#prepared.threads.length,
      connections: this.#prepared.connections,
      durationMs: plan.durationMs,
      requestedRate: rate === null ? null : rate * this.#prepared.rateShare,
      isRamp: plan.replay !== null || plan.stages !== null &&
          (plan.stages.length > 1 || plan.stages[0].rateStart !== plan.stages[0].rateEnd),
      measuredMs,
      stats,
      rates: sampler.rates,
      intervals: sampler.intervals,
      failures: mergeFailures(outcomes.flatMap((outcome) => outcome.failures)),
      autoSources: outcomes.reduce((sum, outcome) => sum + outcome.autoSources, 0),
      portRange: readPortRange(),
      interrupted: this.#interrupted,
      hasScript: plan.script !== null,
      hasReplay: plan.replay !== null,
      streams: plan.http2 ? plan.streams : null,
      isSecure: this.#prepared.isSecure,
      lookupTime: plan.output.phases ? histogramOfValues(this.#prepared.lookupsUs) : null,
      answerCounts: addAnswerCounts(outcomes.map((outcome) => outcome.answerCounts)),
      groupBy: plan.output.groupBy,
      threadVariables: outcomes.map((outcome) => outcome.variables),
      machines: [],
    };
  }
}

/** Of what a log had due in this time; a log has no rate of its own. */
function dueRate({ counters }: ThreadStats, measuredMs: number): number {
  return measuredMs > 0 ? counters[Slot.scheduled] / measuredMs * 1000 : 0;
}

function histogramOfValues(valuesUs: readonly number[]): Histogram {
  const histogram = new Histogram();
  for (const valueUs of valuesUs) histogram.record(valueUs);
  return histogram;
}

/** The sum over all threads; a single one is not copied, as that would take longer than a short run. */
function sumOf(threads: readonly ThreadStats[]): ThreadStats {
  if (threads.length === 1) return threads[0];
  const sum = ThreadStats.make([...threads[0].extra.keys()]);
  for (const each of threads) sum.add(each);
  return sum;
}

/** Average rate of the whole run's schedule, in requests a second; null: closed loop. */
export function averageRate(plan: LoadPlan): number | null {
  if (plan.stages === null) return null;
  let requests = 0;
  let totalMs = 0;
  for (const { durationMs, rateStart, rateEnd } of plan.stages) {
    requests += (rateStart + rateEnd) / 2 * durationMs / 1000;
    totalMs += durationMs;
  }
  return requests / totalMs * 1000;
}
