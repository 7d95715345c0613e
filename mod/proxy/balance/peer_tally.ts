/** A peer's responses: statuses, times and sizes. The master sums them over its workers. */
import { latencyBucketCount, latencyBucketOf } from "../../metrics/latency_buckets.ts";

/** Status classes: index 1 is 1xx. */
const classCount = 6;
const statusEnd = 600;

/** A tally as JSON; zeros are omitted. Lists are joined by `key`. */
export interface TallyCounters {
  readonly codes: readonly KeyedCount[];
  readonly times: readonly KeyedCount[];
  readonly timeSumsMs: readonly number[];
  readonly sentBytes: number;
  readonly receivedBytes: number;
}

interface KeyedCount {
  readonly key: string;
  readonly count: number;
}

export class PeerTally {
  /** Responses by status. */
  readonly codes = new Float64Array(statusEnd);
  /** Times from the request to the last byte of the response: one row of buckets per class. */
  readonly #times = new Float64Array(classCount * latencyBucketCount);
  readonly #timeSumsMs = new Float64Array(classCount);
  sentBytes = 0;
  receivedBytes = 0;

  /** Records a response head. */
  noteStatus(status: number): void {
    this.codes[status]++;
  }

  /** Records a complete response; bytes include heads and framing. */
  noteEnd(status: number, durationMs: number, sentBytes: number, receivedBytes: number): void {
    const row = status / 100 | 0;
    this.#times[row * latencyBucketCount + latencyBucketOf(durationMs)]++;
    this.#timeSumsMs[row] += durationMs;
    this.sentBytes += sentBytes;
    this.receivedBytes += receivedBytes;
  }

  /** The buckets of a status class, not cumulative. */
  timesOf(statusClass: number): Float64Array {
    const start = statusClass * latencyBucketCount;
    return this.#times.subarray(start, start + latencyBucketCount);
  }

  timeSumMsOf(statusClass: number): number {
    return this.#timeSumsMs[statusClass];
  }

  /** All classes together. */
  allTimes(): { readonly counts: number[]; readonly count: number; readonly sumMs: number } {
    const counts = new Array<number>(latencyBucketCount).fill(0);
    for (let i = 0; i < this.#times.length; i++) counts[i % latencyBucketCount] += this.#times[i];
    return {
      counts,
      count: counts.reduce((sum, count) => sum + count, 0),
      sumMs: this.#timeSumsMs.reduce((sum, ms) => sum + ms, 0),
    };
  }

  counters(): TallyCounters {
    return {
      codes: keyed(this.codes),
      times: keyed(this.#times),
      timeSumsMs: [...this.#timeSumsMs],
      sentBytes: this.sentBytes,
      receivedBytes: this.receivedBytes,
    };
  }

  /** Adds the counters of another process. */
  add(counters: TallyCounters): void {
    for (const { key, count } of counters.codes) this.codes[Number(key)] += count;
    for (const { key, count } of counters.times) this.#times[Number(key)] += count;
    for (const [row, sumMs] of counters.timeSumsMs.entries()) this.#timeSumsMs[row] += sumMs;
    this.sentBytes += counters.sentBytes;
    this.receivedBytes += counters.receivedBytes;
  }

  clear(): void {
    this.codes.fill(0);
    this.#times.fill(0);
    this.#timeSumsMs.fill(0);
    this.sentBytes = this.receivedBytes = 0;
  }
}

function keyed(values: Float64Array): KeyedCount[] {
  const result: KeyedCount[] = [];
  for (let i = 0; i < values.length; i++) {
    if (values[i] !== 0) result.push({ key: String(i), count: values[i] });
  }
  return result;
}
