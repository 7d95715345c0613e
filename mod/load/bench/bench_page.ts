/** One picture of all runs of a plan. */
import { escapeText } from "../report/charts/chart_svg.ts";
import { drawRuns } from "../report/plot.ts";
import type { NamedRun } from "../report/report_curves.ts";
import { page } from "../report/report_html.ts";
import type { BenchJson } from "../report/json/bench_json.ts";
import { benchHeads, benchRow } from "./bench_table.ts";

/** The runs of a report by the names of their entries. */
export function namedRuns({ entries }: BenchJson): NamedRun[] {
  return entries.flatMap(({ name, runs }) =>
    runs.map((run, index) => ({ name: runs.length === 1 ? name : `${name} ${index + 1}`, run }))
  );
}

/** A page with the table and the charts. */
export async function benchPage(report: BenchJson): Promise<string> {
  const heads = ["Run", ...benchHeads, "Thresholds"].map((head) => `<th>${head}</th>`).join("");
  const rows = report.entries.map((entry) => {
    const { name, cells, verdict } = benchRow(entry);
    return `<tr><td>${escapeText(name)}</td>${
      cells.map((cell) => `<td class="n">${cell}</td>`).join("")
    }<td>${escapeText(verdict)}</td></tr>`;
  });
  const runs = namedRuns(report);
  const charts = runs.length === 0 ? [] : await drawRuns(report.title, runs);
  const table = `<div class="wide"><table><tr>${heads}</tr>${rows.join("")}</table></div>`;
  return page(report.title, `${table}${charts.join("\n")}`);
}
