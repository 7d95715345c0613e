/** `hayate load plot`: several runs in one picture. */
import { defineTable, readOptions, type Subcommand, UsageError } from "../cli/mod.ts";
import { Output } from "./outputs.ts";
import { barChart, stack } from "./chart_svg.ts";
import { type NamedRun, percentileChart, throughputChart } from "./report_curves.ts";
import { readReport } from "./report_files.ts";
import { page } from "./report_html.ts";
import { formatMetric } from "./wrk_units.ts";

const plotTable = defineTable({
  command: "hayate load plot",
  summary: "draw the runs of JSON reports side by side",
  usage: ["A.json B.json ... -o out.svg|out.html"],
  description: [
    "A bar for each run's requests per second, and the runs' curves over time and by percentile " +
    "over each other. A bar is named after its file.",
  ],
  operands: {
    name: "FILE",
    min: 1,
    max: 100,
    help: "Reports that hayate load --json has written.",
  },
  options: [
    {
      long: "output",
      short: "o",
      kind: "string",
      placeholder: "FILE",
      required: true,
      help: "The picture: .svg or .html, or - for SVG on stdout.",
    },
    {
      long: "title",
      kind: "string",
      default: "Requests per second",
      help: "Title of the picture.",
    },
  ],
  examples: [
    {
      run: "hayate load plot tcp.json unix.json -o compare.svg",
      about: "TCP against a unix socket",
    },
  ],
});

export const plotCommand: Subcommand = {
  name: "plot",
  table: plotTable,
  run: async (argv) => {
    const { values, operands } = readOptions(plotTable, argv);
    const path = values.output;
    const isHtml = path.endsWith(".html");
    if (!isHtml && path !== "-" && !path.endsWith(".svg")) {
      throw new UsageError([`--output ${path}: must end in .svg or .html`]);
    }
    const runs = operands.flatMap(readRuns);
    const output = Output.open(path);
    const charts = await drawRuns(values.title, runs);
    output.finish(isHtml ? page(values.title, charts.join("\n")) : `${stack(charts)}\n`);
    return 0;
  },
};

function readRuns(path: string): NamedRun[] {
  const { name, report } = readReport(path);
  return report.runs.map((run, index) => ({
    name: report.runs.length === 1 ? name : `${name} ${index + 1}`,
    run,
  }));
}

/** The charts of several runs, the bars first. */
export async function drawRuns(title: string, runs: readonly NamedRun[]): Promise<string[]> {
  const bars = runs.map(({ name, run }) => ({
    name,
    value: run.requestsPerSecond,
    label: `${formatMetric(run.requestsPerSecond)}/s`,
  }));
  const times = runs.map(({ name, run }) => ({ name, time: run.latency }));
  return [
    barChart(title, bars),
    await percentileChart("Latency by percentile", times),
    throughputChart(runs),
  ];
}
