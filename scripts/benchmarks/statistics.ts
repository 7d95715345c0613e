/** A median with half the distance between the extremes. */
export interface Summary {
  readonly median: number;
  /** (largest - smallest) / 2, as a share of the median. */
  readonly spread: number;
}

/** Throws when `values` is empty. */
export function summarize(values: readonly number[]): Summary {
  if (values.length === 0) throw new RangeError("Cannot summarize: there are no values");
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 === 1
    ? sorted[middle]
    : (sorted[middle - 1] + sorted[middle]) / 2;
  return { median, spread: median === 0 ? 0 : (sorted.at(-1)! - sorted[0]) / 2 / median };
}
