/** `hayate load plot`: several runs in one picture. */
import { UsageError } from "../../cli/mod.ts";
import { Output } from "./outputs.ts";
import { barChart, stack } from "./charts/chart_svg.ts";
import { type NamedRun, percentileChart, throughputChart } from "./report_curves.ts";
import { type NamedReport, readReportWithHistograms } from "./json/report_files.ts";
import { hasBenchSchema, readBenchJson } from "./json/bench_json.ts";
import { schemaName } from "./json/report_json.ts";
import { searchChart, searchOf } from "./search_chart.ts";
import { page } from "./report_html.ts";
import { formatMetric, orDash } from "./figures/wrk_units.ts";

/** Writes the picture to `path`, SVG to "-". Throws `StartError` for a report that cannot be read. */
export async function plot(title: string, path: string, reports: readonly string[]): Promise<void> {
  const isHtml = path.endsWith(".html");
  if (!isHtml && path !== "-" && !path.endsWith(".svg")) {
    throw new UsageError([`--output ${path}: must end in .svg or .html`]);
  }
  const named: NamedReport[] = [];
  for (const report of reports) named.push(...await readReports(report));
  const output = Output.open(path);
  const charts = await drawReports(title, named);
  output.finish(isHtml ? page(title, charts.join("\n")) : `${stack(charts)}\n`);
}

/** A plan's report has one for each of its entries. */
async function readReports(path: string): Promise<NamedReport[]> {
  const bench = hasBenchSchema(path) ? await readBenchJson(path) : null;
  if (bench === null) return [await readReportWithHistograms(path)];
  const { environment, entries } = bench;
  return entries.filter(({ runs }) => runs.length > 0).map(({ name, plan, runs }) => ({
    name,
    path,
    report: { schema: schemaName, environment, plan, runs },
  }));
}

/** Searches are drawn over their rates, other runs side by side. */
async function drawReports(title: string, reports: readonly NamedReport[]): Promise<string[]> {
  const searches = reports.map(({ name, report }) => searchOf(report, name))
    .filter((search) => search !== null);
  if (searches.length === reports.length) return [searchChart(searches)];
  return await drawRuns(title, reports.flatMap(runsOf));
}

function runsOf({ name, report }: NamedReport): NamedRun[] {
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
