/** Counters and gauges of one worker as numbers in a row, so that memory can be shared. */
import { latencyBucketCount, latencyBucketOf } from "../../metrics/latency_buckets.ts";

/** Counters, which are added up over workers, and then gauges. */
const At = {
  aborts: 0,
  refused: 1,
  shed: 2,
  lagMs: 8,
  heapBytes: 9,
  waiting: 10,
} as const;
const countersEnd = At.lagMs;
/** From here on, for each class of status: the buckets, and the sum in seconds. */
const classesStart = 16;
const classLength = latencyBucketCount + 1;
const classCount = 5;

/** Doubles that a worker needs. */
export const metricsLength = classesStart + classCount * classLength;

/** What the responses with one class of status took. */
export interface ClassTimes {
  /** 2 for 2xx. */
  readonly class: number;
  /** By bucket of `latencyBoundsMs`. */
  readonly counts: Float64Array;
  readonly sumSeconds: number;
}

export class WorkerMetrics {
  readonly #values: Float64Array;

  constructor(values: Float64Array = new Float64Array(metricsLength)) {
    this.#values = values;
  }

  /** A response is complete, or was cut off. */
  noteResponse(status: number, ms: number): void {
    const start = classesStart + (Math.trunc(status / 100) - 1) * classLength;
    // A status of three digits, or none at all.
    if (start < classesStart || start >= metricsLength) return;
    this.#values[start + latencyBucketOf(ms)]++;
    this.#values[start + latencyBucketCount] += ms / 1000;
  }

  /** The client has gone before its response was complete. */
  noteAbort(): void {
    this.#values[At.aborts]++;
  }

  /** A request was refused before it reached a handler. */
  noteRefused(): void {
    this.#values[At.refused]++;
  }

  get aborts(): number {
    return this.#values[At.aborts];
  }

  get refused(): number {
    return this.#values[At.refused];
  }

  /** The longest delay of the event loop in the last seconds. */
  get lagMs(): number {
    return this.#values[At.lagMs];
  }

  set lagMs(ms: number) {
    this.#values[At.lagMs] = ms;
  }

  /** Requests refused because the app and its queue were full. */
  get shed(): number {
    return this.#values[At.shed];
  }

  set shed(count: number) {
    this.#values[At.shed] = count;
  }

  /** Requests in the queue of the app. */
  get waiting(): number {
    return this.#values[At.waiting];
  }

  set waiting(count: number) {
    this.#values[At.waiting] = count;
  }

  get heapBytes(): number {
    return this.#values[At.heapBytes];
  }

  set heapBytes(bytes: number) {
    this.#values[At.heapBytes] = bytes;
  }

  /** Those classes that have occurred. */
  times(): ClassTimes[] {
    const times: ClassTimes[] = [];
    for (let i = 0; i < classCount; i++) {
      const start = classesStart + i * classLength;
      const counts = this.#values.slice(start, start + latencyBucketCount);
      if (counts.every((count) => count === 0)) continue;
      const sumSeconds = this.#values[start + latencyBucketCount];
      times.push({ class: i + 1, counts, sumSeconds });
    }
    return times;
  }

  clear(): void {
    this.#values.fill(0);
  }

  /** Adds the counters of another worker; gauges stay. */
  add(other: WorkerMetrics): void {
    const from = other.#values;
    for (let i = 0; i < countersEnd; i++) this.#values[i] += from[i];
    for (let i = classesStart; i < metricsLength; i++) this.#values[i] += from[i];
  }
}
