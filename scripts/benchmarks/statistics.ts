/** A median and half the range. */
export interface Summary {
  readonly median: number;
  /** (largest - smallest) / 2, as a share of the median. */
  readonly spread: number;
}

/** Throws when `values` is empty. */
export function summarize(values: readonly number[]): Summary {
  const median = quantile(values, 0.5);
  const range = Math.max(...values) - Math.min(...values);
  return { median, spread: median === 0 ? 0 : range / 2 / median };
}

/** The quantile at `share` (0 to 1), linearly interpolated. Throws when `values` is empty. */
export function quantile(values: readonly number[], share: number): number {
  if (values.length === 0) throw new RangeError("Cannot take a quantile: there are no values");
  const sorted = values.toSorted((a, b) => a - b);
  const place = share * (sorted.length - 1);
  const below = sorted[Math.floor(place)], above = sorted[Math.ceil(place)];
  return below + (above - below) * (place - Math.floor(place));
}
