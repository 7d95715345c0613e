/** The charts that reports and `plot` share: from runs to curves. Pure apart from decoding. */
import { distributionRows } from "../../metrics/histogram_text.ts";
import { linearScale, logScale, percentileScale } from "./charts/chart_scale.ts";
import { lineChart, type Series } from "./charts/chart_svg.ts";
import { type RunJson } from "./json/report_json.ts";
import { histogramOf, type TimeJson } from "./json/time_json.ts";
import { formatMetric, formatTimeUs } from "./figures/wrk_units.ts";

/** A run with the name that the legend gives it. */
export interface NamedRun {
  readonly name: string;
  readonly run: RunJson;
}

const rate = (value: number) => withoutZeros(formatMetric(value));
const time = (us: number) => withoutZeros(formatTimeUs(us));

/** `2.50k` as `2.5k`, `800.00` as `800`. */
function withoutZeros(text: string): string {
  return text.replace(/(\.\d*?)0+(?=\D|$)/, "$1").replace(/\.(?=\D|$)/, "");
}

/** Requests a second over time, one curve a run. */
export function throughputChart(runs: readonly NamedRun[]): string {
  const series = runs.map(({ name, run }) => overTime(name, run, (each) => each.requestsPerSecond));
  return lineChart({
    title: "Requests per second",
    xTitle: "seconds",
    x: secondsScale(series),
    y: linearScale(maxY(series), rate),
    series,
  });
}

/** What arrived by itself, over time: events, or messages. */
export function receivedChart(title: string, { name, run }: NamedRun): string {
  const series = [
    overTime(name, run, (each) => (each.received ?? 0) / Math.max(1, each.durationMs) * 1000),
  ];
  return lineChart({
    title,
    xTitle: "seconds",
    x: secondsScale(series),
    y: linearScale(maxY(series), rate),
    series,
  });
}

/** Median, p90, p99 and maximum over time of one run. */
export function latencyOverTimeChart(run: RunJson): string {
  // A second without a response has no latency; zero would look like a very low one.
  const answering = { intervals: run.intervals.filter((each) => each.requests > 0) };
  const series = [
    overTime("p50", answering, (each) => each.p50Us),
    overTime("p90", answering, (each) => each.p90Us),
    overTime("p99", answering, (each) => each.p99Us),
    overTime("max", answering, (each) => each.maxUs),
  ];
  const values = series.flatMap(({ points }) => points.map(([, y]) => y)).filter((y) => y > 0);
  return lineChart({
    title: "Latency over time",
    xTitle: "seconds",
    x: secondsScale(series, run),
    y: logScale(Math.min(...values, 1e6), Math.max(...values, 1), time),
    series,
  });
}

/** Failed requests over time. */
export function failuresChart(run: RunJson): string {
  const series = [overTime("failed requests", run, (each) => each.failed)];
  return lineChart({
    title: "Failed requests per second",
    xTitle: "seconds",
    x: secondsScale(series),
    y: linearScale(maxY(series), rate),
    series,
  });
}

/** The latency distribution on a percentile axis, one curve for each named time. */
export async function percentileChart(
  title: string,
  times: readonly { readonly name: string; readonly time: TimeJson }[],
): Promise<string> {
  const series: Series[] = [];
  for (const { name, time } of times) series.push({ name, points: await percentilePoints(time) });
  const all = series.flatMap(({ points }) => points);
  const values = all.map(([, y]) => y).filter((y) => y > 0);
  return lineChart({
    title,
    xTitle: "percentile",
    x: percentileScale(Math.max(90, ...all.map(([x]) => x))),
    y: logScale(Math.min(...values, 1e6), Math.max(...values, 1), time),
    series,
  });
}

async function percentilePoints(time: TimeJson): Promise<[number, number][]> {
  const histogram = await histogramOf(time);
  const total = histogram.count;
  return distributionRows(histogram).map(({ fraction, valueUs }) => [
    // 100 % lies at infinity on this axis: the last value is placed at one request of the total.
    fraction === 1 ? 100 * (1 - 1 / (total + 1)) : fraction * 100,
    Math.max(1, valueUs),
  ]);
}

function overTime(
  name: string,
  run: Pick<RunJson, "intervals">,
  value: (interval: RunJson["intervals"][number]) => number | null,
): Series {
  return { name, points: run.intervals.map((each) => [each.endMs / 1000, value(each) ?? 0]) };
}

function secondsScale(series: readonly Series[], run?: RunJson) {
  const measured = run === undefined ? 1 : run.measuredMs / 1000;
  const end = Math.max(measured, ...series.flatMap(({ points }) => points.map(([x]) => x)));
  return linearScale(end, (value) => String(Math.round(value * 100) / 100));
}

function maxY(series: readonly Series[]): number {
  return Math.max(1e-9, ...series.flatMap(({ points }) => points.map(([, y]) => y)));
}
