/** Renders rows as text. Pure. */
import { figuresOf, floorMultiple, ratioTo, warmUpOf } from "./figures.ts";
import type { Row } from "./measure.ts";
import { summarize, type Summary } from "./statistics.ts";
import { type GaugeRow, judge, renderVerdict } from "./verdict.ts";

const nameWidth = 30;
const rateWidth = 12;
const cpuWidth = 26;
const partsWidth = 20;
const floorWidth = 24;

/** The line above the figures of one comparison. */
export function columnHeads(judged: Row["judged"] | "gauge", unit = ""): string {
  const name = `    ${"".padEnd(nameWidth)}`;
  if (judged === "gauge") return `${name}${unit.padStart(12)}`;
  return (name + "requests/s".padStart(rateWidth) +
    `CPU us/request, ${judged}`.padStart(cpuWidth) + "user + system".padStart(partsWidth) +
    "x floor".padStart(floorWidth)).trimEnd() + "   requests per CPU-second";
}

/** One row: a line with the conditions, and one per contender, the floor first. */
export function renderRow(row: Row): string {
  const indices = [...row.contenders.keys()];
  const isFloor = (index: number) => row.contenders[index].isFloor;
  const inOrder = [...indices.filter(isFloor), ...indices.filter((index) => !isFloor(index))];
  return [
    `  ${conditions(row)}`,
    ...inOrder.map((index) =>
      `    ${row.contenders[index].name.padEnd(nameWidth)}${renderContender(row, index)}`
    ),
    ...judge(row).map(renderVerdict),
    ...renderWarmUp(row),
  ].join("\n");
}

/** What one row is about, beside its comparison's title. */
export function conditions({ transport, connections, driver, value }: Row): string {
  const by = driver === null ? "" : `, driven by ${driver}`;
  const at = value === null ? "" : `${value.axis} ${grouped(value.number)}: `;
  const many = connections === 1 ? "1 connection" : `${grouped(connections)} connections`;
  return `${at}${transport}, ${many}${by}`;
}

/** The same for a gauge row. */
export function renderGaugeRow(row: GaugeRow): string {
  const lines = [`  ${row.setting}`];
  for (const { name, samples, missing, note } of row.contenders) {
    const figure = samples.length === 0
      ? `  not measured: ${missing}`
      : gaugeFigure(summarize(samples), samples.length);
    lines.push(`    ${name.padEnd(nameWidth)}${figure}${note === undefined ? "" : `  ${note}`}`);
  }
  return [...lines, ...judge(row).map(renderVerdict)].join("\n");
}

function gaugeFigure(summary: Summary, count: number): string {
  const median = gaugeNumber(summary.median).padStart(12);
  if (count === 1) return median;
  return `${median} (${gaugeNumber(summary.lowerQuartile)} to ${
    gaugeNumber(summary.upperQuartile)
  })`;
}

/** Three figures, as far as there are any. */
export function gaugeNumber(value: number): string {
  if (value === 0 || value >= 100 || Number.isInteger(value)) return value.toFixed(0);
  return value.toFixed(value < 1 ? 2 : 1);
}

function renderContender(row: Row, index: number): string {
  const contender = row.contenders[index];
  const figures = figuresOf(row, contender);
  if (figures === null) return `  not measured: ${contender.missing}`;
  const { requestsPerSecond, user, system, cpu, errors } = figures;
  const floor = floorMultiple(row, index);
  const parts = `${figure(user.median)} + ${figure(system.median)}`;
  const ratio = index === 0 || contender.isFloor ? null : ratioTo(row, index);
  const trouble = errors === 0 ? "" : `   ${errors} ERRORS`;
  return (grouped(requestsPerSecond.median).padStart(rateWidth) +
    withQuartiles(cpu, "").padStart(cpuWidth) + parts.padStart(partsWidth) +
    (floor === null ? "" : withQuartiles(floor, "")).padStart(floorWidth) +
    (ratio === null ? "" : `   hayate has ${withQuartiles(ratio, " x")} as many`)).trimEnd() +
    trouble;
}

/** Median and quartiles; the median alone when a single run has none. */
export function withQuartiles(
  { median, lowerQuartile, upperQuartile }: Summary,
  unit: string,
): string {
  const text = `${figure(median)}${unit}`;
  if (lowerQuartile === upperQuartile) return text;
  return `${text} (${figure(lowerQuartile)} to ${figure(upperQuartile)})`;
}

/** Two decimals, as long as they say anything. */
export function figure(value: number): string {
  return value >= 1000 ? grouped(value) : value.toFixed(2);
}

function renderWarmUp(row: Row): string[] {
  const warmUp = warmUpOf(row);
  if (warmUp === null) return [];
  const { firstSecondUs, laterUs, shareOfRun } = warmUp;
  const share = row.judged === "server"
    ? "the runs begin after it"
    : `${(shareOfRun * 100).toFixed(0)} % of a run is that excess`;
  return [
    `    ${"compiling".padEnd(12)}hayate's first second ${figure(firstSecondUs)} us/request, ` +
    `later ${figure(laterUs)}; ${share}`,
  ];
}

/** A whole number with commas. */
export function grouped(value: number): string {
  return Math.round(value).toString().replace(/\B(?=(\d{3})+$)/g, ",");
}
