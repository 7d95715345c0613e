/** What a run measured: the source of every report. */
import type { Histogram } from "../../metrics/histogram.ts";
import { failedCount, Slot, type ThreadStats } from "./thread_stats.ts";
import type { MachineShare } from "./machine_share.ts";
import type { FailureCount } from "../plan/thread_plan.ts";

/** One second of the run. */
export interface Interval {
  /** Its end, in milliseconds since the start of the measurement. */
  readonly endMs: number;
  readonly durationMs: number;
  readonly requests: number;
  readonly bytesRead: number;
  readonly failed: number;
  readonly retried: number;
  /** Events of event streams, or messages of WebSockets. */
  readonly received: number;
  readonly openConnections: number;
  readonly p50Us: number;
  readonly p90Us: number;
  readonly p99Us: number;
  readonly maxUs: number;
}

export interface LoadResult {
  /** As the user typed it. */
  readonly url: string;
  readonly threads: number;
  readonly connections: number;
  /** As requested; Infinity: until the requests were sent. */
  readonly durationMs: number;
  /** Average request rate of the schedule, per second; null: closed loop. */
  readonly requestedRate: number | null;
  readonly isRamp: boolean;
  readonly startedAt: string;
  readonly measuredMs: number;
  readonly stats: ThreadStats;
  /** Requests a second of each thread, every 100 ms. */
  readonly rates: Histogram;
  readonly intervals: readonly Interval[];
  readonly failures: readonly FailureCount[];
  /** CPU time of this process while it measured, in milliseconds. */
  readonly cpuUserMs: number;
  readonly cpuSystemMs: number;
  /** Loopback addresses used besides 127.0.0.1, and the range of ephemeral ports. */
  readonly autoSources: number;
  readonly portRange: readonly [first: number, last: number] | null;
  readonly interrupted: boolean;
  readonly hasScript: boolean;
  /** The requests were those of a log. */
  readonly hasReplay: boolean;
  /** Requests at once on each HTTP/2 connection; null: HTTP/1.1. */
  readonly streams: number | null;
  /** At least one URL is https. */
  readonly isSecure: boolean;
  /** Lookups of names, before the run; null: the run does not tell phases apart. */
  readonly lookupTime: Histogram | null;
  /** Complete responses by the value of the field that `groupBy` names; null: not counted. */
  readonly answerCounts: Readonly<Record<string, number>> | null;
  readonly groupBy: string | null;
  /** Global variables of each thread's script. */
  readonly threadVariables: readonly Readonly<Record<string, unknown>>[];
  /** The machines that sent it, lost ones too; none: this process alone. */
  readonly machines: readonly MachineShare[];
}

/** Complete responses a second. */
export function throughput(result: LoadResult): number {
  return result.stats.counters[Slot.answered] / (result.measuredMs / 1000);
}

/**
 * Request rate of the schedule, per second. A constant rate is returned as given, so that 0.5 is
 * not 0.6 because a run of 5 s starts and ends with a request. Null: closed loop, or nothing was measured.
 */
export function requestedRate(result: LoadResult): number | null {
  const { requestedRate, isRamp, interrupted, measuredMs, stats } = result;
  if (requestedRate === null || measuredMs <= 0) return null;
  // A ramp that was cut off has a different average than the whole ramp.
  const isWhole = !isRamp || (!interrupted && measuredMs >= result.durationMs - 1);
  return isWhole ? requestedRate : stats.counters[Slot.scheduled] / measuredMs * 1000;
}

/** Requests that were sent or should have been, and failed. */
export function errorsOf(result: LoadResult): number {
  return failedCount(result.stats.counters);
}

/** Share of one CPU that each of our threads used, 0 to 1. */
export function cpuShare(result: LoadResult): number {
  const usedMs = result.cpuUserMs + result.cpuSystemMs;
  return usedMs / Math.max(1, result.measuredMs) / result.threads;
}
