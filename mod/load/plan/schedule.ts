/**
 * When the requests of an open loop are due: one schedule for the whole run, made before it starts.
 *
 * The rate changes linearly within a stage, so the number of requests due by time t
 * is a parabola, and the time of request k is its inverse. No step-by-step sums, so no drift.
 */

/** A stretch of time in which the rate goes from `rateStart` to `rateEnd` requests a second. */
export interface Stage {
  readonly durationMs: number;
  readonly rateStart: number;
  readonly rateEnd: number;
}

/** Requests a second at `elapsedMs` since the start of the schedule; 0 after its end. */
export function rateAt(stages: readonly Stage[], elapsedMs: number): number {
  let startMs = 0;
  for (const { durationMs, rateStart, rateEnd } of stages) {
    const withinMs = elapsedMs - startMs;
    if (withinMs < durationMs) {
      return rateStart + (rateEnd - rateStart) * Math.max(0, withinMs) / durationMs;
    }
    startMs += durationMs;
  }
  return 0;
}

/** Times of requests 0, 1, 2 ... in milliseconds since the start of the schedule. */
export class Schedule {
  readonly durationMs: number;
  /** Requests due before the end. */
  readonly count: number;
  readonly #stages: readonly Stage[];
  /** Requests due before each stage, fractions included, so that stages join without a gap. */
  readonly #countsBefore: number[] = [];
  readonly #startsMs: number[] = [];

  constructor(stages: readonly Stage[]) {
    this.#stages = stages;
    let count = 0;
    let startMs = 0;
    for (const stage of stages) {
      this.#countsBefore.push(count);
      this.#startsMs.push(startMs);
      count += (stage.rateStart + stage.rateEnd) / 2 * stage.durationMs / 1000;
      startMs += stage.durationMs;
    }
    this.durationMs = startMs;
    // A small tolerance: 0.1 s at 30/s is 3 requests although 0.1 * 30 > 3 in doubles.
    this.count = Math.ceil(count - 1e-6);
  }

  /** When request `index` is due; Infinity after the last one. */
  dueMs(index: number): number {
    if (index >= this.count) return Infinity;
    let stage = this.#stages.length - 1;
    while (stage > 0 && this.#countsBefore[stage] > index) stage--;
    const { durationMs, rateStart, rateEnd } = this.#stages[stage];
    const wanted = index - this.#countsBefore[stage];
    const slope = (rateEnd - rateStart) / (durationMs / 1000);
    // wanted = rateStart * t + slope / 2 * t^2, in the form that does not cancel for small slopes.
    const root = Math.sqrt(Math.max(0, rateStart * rateStart + 2 * slope * wanted));
    const seconds = wanted === 0 ? 0 : 2 * wanted / (rateStart + root);
    return this.#startsMs[stage] + seconds * 1000;
  }

  /** Requests due at or before `elapsedMs`. */
  dueCount(elapsedMs: number): number {
    if (elapsedMs >= this.durationMs) return this.count;
    if (elapsedMs < 0) return 0;
    let stage = this.#stages.length - 1;
    while (stage > 0 && this.#startsMs[stage] > elapsedMs) stage--;
    const { durationMs, rateStart, rateEnd } = this.#stages[stage];
    const seconds = (elapsedMs - this.#startsMs[stage]) / 1000;
    const slope = (rateEnd - rateStart) / (durationMs / 1000);
    const within = rateStart * seconds + slope / 2 * seconds * seconds;
    return Math.min(this.count, Math.floor(this.#countsBefore[stage] + within + 1e-9) + 1);
  }
}
