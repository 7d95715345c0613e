/** The table of a plan's runs: medians over the repeats. Pure. */
import { median } from "../report/bootstrap.ts";
import type { RunJson } from "../report/json/report_json.ts";
import { formatMetric, formatTimeUs } from "../report/figures/wrk_units.ts";
import type { BenchEntryJson } from "../report/json/bench_json.ts";

/** A row as people read it. */
export interface BenchRow {
  readonly name: string;
  readonly cells: readonly string[];
  readonly verdict: string;
}

export const benchHeads: readonly string[] = [
  ...["Requests/s", "+/-", "p50", "p99", "p99.9", "Max", "Failed"],
];

export function benchRow(entry: BenchEntryJson): BenchRow {
  const { name, runs, brokenThresholds: broken } = entry;
  const rates = known(runs, (run) => run.requestsPerSecond);
  const middle = rates.length === 0 ? null : median(rates);
  const spread = middle === null || rates.length < 2
    ? "-"
    : `${((Math.max(...rates) - Math.min(...rates)) / 2 / middle * 100).toFixed(1)}%`;
  const time = (value: (run: RunJson) => number | null) => {
    const times = known(runs, value);
    return times.length === 0 ? "-" : formatTimeUs(median(times));
  };
  const percentile = (name: string) => time((run) => run.latency.percentilesUs[name] ?? null);
  const cells = [
    middle === null ? "-" : formatMetric(middle),
    spread,
    ...["p50", "p99", "p99.9"].map(percentile),
    time((run) => run.latency.maxUs),
    String(runs.reduce((sum, run) => sum + run.requestsFailed, 0)),
  ];
  const missing = entry.repeat - runs.length;
  const verdict = missing > 0
    ? `${missing} of ${entry.repeat} runs missing`
    : broken.length > 0
    ? broken.join("; ")
    : "ok";
  return { name, cells, verdict };
}

export function benchTable(entries: readonly BenchEntryJson[]): string {
  const rows = entries.map(benchRow);
  const width = Math.max(4, ...rows.map(({ name }) => name.length));
  const line = (name: string, cells: readonly string[], verdict: string) =>
    `${name.padEnd(width)}${cells.map((cell) => cell.padStart(11)).join("")}  ${verdict}`.trimEnd();
  const lines = rows.map(({ name, cells, verdict }) => line(name, cells, verdict));
  return `${[line("Run", benchHeads, "Thresholds"), ...lines].join("\n")}\n`;
}

function known(runs: readonly RunJson[], value: (run: RunJson) => number | null): number[] {
  return runs.map(value).filter((each) => each !== null);
}
