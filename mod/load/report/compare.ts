/** `hayate load compare`: is the new version slower, beyond noise? */
import { StartError } from "../../base/errors.ts";
import { estimateRatio, median, type RatioEstimate } from "./bootstrap.ts";
import { writeStdout } from "./outputs.ts";
import { readReport } from "./json/report_files.ts";
import type { RunJson } from "./json/report_json.ts";
import { formatMetric, formatTimeUs } from "./figures/wrk_units.ts";

/** Prints the comparison; returns true when nothing got worse. Throws `StartError` for a bad report. */
export function compare(basePath: string, freshPath: string, tolerance: number): boolean {
  const [base, fresh] = [basePath, freshPath].map((path) => readReport(path).report.runs);
  const rows = compareRuns(base, fresh, tolerance);
  writeStdout(renderComparison(rows));
  if (!base.some(isAnswered)) {
    throw new StartError(`nothing to compare: ${basePath}: no request was answered`);
  }
  return rows.every(({ verdict }) => verdict !== "worse");
}

export type Verdict = "better" | "worse" | "same" | "unclear" | "nothing to compare";

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
  /** Null where the run has no such figure. */
  value(run: RunJson): number | null;
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
    value: (run: RunJson) => isAnswered(run) ? run.latency.percentilesUs[percentile] : null,
    show: formatTimeUs,
  })),
];

/** One row a figure, and one for failed requests. `tolerance` is a share: 0.05 for 5 %. */
export function compareRuns(
  base: readonly RunJson[],
  fresh: readonly RunJson[],
  tolerance: number,
): ComparisonRow[] {
  const rows = figures.map((figure) => figureRow(figure, base, fresh, tolerance));
  return [...rows, failureRow(base, fresh)];
}

function figureRow(
  figure: Figure,
  base: readonly RunJson[],
  fresh: readonly RunJson[],
  tolerance: number,
): ComparisonRow {
  const known = (runs: readonly RunJson[]) =>
    runs.map(figure.value).filter((each) => each !== null);
  const before = known(base), after = known(fresh);
  const show = (values: number[]) => values.length === 0 ? "-" : figure.show(median(values));
  // A server that stopped responding is worse; one that now responds has nothing to be compared with.
  const hasBase = before.length > 0 && median(before) > 0;
  const estimate = hasBase && after.length > 0 ? estimateRatio(before, after) : nothing;
  return {
    name: figure.name,
    before: show(before),
    after: show(after),
    estimate,
    verdict: estimate === nothing
      ? "nothing to compare"
      : judge(estimate, figure.higherIsBetter, tolerance),
  };
}

const nothing: RatioEstimate = { ratio: NaN, low: NaN, high: NaN };

function isAnswered(run: RunJson): boolean {
  return run.requestsAnswered !== 0;
}

/** Failures are not noise: any failure where there was none before is worse. */
function failureRow(base: readonly RunJson[], fresh: readonly RunJson[]): ComparisonRow {
  const share = (runs: readonly RunJson[]) => {
    const failed = runs.reduce((sum, run) => sum + run.requestsFailed, 0);
    return failed / Math.max(1, failed, runs.reduce((sum, run) => sum + triedCount(run), 0));
  };
  const before = share(base), after = share(fresh);
  const show = (value: number) => `${(value * 100).toFixed(3)}%`;
  const isWorse = after > before * 1.5 + 1e-9;
  const canTell = base.some(isAnswered) && fresh.some(isAnswered);
  const verdict = isWorse
    ? "worse"
    : !canTell
    ? "nothing to compare"
    : after < before / 1.5
    ? "better"
    : "same";
  const ratio = before === 0 ? NaN : after / before;
  return {
    name: "failed",
    before: show(before),
    after: show(after),
    estimate: { ratio, low: NaN, high: NaN },
    verdict,
  };
}

/** Requests sent, and those that got no connection. */
function triedCount({ requestsSent, failedByKind }: RunJson): number {
  const unmade = ["connect", "refused", "proxy"].map((kind) => failedByKind?.[kind] ?? 0);
  return unmade.reduce((sum, count) => sum + count, requestsSent);
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
      verdict === "nothing to compare"
        ? "-"
        : Number.isNaN(low)
        ? "noise unknown"
        : `${low.toFixed(3)} - ${high.toFixed(3)}`,
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
