/** `hayate load compare`: is the new version slower, beyond noise? */
import { estimateRatio, median, type RatioEstimate } from "./bootstrap.ts";
import { writeStdout } from "./outputs.ts";
import { readReport } from "./report_files.ts";
import type { RunJson } from "./report_json.ts";
import { formatMetric, formatTimeUs } from "./wrk_units.ts";

/** Prints the comparison; returns whether nothing has become worse. Throws `StartError` for a bad report. */
export function compare(basePath: string, freshPath: string, tolerance: number): boolean {
  const [base, fresh] = [basePath, freshPath].map((path) => readReport(path).report.runs);
  const rows = compareRuns(base, fresh, tolerance);
  writeStdout(renderComparison(rows));
  return rows.every(({ verdict }) => verdict !== "worse");
}

export type Verdict = "better" | "worse" | "same" | "unclear";

export interface ComparisonRow {
  readonly name: string;
  readonly before: string;
  readonly after: string;
  readonly estimate: RatioEstimate;
  readonly verdict: Verdict;
}

interface Figure {
  readonly name: string;
  readonly higherIsBetter: boolean;
  value(run: RunJson): number;
  show(value: number): string;
}

const percentiles = ["p50", "p90", "p99", "p99.9"];
const figures: readonly Figure[] = [
  {
    name: "requests/s",
    higherIsBetter: true,
    value: (run) => run.requestsPerSecond,
    show: formatMetric,
  },
  ...percentiles.map((percentile) => ({
    name: percentile,
    higherIsBetter: false,
    value: (run: RunJson) => run.latency.percentilesUs[percentile],
    show: formatTimeUs,
  })),
];

/** One row a figure, and one for failed requests. `tolerance` is a share: 0.05 for 5 %. */
export function compareRuns(
  base: readonly RunJson[],
  fresh: readonly RunJson[],
  tolerance: number,
): ComparisonRow[] {
  const rows = figures.map((figure) => {
    const before = base.map(figure.value), after = fresh.map(figure.value);
    const estimate = estimateRatio(before, after);
    return {
      name: figure.name,
      before: figure.show(median(before)),
      after: figure.show(median(after)),
      estimate,
      verdict: judge(estimate, figure.higherIsBetter, tolerance),
    };
  });
  return [...rows, failureRow(base, fresh)];
}

/** Failures are no matter of noise: any where there were none before is worse. */
function failureRow(base: readonly RunJson[], fresh: readonly RunJson[]): ComparisonRow {
  const share = (runs: readonly RunJson[]) => {
    const failed = runs.reduce((sum, run) => sum + run.requestsFailed, 0);
    return failed / Math.max(1, runs.reduce((sum, run) => sum + run.requestsSent, 0));
  };
  const before = share(base), after = share(fresh);
  const show = (value: number) => `${(value * 100).toFixed(3)}%`;
  const verdict = after > before * 1.5 + 1e-9 ? "worse" : after < before / 1.5 ? "better" : "same";
  const ratio = before === 0 ? NaN : after / before;
  return {
    name: "failed",
    before: show(before),
    after: show(after),
    estimate: { ratio, low: NaN, high: NaN },
    verdict,
  };
}

function judge(estimate: RatioEstimate, higherIsBetter: boolean, tolerance: number): Verdict {
  const { ratio, low, high } = estimate;
  if (Number.isNaN(ratio)) return "unclear";
  const knowsNoise = !Number.isNaN(low);
  const surelyHigher = (knowsNoise ? low : ratio) > 1 + tolerance;
  const surelyLower = (knowsNoise ? high : ratio) < 1 / (1 + tolerance);
  if (surelyHigher) return higherIsBetter ? "better" : "worse";
  if (surelyLower) return higherIsBetter ? "worse" : "better";
  const mayDiffer = knowsNoise && (high > 1 + tolerance || low < 1 / (1 + tolerance));
  return mayDiffer ? "unclear" : "same";
}

/** The table as text. */
export function renderComparison(rows: readonly ComparisonRow[]): string {
  const cells = [
    ["", "base", "new", "ratio", "95% interval", "verdict"],
    ...rows.map(({ name, before, after, estimate: { ratio, low, high }, verdict }) => [
      name,
      before,
      after,
      Number.isNaN(ratio) ? "-" : ratio.toFixed(3),
      Number.isNaN(low) ? "noise unknown" : `${low.toFixed(3)} - ${high.toFixed(3)}`,
      verdict,
    ]),
  ];
  const widths = cells[0].map((_, column) => Math.max(...cells.map((row) => row[column].length)));
  const lines = cells.map((row) =>
    row.map((cell, column) => column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column]))
      .join("  ").trimEnd()
  );
  return `${lines.join("\n")}\n`;
}
