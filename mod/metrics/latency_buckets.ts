/**
 * Fixed latency buckets, for counters that are exported as metrics and summed over processes.
 *
 * Bounds double from 0.25 ms to 32.768 s, so that one instruction finds the bucket and recording a
 * value is one array increment.
 */

/** Upper bounds in milliseconds, inclusive; a last, unbounded bucket follows. */
export const latencyBoundsMs: readonly number[] = Array.from({ length: 18 }, (_, i) => 2 ** i / 4);

/** Number of buckets, including the unbounded one. */
export const latencyBucketCount = latencyBoundsMs.length + 1;

/** Index of the bucket for a latency in milliseconds. */
export function latencyBucketOf(ms: number): number {
  if (!(ms > 0.25)) return 0;
  const index = 32 - Math.clz32(Math.ceil(4 * ms) - 1);
  return ms >= 2 ** 29 || index > latencyBucketCount - 1 ? latencyBucketCount - 1 : index;
}
