/** The sum of what several machines measured, as one result. Pure. */
import { Histogram } from "../../metrics/histogram.ts";
import { addAnswerCounts } from "../stats/answer_counts.ts";
import { mergeFailures } from "../stats/failure_counts.ts";
import type { MachineShare } from "../stats/machine_share.ts";
import type { Interval, LoadResult } from "../stats/result.ts";
import { ThreadStats } from "../stats/thread_stats.ts";
import { measuredMsOf } from "../stats/together.ts";

/**
 * Adds the results of machines, at least one, whose `startedAt` is on one clock. Counts and histograms
 * are exact sums; the times of a second's intervals are those of the slowest machine.
 */
export function sumOfMachines(
  results: readonly LoadResult[],
  machines: readonly MachineShare[],
): LoadResult {
  const sum = (value: (result: LoadResult) => number) =>
    results.reduce((total, result) => total + value(result), 0);
  const [first] = results;
  const stats = ThreadStats.make([...first.stats.extra.keys()]);
  const rates = new Histogram();
  for (const result of results) {
    stats.add(result.stats);
    rates.add(result.rates);
  }
  return {
    ...first,
    threads: sum((result) => result.threads),
    connections: sum((result) => result.connections),
    requestedRate: first.requestedRate === null ? null : sum((each) => each.requestedRate ?? 0),
    startedAt: results.map(({ startedAt }) => startedAt).sort()[0],
    measuredMs: measuredMsOf(results),
    stats,
    rates,
    intervals: addIntervals(results.map(({ intervals }) => intervals)),
    failures: mergeFailures(results.flatMap(({ failures }) => failures)),
    cpuUserMs: sum((result) => result.cpuUserMs),
    cpuSystemMs: sum((result) => result.cpuSystemMs),
    autoSources: sum((result) => result.autoSources),
    interrupted: results.some(({ interrupted }) => interrupted),
    lookupTime: first.lookupTime === null ? null : sumOfLookups(results),
    answerCounts: addAnswerCounts(results.map(({ answerCounts }) => answerCounts)),
    threadVariables: results.flatMap(({ threadVariables }) => threadVariables),
    machines,
  };
}

function sumOfLookups(results: readonly LoadResult[]): Histogram {
  const total = new Histogram();
  for (const { lookupTime } of results) if (lookupTime !== null) total.add(lookupTime);
  return total;
}

function addIntervals(all: readonly (readonly Interval[])[]): Interval[] {
  const count = Math.max(...all.map((intervals) => intervals.length));
  return Array.from(
    { length: count },
    (_, index) => addSecond(all.flatMap((intervals) => intervals[index] ?? [])),
  );
}

/** The same second of several machines, at least one. */
export function addSecond(parts: readonly Interval[]): Interval {
  const sum = (value: (part: Interval) => number) =>
    parts.reduce((total, part) => total + value(part), 0);
  const worst = (value: (part: Interval) => number) => Math.max(...parts.map(value));
  return {
    endMs: worst((part) => part.endMs),
    durationMs: worst((part) => part.durationMs),
    requests: sum((part) => part.requests),
    bytesRead: sum((part) => part.bytesRead),
    failed: sum((part) => part.failed),
    retried: sum((part) => part.retried),
    received: sum((part) => part.received),
    openConnections: sum((part) => part.openConnections),
    p50Us: worst((part) => part.p50Us),
    p90Us: worst((part) => part.p90Us),
    p99Us: worst((part) => part.p99Us),
    maxUs: worst((part) => part.maxUs),
  };
}
