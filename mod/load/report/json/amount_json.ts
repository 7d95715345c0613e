/** A histogram of amounts, which are no times, in a JSON report. */
import type { Histogram } from "../../../metrics/histogram.ts";
import { type TimeJson, timeJson } from "./time_json.ts";

export interface AmountJson {
  readonly count: number;
  /** Figures are null without samples. */
  readonly min: number | null;
  readonly mean: number | null;
  readonly stdev: number | null;
  readonly max: number | null;
  readonly percentiles: Readonly<Record<string, number | null>>;
  /** HdrHistogram V2, compressed, base64; lowest value 1, 3 digits. */
  readonly hdrV2Base64: string;
}

export async function amountJson(
  histogram: Histogram,
  percents: readonly number[],
): Promise<AmountJson> {
  return amountOf(await timeJson(histogram, percents));
}

/** The same figures without a unit. */
export function amountOf(time: TimeJson): AmountJson {
  const { count, minUs: min, meanUs: mean, stdevUs: stdev, maxUs: max, hdrV2Base64 } = time;
  return { count, min, mean, stdev, max, percentiles: time.percentilesUs, hdrV2Base64 };
}

/** What `histogramOf` reads. */
export function timeOf(amount: AmountJson): TimeJson {
  const { count, min: minUs, mean: meanUs, stdev: stdevUs, max: maxUs, hdrV2Base64 } = amount;
  return { count, minUs, meanUs, stdevUs, maxUs, percentilesUs: amount.percentiles, hdrV2Base64 };
}
