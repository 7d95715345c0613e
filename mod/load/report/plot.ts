/** `hayate load plot`: several runs in one picture. */
import { UsageError } from "../../cli/mod.ts";
import { Output } from "./outputs.ts";
import { barChart, stack } from "./chart_svg.ts";
import { type NamedRun, percentileChart, throughputChart } from "./report_curves.ts";
import { readReportWithHistograms } from "./report_files.ts";
import { page } from "./report_html.ts";
import { formatMetric, orDash } from "./wrk_units.ts";

/** Writes the picture to `path`, SVG to "-". Throws `StartError` for a report that cannot be read. */
export async function plot(title: string, path: string, reports: readonly string[]): Promise<void> {
  const isHtml = path.endsWith(".html");
  if (!isHtml && path !== "-" && !path.endsWith(".svg")) {
    throw new UsageError([`--output ${path}: must end in .svg or .html`]);
  }
  const runs: NamedRun[] = [];
  for (const report of reports) runs.push(...await readRuns(report));
  const output = Output.open(path);
  const charts = await drawRuns(title, runs);
  output.finish(isHtml ? page(title, charts.join("\n")) : `${stack(charts)}\n`);
}

async function readRuns(path: string): Promise<NamedRun[]> {
  const { name, report } = await readReportWithHistograms(path);
  return report.runs.map((run, index) => ({
    name: report.runs.length === 1 ? name : `${name} ${index + 1}`,
    run,
  }));
}

/** The charts of several runs, the bars first. */
export async function drawRuns(title: string, runs: readonly NamedRun[]): Promise<string[]> {
  const bars = runs.map(({ name, run }) => ({
    name,
    value: run.requestsPerSecond ?? 0,
    label: `${orDash(run.requestsPerSecond, formatMetric)}/s`,
  }));
  const times = runs.map(({ name, run }) => ({ name, time: run.latency }));
  return [
    barChart(title, bars),
    await percentileChart("Latency by percentile", times),
    throughputChart(runs),
  ];
}
