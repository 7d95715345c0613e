/**
 * HdrHistogram's "classic" percentile distribution: the text that its plotters read and
 * `wrk2 --latency` prints. Values are in milliseconds.
 */
import type { Histogram } from "./histogram.ts";

const bucketCount = 22;
const subBucketCount = 2048;
/** Lines for each halving of the distance to 100 %; HdrHistogram's default. */
const ticksPerHalfDistance = 5;

/** The distribution as text, ending with a line break. */
export function percentileDistribution(histogram: Histogram): string {
  const lines = [
    `${"Value".padStart(12)} ${"Percentile".padStart(14)} ${"TotalCount".padStart(10)} ${
      "1/(1-Percentile)".padStart(14)
    }`,
    "",
  ];
  for (const row of distributionRows(histogram)) {
    const start = `${milliseconds(row.valueUs)} ${row.fraction.toFixed(12).padStart(14)} ${
      String(row.count).padStart(10)
    }`;
    lines.push(
      row.fraction === 1 ? start : `${start} ${(1 / (1 - row.fraction)).toFixed(2).padStart(14)}`,
    );
  }
  const { count, meanUs, stdevUs } = histogram.spread();
  lines.push(
    `#[Mean    = ${milliseconds(count === 0 ? 0 : meanUs)}, StdDeviation   = ${
      milliseconds(stdevUs)
    }]`,
    `#[Max     = ${milliseconds(histogram.maxUs)}, Total count    = ${String(count).padStart(12)}]`,
    `#[Buckets = ${String(bucketCount).padStart(12)}, SubBuckets     = ${
      String(subBucketCount).padStart(12)
    }]`,
    "",
  );
  return lines.join("\n");
}

/** One step of the distribution: `count` values are at or below `valueUs`. `fraction` is 0 to 1. */
export interface DistributionRow {
  readonly valueUs: number;
  readonly fraction: number;
  readonly count: number;
}

/** The steps of HdrHistogram's PercentileIterator: ever finer toward 100 %, then 100 % itself. */
export function distributionRows(histogram: Histogram): DistributionRow[] {
  const total = histogram.count;
  const rows: DistributionRow[] = [];
  if (total === 0) return rows;
  let level = 0;
  let seen = 0;
  histogram.forEach((_lowest, highest, count) => {
    seen += count;
    const valueUs = Math.min(highest, histogram.maxUs);
    while (level < 100 && 100 * seen / total >= level && seen < total) {
      rows.push({ valueUs, fraction: level / 100, count: seen });
      const halvings = Math.floor(Math.log2(100 / (100 - level))) + 1;
      level += 100 / (ticksPerHalfDistance * 2 ** halvings);
    }
    if (seen === total) {
      if (rows.length === 0) rows.push({ valueUs, fraction: 0, count: seen });
      rows.push({ valueUs, fraction: 1, count: seen });
    }
  });
  return rows;
}

function milliseconds(valueUs: number): string {
  return (valueUs / 1000).toFixed(3).padStart(12);
}
