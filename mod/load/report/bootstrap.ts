/** Whether a difference is more than noise, by resampling the runs (bootstrap). Pure. */

/** The ratio of two medians and the interval in which it lies with 95 % confidence. */
export interface RatioEstimate {
  readonly ratio: number;
  readonly low: number;
  readonly high: number;
}

const resamples = 4000;
const confidence = 0.95;
/** Fixed seed: the same input gives the same result. */
const seed = 20150126;

/** `after` / `before`. With one run a side noise is unknown: the interval is NaN. */
export function estimateRatio(before: readonly number[], after: readonly number[]): RatioEstimate {
  const ratio = median(after) / median(before);
  if (before.length < 2 || after.length < 2) return { ratio, low: NaN, high: NaN };
  const next = generator(seed);
  const ratios = new Float64Array(resamples);
  for (let index = 0; index < resamples; index++) {
    ratios[index] = median(resample(after, next)) / median(resample(before, next));
  }
  ratios.sort();
  const tail = (1 - confidence) / 2;
  return {
    ratio,
    low: ratios[Math.floor(tail * resamples)],
    high: ratios[Math.ceil((1 - tail) * resamples) - 1],
  };
}

function resample(values: readonly number[], next: () => number): number[] {
  return values.map(() => values[Math.floor(next() * values.length)]);
}

/** The middle value, or the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** mulberry32: numbers in [0, 1). */
function generator(start: number): () => number {
  let state = start;
  return () => {
    state = state + 0x6d2b79f5 | 0;
    let mixed = Math.imul(state ^ state >>> 15, 1 | state);
    mixed = mixed + Math.imul(mixed ^ mixed >>> 7, 61 | mixed) ^ mixed;
    return ((mixed ^ mixed >>> 14) >>> 0) / 2 ** 32;
  };
}
