/** What the metrics know: the run that is measured now, and the sum of those before it. */
import { rateAt } from "../plan/schedule.ts";
import { Slot, ThreadStats } from "../stats/thread_stats.ts";
import type { MeteredRun } from "./metrics_messages.ts";

export const runStates = ["starting", "ready", "warming", "measuring", "ended"] as const;
export type RunState = typeof runStates[number];

/** Figures at one moment. */
export interface Reading {
  readonly state: RunState;
  /** Runs so far, the present one among them. */
  readonly runCount: number;
  /** Of all runs. */
  readonly total: ThreadStats;
  readonly openConnections: number;
  /** Requests a second that the schedule has now; null: closed loop, or a log. */
  readonly targetRate: number | null;
  /** Some run had a schedule, so that service time is another figure than latency. */
  readonly hasServiceTime: boolean;
}

export class Meter {
  readonly #past = ThreadStats.make();
  #run: MeteredRun | null = null;
  #threads: readonly ThreadStats[] = [];
  #runCount = 0;
  #hasServiceTime = false;
  /** When the run starts, since 1970; null: not yet. */
  #startMs: number | null = null;
  #hasEnded = false;

  /** The next run. Counters go on from where those of the run before have ended. */
  begin(run: MeteredRun): void {
    for (const thread of this.#threads) this.#past.add(thread);
    this.#run = run;
    this.#threads = run.memories.map((memory) => new ThreadStats(memory, run.extraTimes));
    this.#runCount++;
    this.#hasServiceTime ||= run.isOpenLoop;
    this.#startMs = null;
    this.#hasEnded = false;
  }

  start(epochMs: number): void {
    this.#startMs = epochMs;
  }

  end(): void {
    this.#hasEnded = true;
  }

  /** `nowMs`: since 1970. */
  read(nowMs: number): Reading {
    const total = ThreadStats.make();
    total.add(this.#past);
    let openConnections = 0;
    for (const thread of this.#threads) {
      total.add(thread);
      if (!this.#hasEnded) openConnections += thread.counters[Slot.open];
    }
    const state = this.#stateAt(nowMs);
    const hasServiceTime = this.#hasServiceTime;
    const targetRate = this.#targetRateAt(state, nowMs);
    return {
      state,
      runCount: this.#runCount,
      total,
      openConnections,
      targetRate,
      hasServiceTime,
    };
  }

  #stateAt(nowMs: number): RunState {
    if (this.#run === null) return "starting";
    if (this.#hasEnded) return "ended";
    if (this.#startMs === null) return "ready";
    return nowMs < this.#startMs + this.#run.warmupMs ? "warming" : "measuring";
  }

  #targetRateAt(state: RunState, nowMs: number): number | null {
    const stages = this.#run?.stages ?? null;
    if (stages === null) return null;
    const isSending = state === "warming" || state === "measuring";
    return isSending ? rateAt(stages, nowMs - this.#startMs!) : 0;
  }
}
