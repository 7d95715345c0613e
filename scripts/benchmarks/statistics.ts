/** A median, and the quartiles between which the middle half of the values lies. */
export interface Summary {
  readonly median: number;
  readonly lowerQuartile: number;
  readonly upperQuartile: number;
}

/** Throws when `values` is empty. */
export function summarize(values: readonly number[]): Summary {
  return {
    median: quantile(values, 0.5),
    lowerQuartile: quantile(values, 0.25),
    upperQuartile: quantile(values, 0.75),
  };
}

/** The quantile at `share` (0 to 1), linearly interpolated. Throws when `values` is empty. */
export function quantile(values: readonly number[], share: number): number {
  if (values.length === 0) throw new RangeError("Cannot take a quantile: there are no values");
  const sorted = values.toSorted((a, b) => a - b);
  const place = share * (sorted.length - 1);
  const below = sorted[Math.floor(place)], above = sorted[Math.ceil(place)];
  return below + (above - below) * (place - Math.floor(place));
}
