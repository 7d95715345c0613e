/** A histogram in the few buckets that metrics have. */
import type { Histogram } from "./histogram.ts";

/** Upper bounds in seconds, inclusive: from what a loopback takes to the longest timeouts. */
export const loadBoundsSeconds: readonly number[] = [
  ...[0.00005, 0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05],
  ...[0.1, 0.2, 0.5, 1, 2, 5, 10, 30],
];

export interface Buckets {
  /** Per bucket, not cumulative; one more than there are bounds. */
  readonly counts: Float64Array;
  /** Of all values, in seconds; to three digits. */
  readonly sumSeconds: number;
}

/**
 * The values by bucket; `boundsSeconds` are ascending. A counter that a bound divides counts below it, so
 * that a bound is exact up to 2 ms, and to three digits above.
 */
export function bucketsOf(histogram: Histogram, boundsSeconds: readonly number[]): Buckets {
  const boundsUs = boundsSeconds.map((seconds) => Math.round(seconds * 1e6));
  const counts = new Float64Array(boundsUs.length + 1);
  let bucket = 0;
  let sumUs = 0;
  histogram.forEach((lowestUs, highestUs, count) => {
    while (bucket < boundsUs.length && lowestUs > boundsUs[bucket]) bucket++;
    counts[bucket] += count;
    sumUs += (lowestUs + highestUs) / 2 * count;
  });
  return { counts, sumSeconds: sumUs / 1e6 };
}
