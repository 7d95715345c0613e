/** RESULTS.md, made from the records. Pure. */
import { figuresOf, floorMultiple, ratioTo } from "../figures.ts";
import type { Row } from "../measure.ts";
import {
  columnHeads,
  figure,
  gaugeNumber,
  grouped,
  renderGaugeRow,
  renderRow,
  withQuartiles,
} from "../report.ts";
import { summarize } from "../statistics.ts";
import { type GaugeRow, judge } from "../verdict.ts";
import type { ComparisonRecord } from "./record.ts";

export interface PageParts {
  /** The text before the figures. */
  readonly introduction: string;
  /** In the order of the page. */
  readonly records: readonly ComparisonRecord[];
  /** Comparisons whose first row stands in the table of headlines. */
  readonly headlines: ReadonlySet<string>;
  /** Sections that the bench does not make, as they are. */
  readonly rest: string;
}

/** The folder of the pictures, beside the page. */
export const picturesFolder = "pictures";

/** The whole page. */
export function renderPage({ introduction, records, headlines, rest }: PageParts): string {
  const growth = records.filter(isGrowth);
  const tables = records.filter((record) => !growth.includes(record));
  return [
    introduction.trim(),
    "### Headlines",
    renderHeadlines(tables.filter(({ comparison }) => headlines.has(comparison))),
    ...(growth.length === 0 ? [] : ["### Growth", ...growth.map(renderPicture)]),
    "### Rows",
    ...runsOf(records).map(renderRun),
    rest.trim(),
  ].filter((part) => part !== "").join("\n\n") + "\n";
}

/** A picture's rows. */
export function isGrowth({ rows }: ComparisonRecord): boolean {
  return rows.some((row) => row.judged !== "gauge" && row.value !== null);
}

function renderPicture({ comparison, title, host }: ComparisonRecord): string {
  const where = `${picturesFolder}/${comparison}.svg`;
  return `\`${comparison}\`, ${host.date}: ${title}.\n\n![${title}](${where})`;
}

/** One line for each headline: its first row of requests, or all rows of other figures. */
function renderHeadlines(records: readonly ComparisonRecord[]): string {
  const requests = records.flatMap(({ rows }) => {
    const [row] = rows;
    return row === undefined || row.judged === "gauge" ? [] : [renderHeadline(row)];
  });
  const gauges = records.flatMap(({ rows }) =>
    rows.flatMap((row) => row.judged === "gauge" ? [renderGauge(row)] : [])
  );
  if (requests.length + gauges.length === 0) return "None was measured.";
  const tables: string[][] = [];
  if (requests.length > 0) {
    tables.push([
      "CPU us per request of the judged side, and multiples of the floor's.",
      "",
      "| row | floor | hayate | best other | hayate, requests per CPU-second | goals |",
      "| --- | --- | --- | --- | --- | --- |",
      ...requests,
    ]);
  }
  if (gauges.length > 0) {
    tables.push([
      "Other figures, of which less is better.",
      "",
      "| row | | hayate | others | goal |",
      "| --- | --- | --- | --- | --- |",
      ...gauges,
    ]);
  }
  return tables.map((lines) => lines.join("\n")).join("\n\n");
}

function renderGauge(row: GaugeRow): string {
  const value = ({ samples }: GaugeRow["contenders"][number]) =>
    samples.length === 0 ? "not measured" : `${gaugeNumber(summarize(samples).median)} ${row.unit}`;
  const [ours, ...others] = row.contenders;
  const cells = [
    `\`${row.comparison}\``,
    row.setting,
    value(ours),
    others.map((each) => `${each.name}: ${value(each)}`).join("; "),
    judge(row).map(({ isMet, goal }) => `${word(isMet)}: ${shortGoal(goal)}`).join("; "),
  ];
  return `| ${cells.join(" | ")} |`;
}

function renderHeadline(row: Row): string {
  const best = bestOther(row);
  const floor = row.contenders.findIndex(({ isFloor }) => isFloor);
  const ratio = best === null ? null : ratioTo(row, best);
  const cells = [
    `\`${row.comparison}\` ${row.transport}, ${grouped(row.connections)}`,
    floor < 0 ? "" : cost(row, floor),
    cost(row, 0),
    best === null ? "" : `${row.contenders[best].name}: ${cost(row, best)}`,
    ratio === null ? "" : withQuartiles(ratio, " x"),
    judge(row).map(({ isMet, goal }) => `${word(isMet)}: ${shortGoal(goal)}`).join("; "),
  ];
  return `| ${cells.join(" | ")} |`;
}

function word(isMet: boolean | null): string {
  return isMet === null ? "not judged" : isMet ? "PASS" : "short";
}

/** `at least 1.15 x`. */
function shortGoal(goal: string): string {
  const isFloor = goal.includes("floor");
  return goal.replace(/ x .*/, isFloor ? " x floor" : " x");
}

function cost(row: Row, index: number): string {
  const figures = figuresOf(row, row.contenders[index]);
  if (figures === null) return "not measured";
  const times = row.contenders[index].isFloor ? null : floorMultiple(row, index);
  return figure(figures.cpu.median) + (times === null ? "" : `, ${figure(times.median)} x`);
}

/** The contender that is hardest to beat. */
function bestOther(row: Row): number | null {
  let best: number | null = null;
  let least = Infinity;
  for (const index of row.contenders.keys()) {
    const { isFloor, isAside } = row.contenders[index];
    if (index === 0 || isFloor || isAside) continue;
    const ratio = ratioTo(row, index)?.median ?? Infinity;
    if (ratio < least) [best, least] = [index, ratio];
  }
  return best;
}

/** Neighbours of one run, which have the machine and the versions in common. */
function runsOf(records: readonly ComparisonRecord[]): ComparisonRecord[][] {
  const runs: ComparisonRecord[][] = [];
  for (const record of records) {
    const last = runs.at(-1);
    if (last !== undefined && isSameRun(last[0], record)) last.push(record);
    else runs.push([record]);
  }
  return runs;
}

function isSameRun(one: ComparisonRecord, other: ComparisonRecord): boolean {
  return JSON.stringify([one.host, one.seconds, one.runs]) ===
    JSON.stringify([other.host, other.seconds, other.runs]);
}

function renderRun(records: readonly ComparisonRecord[]): string {
  const [{ host, seconds, runs }] = records;
  const versions = Object.assign({}, ...records.map((record) => record.versions));
  return [
    "```",
    `${host.date}, ${host.cpu}, ${host.cores} cores, Linux ${host.kernel}, ` +
    `load average before ${host.loadBefore.toFixed(1)}`,
    `${runs} runs of ${seconds} s each, in turns; medians, with quartiles in parentheses`,
    ...Object.entries(versions).map(([program, version]) => `${program}: ${version}`),
    ...records.flatMap(renderRecord),
    "```",
  ].join("\n");
}

function renderRecord({ comparison, title, rows }: ComparisonRecord): string[] {
  const [first] = rows;
  if (first === undefined) return ["", `${comparison}: ${title}`, "  not measured"];
  const heads = first.judged === "gauge"
    ? columnHeads(first.judged, first.unit)
    : columnHeads(first.judged);
  return [
    "",
    `${comparison}: ${title}`,
    heads,
    ...rows.map((row) => row.judged === "gauge" ? renderGaugeRow(row) : renderRow(row)),
  ];
}
