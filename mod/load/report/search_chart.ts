/** Latency over rate: the picture of --find-rate. Pure. */
import { linearScale, logScale } from "./charts/chart_scale.ts";
import { lineChart, type Series } from "./charts/chart_svg.ts";
import type { ReportJson, RunJson } from "./json/report_json.ts";
import type { SearchJson } from "./json/search_json.ts";
import { formatRate } from "./search_text.ts";
import { formatMetric, formatTimeUs } from "./figures/wrk_units.ts";

const percentiles = ["p50", "p90", "p99", "max"];

/** A search of a report, with the name that a legend gives it. */
export interface NamedSearch {
  readonly name: string;
  readonly search: SearchJson;
  readonly runs: readonly RunJson[];
}

/** The curves of one search, or the p99 of several. */
export function searchChart(searches: readonly NamedSearch[]): string {
  const series: Series[] = searches.length === 1
    ? percentiles.map((name) => ({ name, points: pointsOf(searches[0], name) }))
    : searches.map((each) => ({ name: each.name, points: pointsOf(each, "p99") }));
  const all = series.flatMap(({ points }) => points);
  const values = all.map(([, y]) => y).filter((y) => y > 0);
  const time = (us: number) => withoutZeros(formatTimeUs(us));
  return lineChart({
    title: searches.length === 1 ? "Latency by rate" : "p99 by rate",
    xTitle: "requests per second",
    x: linearScale(Math.max(1, ...all.map(([x]) => x)), (rate) => withoutZeros(formatMetric(rate))),
    y: logScale(Math.min(...values, 1e6), Math.max(...values, 1), time),
    series,
  });
}

/** The longest run of each rate, in ascending order of the rates. */
function pointsOf({ search, runs }: NamedSearch, name: string): [number, number][] {
  const byRate = new Map<number, number>();
  for (const { requestsPerSecond, run } of search.steps) {
    const { latency } = runs[run];
    const us = name === "max" ? latency.maxUs : latency.percentilesUs[name];
    if (us !== null && us !== undefined) byRate.set(requestsPerSecond, us);
  }
  return [...byRate].sort(([a], [b]) => a - b);
}

/** The search of a report; null when it has none. */
export function searchOf(report: ReportJson, name: string): NamedSearch | null {
  const { search, runs } = report;
  return search ? { name, search, runs } : null;
}

/** What was found, as a sentence. */
export function describeSearch({ conditions, foundRequestsPerSecond: found }: SearchJson): string {
  const what = conditions.join(" and ");
  return found === null ? `No rate with ${what}` : `${formatRate(found)} requests/s with ${what}`;
}

function withoutZeros(text: string): string {
  return text.replace(/(\.\d*?)0+(?=\D|$)/, "$1").replace(/\.(?=\D|$)/, "");
}
