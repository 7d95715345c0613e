/** Which of the user's --fail-if conditions hold. Pure. */
import { errorsOf, type LoadResult, throughput } from "../stats/result.ts";
import { type CounterName, Slot } from "../stats/thread_stats.ts";
import {
  type CountMetric,
  isBroken,
  type Metric,
  type PhaseMetric,
  type Threshold,
  type TimeName,
} from "../plan/threshold.ts";
import { Histogram } from "../../metrics/histogram.ts";
import { phaseHistogram, type PhaseName } from "./json/phases_json.ts";
import { formatTimeUs } from "./figures/wrk_units.ts";

/** One line for each condition that holds; empty when none does. */
export function brokenThresholds(thresholds: readonly Threshold[], result: LoadResult): string[] {
  return thresholds.flatMap((threshold) => {
    const value = valueOf(threshold.metric, result);
    return isBroken(threshold, value)
      ? [`threshold failed: ${threshold.text} (measured ${shown(threshold.metric, value)})`]
      : [];
  });
}

/** What a condition was judged by. */
export interface Measured {
  readonly holds: boolean;
  readonly shown: string;
}

/** Whether the condition holds, and the figure that it is about. */
export function measuredOf(threshold: Threshold, result: LoadResult): Measured {
  const value = valueOf(threshold.metric, result);
  return { holds: isBroken(threshold, value), shown: shown(threshold.metric, value) };
}

function valueOf(metric: Metric, result: LoadResult): number {
  if (metric.kind === "count") return countOf(metric.name, result);
  if (metric.kind === "share") {
    const errors = errorCount(result);
    const { counters } = result.stats;
    // A response with a bad status is both answered and failed, as is a stream that broke.
    const twice = counters[Slot.failedStatus] + counters[Slot.streamsBroken];
    const all = counters[Slot.answered] + counters[Slot.streamsCarried] + errors - twice;
    return all === 0 ? 0 : errors / all;
  }
  if (metric.kind === "status") return statusOf(metric, result);
  const histogram = histogramFor(metric.of, result);
  if (metric.kind === "percentile") return histogram.percentile(metric.percent);
  switch (metric.name) {
    case "mean":
      return histogram.meanUs;
    case "stdev":
      return histogram.stdevUs;
    case "min":
      return histogram.minUs;
    case "max":
      return histogram.maxUs;
  }
}

const phases: Readonly<Record<PhaseMetric, PhaseName>> = {
  dns: "dns",
  connect: "connect",
  tls: "tls",
  ttfb: "firstByte",
  transfer: "transfer",
};

/** Empty for a phase that was not measured. */
function histogramFor(of: TimeName, result: LoadResult): Histogram {
  const { stats } = result;
  if (of === "latency") return stats.latency;
  // In a closed loop the latency is the service time.
  if (of === "service") return result.requestedRate === null ? stats.latency : stats.serviceTime;
  if (of === "first-event") return stats.extra.get("firstEvent") ?? new Histogram();
  if (of === "gap") return stats.extra.get("eventGap") ?? new Histogram();
  return phaseHistogram(result, phases[of]) ?? new Histogram();
}

function statusOf(
  { first, last, isShare }: Extract<Metric, { kind: "status" }>,
  { stats: { statuses, counters } }: LoadResult,
): number {
  let count = 0;
  for (let status = first; status <= last; status++) count += statuses[status];
  if (!isShare) return count;
  const answered = counters[Slot.answered];
  return answered === 0 ? 0 : count / answered;
}

const slotNames: Partial<Record<CountMetric, CounterName>> = {
  connect: "failedConnect",
  refused: "failedRefused",
  proxy: "failedProxy",
  read: "failedRead",
  write: "failedWrite",
  timeout: "failedTimeout",
  status: "failedStatus",
  truncated: "failedTruncated",
  protocol: "failedProtocol",
  streamReset: "failedStreamReset",
  streamRefused: "failedStreamRefused",
  notEventStream: "failedNotEventStream",
  handshake: "failedHandshake",
  closed: "failedClosed",
  retried: "retried",
  lost: "lost",
  requests: "answered",
  bytes: "bytesRead",
  unsent: "unsent",
  events: "received",
  ended: "streamsEnded",
  messages: "received",
};

function countOf(name: CountMetric, result: LoadResult): number {
  if (name === "errors") return errorCount(result);
  if (name === "rps") return result.measuredMs > 0 ? throughput(result) : 0;
  return result.stats.counters[Slot[slotNames[name]!]];
}

/** Requests that failed, and those that were lost and sent again: both would have affected a user. */
function errorCount(result: LoadResult): number {
  return errorsOf(result) + result.stats.counters[Slot.retried];
}

function shown(metric: Metric, value: number): string {
  const isCount = metric.kind === "count" || (metric.kind === "status" && !metric.isShare);
  if (isCount) return String(Math.round(value * 100) / 100);
  if (metric.kind === "share" || metric.kind === "status") return `${(value * 100).toFixed(2)}%`;
  return Number.isNaN(value) ? "without a sample" : formatTimeUs(value);
}
