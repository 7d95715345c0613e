import type { Histogram } from "../../metrics/histogram.ts";

/**
 * wrk's latency and requests objects. Called with i, from 1 on, it gives the i-th distinct value and
 * how often it came; `length` is the number of distinct values.
 */
export interface ScriptStats {
  (index: number): [value: number, count: number];
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  readonly stdev: number;
  readonly length: number;
  percentile(percent: number): number;
}

export function scriptStats(histogram: Histogram): ScriptStats {
  const entries: [number, number][] = [];
  histogram.forEach((_lowest, highest, count) => {
    entries.push([Math.min(highest, histogram.maxUs), count]);
  });
  const isEmpty = entries.length === 0;
  const { meanUs, stdevUs } = histogram.spread();
  const stats = (index: number): [number, number] => entries[index - 1] ?? [0, 0];
  return Object.defineProperties(stats, {
    min: { value: histogram.minUs },
    max: { value: histogram.maxUs },
    mean: { value: isEmpty ? 0 : meanUs },
    stdev: { value: stdevUs },
    length: { value: entries.length },
    percentile: { value: (percent: number) => histogram.percentile(percent) },
  }) as unknown as ScriptStats;
}
