/** A histogram of times in a JSON report. */
import type { Histogram } from "../../../metrics/histogram.ts";
import { decodeHistogram, encodeHistogram } from "../../../metrics/histogram_v2.ts";

/** Percentiles that every report has. */
export const usualPercents = [50, 75, 90, 95, 99, 99.9, 99.99, 99.999, 100];

export interface TimeJson {
  readonly count: number;
  /** Times are null without samples. */
  readonly minUs: number | null;
  readonly meanUs: number | null;
  readonly stdevUs: number | null;
  readonly maxUs: number | null;
  readonly percentilesUs: Readonly<Record<string, number | null>>;
  /** HdrHistogram V2, compressed, base64; lowest value 1 us, highest 1 hour, 3 digits. */
  readonly hdrV2Base64: string;
}

export async function timeJson(
  histogram: Histogram,
  percents: readonly number[],
): Promise<TimeJson> {
  const all = [...new Set([...usualPercents, ...percents])].sort((a, b) => a - b);
  const values = histogram.percentiles(all);
  const { count, meanUs, stdevUs } = histogram.spread();
  const known = (value: number) => count === 0 ? null : value;
  return {
    count,
    minUs: known(histogram.minUs),
    meanUs: known(meanUs),
    stdevUs: known(stdevUs),
    maxUs: known(histogram.maxUs),
    percentilesUs: Object.fromEntries(
      all.map((percent, index) => [`p${percent}`, known(values[index])]),
    ),
    hdrV2Base64: await encodeHistogram(histogram),
  };
}

/** Decodes the histogram, with its exact maximum. Throws `SyntaxError` when it is broken. */
export async function histogramOf(time: TimeJson): Promise<Histogram> {
  const histogram = await decodeHistogram(time.hdrV2Base64);
  if (time.maxUs !== null) histogram.setMax(time.maxUs);
  return histogram;
}
