/** `--fail-if 'p99>5ms'`: conditions under which a run has failed. Pure. */
import { readCount, readDurationMs } from "../../cli/mod.ts";
import { failureKinds } from "./failure.ts";

export interface Threshold {
  /** As the user wrote it. */
  readonly text: string;
  readonly metric: Metric;
  readonly comparison: Comparison;
  /** Microseconds for times, a share for percentages, plain numbers otherwise. */
  readonly limit: number;
}

export type Comparison = ">" | ">=" | "<" | "<=" | "==" | "!=";

/** The phases of --phases by their names in conditions. */
export const phaseMetrics = ["dns", "connect", "tls", "ttfb", "transfer"] as const;
export type PhaseMetric = typeof phaseMetrics[number];

/** The times and counts of --sse by their names in conditions. */
export const eventMetrics = ["first-event", "gap"] as const;
export type EventMetric = typeof eventMetrics[number];
const eventCounts = ["events", "ended"];

/** Whose percentiles and averages a condition can name. */
export type TimeName = "latency" | "service" | PhaseMetric | EventMetric;

export type Metric =
  | { readonly kind: "percentile"; readonly percent: number; readonly of: TimeName }
  | {
    readonly kind: "time";
    readonly name: "mean" | "max" | "min" | "stdev";
    readonly of: TimeName;
  }
  | { readonly kind: "count"; readonly name: CountMetric }
  | { readonly kind: "share"; readonly name: "error-rate" }
  /** Responses with a status from `first` to `last`, as a number or as a share of all responses. */
  | {
    readonly kind: "status";
    readonly first: number;
    readonly last: number;
    readonly isShare: boolean;
  };

/** Names of countable things. */
export const countMetrics = [
  "errors",
  ...failureKinds,
  "retried",
  "lost",
  "requests",
  "rps",
  "bytes",
  "unsent",
  "events",
  "ended",
  "messages",
] as const;
export type CountMetric = typeof countMetrics[number];

const shape = /^\s*([a-z0-9.-]+)\s*(>=|<=|==|!=|>|<|=)\s*(\S+?)\s*$/i;

/** Reads a condition, or returns why it is invalid. */
export function parseThreshold(text: string): Threshold | string {
  const match = shape.exec(text);
  if (match === null) return "not like p99>5ms, errors>0, error-rate>1%, 5xx>0 or rps<100k";
  const metric = parseMetric(match[1]) ?? parseStatus(match[1], match[3]);
  if (metric === null) {
    return `unknown figure ${match[1]}; available: p50 ... p99.99, p100, mean, stdev, min, max ` +
      `(with service- before them for the service time, and with --phases dns-, connect-, tls-, ` +
      `ttfb- or transfer-, with --sse first-event- or gap-), error-rate, 1xx ... 5xx, status-404, ` +
      countMetrics.join(", ");
  }
  const limit = parseLimit(metric, match[3]);
  if (typeof limit === "string") return limit;
  const comparison = (match[2] === "=" ? "==" : match[2]) as Comparison;
  return { text: text.trim(), metric, comparison, limit };
}

function parseMetric(text: string): Metric | null {
  const name = text.toLowerCase();
  const counted = countMetrics.find((metric) => metric.toLowerCase() === name);
  if (counted !== undefined) return { kind: "count", name: counted };
  if (name === "error-rate") return { kind: "share", name };
  const prefixed = /^(service|latency|dns|connect|tls|ttfb|transfer|first-event|gap)-(.*)$/.exec(
    name,
  );
  const of = (prefixed?.[1] ?? "latency") as TimeName;
  const bare = prefixed?.[2] ?? name;
  const percent = /^p(\d+(?:\.\d+)?)$/.exec(bare);
  if (percent !== null && Number(percent[1]) <= 100) {
    return { kind: "percentile", percent: Number(percent[1]), of };
  }
  return bare === "mean" || bare === "max" || bare === "min" || bare === "stdev"
    ? { kind: "time", name: bare, of }
    : null;
}

/** `5xx`, `status-5xx` or `status-404`; a limit with % makes it a share of the responses. */
function parseStatus(text: string, limit: string): Metric | null {
  const match = /^(?:(?:status-)?([1-9])xx|status-([1-9]\d\d))$/i.exec(text);
  if (match === null) return null;
  const first = match[1] === undefined ? Number(match[2]) : Number(match[1]) * 100;
  const last = match[1] === undefined ? first : first + 99;
  return { kind: "status", first, last, isShare: limit.endsWith("%") };
}

function parseLimit(metric: Metric, text: string): number | string {
  if (metric.kind === "count" || (metric.kind === "status" && !metric.isShare)) {
    const count = readCount(text);
    return Number.isNaN(count) ? `${text} is not a number; use 0, 250 or 100k` : count;
  }
  if (metric.kind === "share" || metric.kind === "status") {
    const match = /^(\d+(?:\.\d+)?)%$/.exec(text);
    if (match !== null) return Number(match[1]) / 100;
    return /^[01](\.\d+)?$/.test(text) ? Number(text) : `${text} is not a share; use 1% or 0.01`;
  }
  const micro = /^(\d+(?:\.\d+)?)us$/.exec(text);
  if (micro !== null) return Number(micro[1]);
  const ms = /[a-z]$/i.test(text) ? readDurationMs(text) : NaN;
  return Number.isNaN(ms) ? `${text} is not a time with a unit; use 800us, 5ms or 1.5s` : ms * 1000;
}

/** Whether the condition holds for `value`, which fails the run. */
export function isBroken(threshold: Threshold, value: number): boolean {
  const { comparison, limit } = threshold;
  switch (comparison) {
    case ">":
      return value > limit;
    case ">=":
      return value >= limit;
    case "<":
      return value < limit;
    case "<=":
      return value <= limit;
    case "==":
      return value === limit;
    case "!=":
      return value !== limit;
  }
}

/** The phase that the condition judges, for which --phases is needed; null: none. */
export function phaseOf({ metric }: Threshold): PhaseMetric | null {
  if (metric.kind !== "percentile" && metric.kind !== "time") return null;
  return phaseMetrics.find((name) => name === metric.of) ?? null;
}

/** Whether the condition judges event streams, for which --sse is needed. */
export function needsEventStreams({ metric }: Threshold): boolean {
  if (metric.kind === "count") return eventCounts.includes(metric.name);
  if (metric.kind !== "percentile" && metric.kind !== "time") return false;
  return eventMetrics.some((name) => name === metric.of);
}

/** Whether the condition judges WebSockets. */
export function needsWebSocket({ metric }: Threshold): boolean {
  return metric.kind === "count" && metric.name === "messages";
}

/** Reads a condition of --find-rate, which has to hold; or returns why it is invalid. */
export function parseCondition(text: string): Threshold | string {
  const condition = parseThreshold(text);
  if (typeof condition === "string") return condition;
  const { metric, comparison } = condition;
  const isTime = metric.kind === "percentile" || metric.kind === "time";
  if (!isTime || comparison.startsWith("<")) return condition;
  return "it has to hold at the rate that is found: use < as in p99<20ms";
}
