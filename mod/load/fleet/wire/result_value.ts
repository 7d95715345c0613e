/** Results and seconds of a machine as values of the wire, checked when they are read back. */
import {
  amount,
  count,
  flag,
  list,
  mapOf,
  matching,
  nullable,
  number,
  record,
  shapeFaultOf,
  text,
} from "../../../base/shape.ts";
import { Histogram } from "../../../metrics/histogram.ts";
import type { FailureCount } from "../../plan/thread_plan.ts";
import type { Interval, LoadResult } from "../../stats/result.ts";
import { ThreadStats } from "../../stats/thread_stats.ts";
import { decodeValue } from "./value.ts";

const interval = record<Interval>({
  endMs: amount,
  durationMs: amount,
  requests: amount,
  bytesRead: amount,
  failed: amount,
  retried: amount,
  received: amount,
  openConnections: number,
  p50Us: amount,
  p90Us: amount,
  p99Us: amount,
  maxUs: amount,
});

const histogram = matching("a histogram", (value) => value instanceof Histogram);
const time = matching("a time of day", (value) => Number.isFinite(Date.parse(String(value))));
const duration = matching("a duration", (value) => typeof value === "number" && value >= 0);
const variables = mapOf(() => null);

const result = record<LoadResult>({
  url: text,
  threads: count,
  connections: count,
  durationMs: duration,
  requestedRate: nullable(amount),
  isRamp: flag,
  startedAt: time,
  measuredMs: amount,
  stats: matching("statistics", (value) => value instanceof ThreadStats),
  rates: histogram,
  intervals: list(interval),
  failures: list(record<FailureCount>({ kind: text, code: text, count })),
  cpuUserMs: amount,
  cpuSystemMs: amount,
  autoSources: count,
  portRange: nullable(list(count, 2)),
  interrupted: flag,
  hasScript: flag,
  hasReplay: flag,
  streams: nullable(count),
  isSecure: flag,
  lookupTime: nullable(histogram),
  answerCounts: nullable(mapOf(count)),
  groupBy: nullable(text),
  threadVariables: list(variables),
  machines: list(() => null),
});

/** The result in a message. Throws `SyntaxError` when it is none. */
export function decodeResult(json: unknown): LoadResult {
  const value = decodeValue(json);
  const fault = shapeFaultOf(value, result, "the result");
  if (fault !== null) throw new SyntaxError(fault);
  return value as LoadResult;
}

/** The second of a run in a message. Throws `SyntaxError` when it is none. */
export function decodeInterval(json: unknown): Interval {
  const value = decodeValue(json);
  const fault = shapeFaultOf(value, interval, "the interval");
  if (fault !== null) throw new SyntaxError(fault);
  return value as Interval;
}
