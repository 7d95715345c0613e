/**
 * Fixed buckets for latencies, for counters that are read from outside and summed over processes.
 *
 * Bounds double from 0.25 ms to 32.768 s, so that a bucket is found by one instruction and noting a
 * value is one increment of an array.
 */

/** Upper bounds in milliseconds, inclusive; a last bucket without a bound follows. */
export const latencyBoundsMs: readonly number[] = Array.from({ length: 18 }, (_, i) => 2 ** i / 4);

/** Buckets, the one without a bound included. */
export const latencyBucketCount = latencyBoundsMs.length + 1;

/** The bucket of a latency in milliseconds. */
export function latencyBucketOf(ms: number): number {
  if (!(ms > 0.25)) return 0;
  const index = 32 - Math.clz32(Math.ceil(4 * ms) - 1);
  return ms >= 2 ** 29 || index > latencyBucketCount - 1 ? latencyBucketCount - 1 : index;
}
