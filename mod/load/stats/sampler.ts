/** Samples the threads' shared counters while they run: wrk's rate samples, and one line a second. */
import { Histogram } from "../../metrics/histogram.ts";
import type { Interval } from "./result.ts";
import { failedCount, Slot, type ThreadStats } from "./thread_stats.ts";

/** As often as wrk samples its rate. */
export const samplePeriodMs = 100;
const intervalMs = 1000;
/** A sample that is nearer to a whole second than to its neighbours belongs to that second. */
const earlyMs = samplePeriodMs / 2;
/** A remainder shorter than this at the end gives a rate that is mostly noise. */
const lastIntervalMinMs = 100;

const noCounts = { atMs: 0, requests: 0, bytesRead: 0, failed: 0, retried: 0, received: 0 };

export class Sampler {
  /** Requests a second of one thread, in whole numbers. */
  readonly rates = new Histogram();
  readonly intervals: Interval[] = [];
  readonly #stats: readonly ThreadStats[];
  readonly #onInterval: (interval: Interval) => void;
  readonly #sampledRequests: number[];
  readonly #sampledAtMs: number[];
  readonly #earlier: Histogram[];
  readonly #lastCloseMs: number;
  #nextCloseMs = intervalMs - earlyMs;
  /** Latency of the interval being closed; reused, so that a long run makes no garbage. */
  readonly #latency = new Histogram();
  #last = noCounts;

  /**
   * `onInterval` is called once a second. `durationMs`: when the measurement ends; Infinity
   * when unknown.
   */
  constructor(
    stats: readonly ThreadStats[],
    onInterval: (interval: Interval) => void,
    durationMs = Infinity,
  ) {
    this.#stats = stats;
    // The rest after a later interval would be too short; `finish` closes it.
    this.#lastCloseMs = durationMs - lastIntervalMinMs;
    this.#onInterval = onInterval;
    this.#sampledRequests = stats.map(() => 0);
    this.#sampledAtMs = stats.map(() => 0);
    this.#earlier = stats.map(() => new Histogram());
  }

  /** Called every `samplePeriodMs`; `elapsedMs` since the measurement began. */
  sample(elapsedMs: number): void {
    // What comes after the end of all threads is no part of the measurement.
    if (this.#stats.every(({ counters }) => counters[Slot.over] > 0)) return;
    this.#stats.forEach(({ counters }, thread) => {
      const requests = counters[Slot.answered] - this.#sampledRequests[thread];
      // As in wrk: a period without a response gives no sample; the next one is averaged over both.
      if (requests <= 0) return;
      const periodMs = elapsedMs - this.#sampledAtMs[thread];
      this.rates.record(Math.floor(requests / periodMs * 1000));
      this.#sampledRequests[thread] += requests;
      this.#sampledAtMs[thread] = elapsedMs;
    });
    if (elapsedMs < this.#nextCloseMs || elapsedMs > this.#lastCloseMs) return;
    this.#closeInterval(elapsedMs);
    // A late sample makes one interval longer and the next one shorter: none drifts.
    this.#nextCloseMs = (Math.floor((elapsedMs + earlyMs) / intervalMs) + 1) * intervalMs - earlyMs;
  }

  /** Closes the remainder since the last second, so that the intervals add up to the total. */
  finish(elapsedMs: number): void {
    const isLong = elapsedMs - this.#last.atMs >= lastIntervalMinMs;
    const isOwed = this.intervals.length === 0 || this.#countSettled() > this.#lastSettled;
    if (isLong || isOwed) this.#closeInterval(elapsedMs);
  }

  /** Requests that were answered or have failed, a failed status as both; and events. */
  #countSettled(): number {
    return this.#stats.reduce(
      (sum, { counters }) =>
        sum + counters[Slot.answered] + failedCount(counters) + counters[Slot.received],
      0,
    );
  }

  get #lastSettled(): number {
    return this.#last.requests + this.#last.failed + this.#last.received;
  }

  #closeInterval(elapsedMs: number): void {
    const latency = this.#latency;
    latency.clear();
    const now = { ...noCounts, atMs: elapsedMs };
    let openConnections = 0;
    this.#stats.forEach((stats, thread) => {
      const { counters } = stats;
      now.requests += counters[Slot.answered];
      now.bytesRead += counters[Slot.bytesRead];
      now.failed += failedCount(counters);
      now.retried += counters[Slot.retried];
      now.received += counters[Slot.received];
      openConnections += counters[Slot.open];
      stats.latency.advance(this.#earlier[thread], latency);
    });
    const [p50Us, p90Us, p99Us] = latency.percentiles([50, 90, 99]);
    const interval: Interval = {
      endMs: elapsedMs,
      durationMs: elapsedMs - this.#last.atMs,
      requests: now.requests - this.#last.requests,
      bytesRead: now.bytesRead - this.#last.bytesRead,
      failed: now.failed - this.#last.failed,
      retried: now.retried - this.#last.retried,
      received: now.received - this.#last.received,
      openConnections,
      p50Us,
      p90Us,
      p99Us,
      maxUs: latency.maxUs,
    };
    this.#last = now;
    this.intervals.push(interval);
    this.#onInterval(interval);
  }
}
