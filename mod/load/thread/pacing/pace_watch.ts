/** Finds out why scheduled requests are sent late, from what the thread did while they were due. */
import { type CounterName, Slot } from "../../stats/thread_stats.ts";

/** CPU time of this thread, and time in which it was ready and had no CPU; milliseconds. */
export interface ThreadTimes {
  readonly cpuMs: number;
  readonly queuedMs: number;
}

/** Reading the times costs about 20 us. */
const windowMs = 20;
/** A thread that wakes this much too late without having waited for a CPU was stopped. */
const gapMs = 50;
/** Share of a window spent on a CPU or waiting for one; above it the thread had no time to send. */
const busyShare = 0.7;

/** The longest sleep of a watched thread. */
export const watchedSleepMs = windowMs;

/** From /proc/thread-self/schedstat (nanoseconds, since Linux 4.6); null where there is none. */
export function readThreadTimes(): ThreadTimes | null {
  try {
    const [cpu, queued] = Deno.readTextFileSync("/proc/thread-self/schedstat").split(" ");
    return { cpuMs: Number(cpu) / 1e6, queuedMs: Number(queued) / 1e6 };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

export class PaceWatch {
  readonly #counters: Float64Array;
  readonly #readTimes: () => ThreadTimes | null;
  #windowStartMs = NaN;
  #times: ThreadTimes | null = null;
  /** In this window: due requests multiplied by their lateness, and the longest gap. */
  #overdue = 0;
  #gapMs = 0;
  #lastMs = NaN;
  #lastOverdue = 0;
  #wakeMs = Infinity;
  #hadFree = false;

  constructor(counters: Float64Array, readTimes: () => ThreadTimes | null = readThreadTimes) {
    this.#counters = counters;
    this.#readTimes = readTimes;
  }

  /** At the beginning of a tick. `overdue`: requests that are due; `hasFree`: a connection is free. */
  begin(nowMs: number, overdue: number, hasFree: boolean): void {
    if (Number.isNaN(this.#windowStartMs)) return this.#open(nowMs);
    this.#gapMs = Math.max(this.#gapMs, nowMs - this.#wakeMs);
    this.#overdue += (this.#lastOverdue + overdue) / 2 * (nowMs - this.#lastMs);
    this.#lastMs = nowMs;
    this.#lastOverdue = overdue;
    // If a connection was free in any tick of the window, connections were not the limit.
    this.#hadFree ||= hasFree && overdue > 0;
    if (nowMs - this.#windowStartMs >= windowMs) this.#close(nowMs);
  }

  /** At the end of a tick; `wakeMs`: when the next one is due. */
  end(nowMs: number, overdue: number, wakeMs: number): void {
    this.#lastMs = nowMs;
    this.#lastOverdue = overdue;
    this.#wakeMs = wakeMs;
  }

  #open(nowMs: number): void {
    this.#windowStartMs = this.#lastMs = nowMs;
    this.#times = this.#readTimes();
    this.#overdue = 0;
    this.#gapMs = 0;
    this.#hadFree = false;
  }

  #close(nowMs: number): void {
    const former = this.#times, spentMs = nowMs - this.#windowStartMs;
    const overdue = this.#overdue, longestGapMs = this.#gapMs, hadFree = this.#hadFree;
    this.#open(nowMs);
    const times = this.#times;
    if (former === null || times === null) return;
    const cpuMs = times.cpuMs - former.cpuMs, queuedMs = times.queuedMs - former.queuedMs;
    const isBusy = cpuMs + queuedMs >= busyShare * spentMs;
    const isStopped = !isBusy && longestGapMs >= gapMs;
    if (isStopped) this.#counters[Slot.stoppedMs] += longestGapMs;
    if (overdue <= 0) return;
    const cause: CounterName | null = isStopped
      ? "lateStopped"
      : isBusy
      ? (queuedMs > cpuMs ? "lateQueued" : "lateBusy")
      : hadFree
      ? null
      : "lateConnection";
    if (cause !== null) this.#counters[Slot[cause]] += overdue;
  }
}
