/** Renders rows as text. Pure. */
import { figuresOf, type Ratio, ratioTo } from "./figures.ts";
import type { Row } from "./measure.ts";
import { summarize, type Summary } from "./statistics.ts";
import { type GaugeRow, judgeGauge, judgeRow, renderVerdict } from "./verdict.ts";

const nameWidth = 30;

/** The line above the figures of one comparison. */
export function columnHeads(judged: Row["judged"] | "gauge", unit = ""): string {
  if (judged === "gauge") return `    ${"".padEnd(nameWidth)}${unit.padStart(12)}`;
  return `    ${"".padEnd(nameWidth)}${"requests/s".padStart(18)}   ` +
    `CPU us/request of the ${judged} (user + system)   requests per CPU-second`;
}

/** One row: a line with the conditions, and one per contender. */
export function renderRow(row: Row): string {
  const driver = row.driver === null ? "" : `, driven by ${row.driver}`;
  const lines = [`  ${row.transport}, ${row.connections} connections${driver}`];
  row.contenders.forEach((contender, index) => {
    lines.push(`    ${contender.name.padEnd(nameWidth)}${renderContender(row, index)}`);
  });
  const verdict = judgeRow(row);
  if (verdict !== null) lines.push(renderVerdict(verdict));
  return lines.join("\n");
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
  lines.push(renderVerdict(judgeGauge(row)));
  return lines.join("\n");
}

function gaugeFigure(summary: Summary, count: number): string {
  const digits = summary.median >= 100 || Number.isInteger(summary.median) ? 0 : 1;
  const text = summary.median < 1 ? summary.median.toFixed(2) : summary.median.toFixed(digits);
  const median = (summary.median === 0 ? "0" : text).padStart(12);
  return count === 1 ? median : `${median} ${spread(summary)}`;
}

function renderContender(row: Row, index: number): string {
  const contender = row.contenders[index];
  const figures = figuresOf(row, contender);
  if (figures === null) return `  not measured: ${contender.missing}`;
  const { requestsPerSecond, user, system, cpu, errors } = figures;
  const rate = `${grouped(requestsPerSecond.median)} ${spread(requestsPerSecond)}`.padStart(18);
  const time = `${cpu.median.toFixed(2).padStart(8)} ${spread(cpu)}  ` +
    `(${user.median.toFixed(2)} + ${system.median.toFixed(2)})`;
  const ratio = index === 0 ? null : ratioTo(row, index);
  const verdict = ratio === null ? "" : `hayate has ${renderRatio(ratio)} as many`;
  const trouble = errors === 0 ? "" : `  ${errors} ERRORS`;
  return `${rate} ${time.padEnd(42)}${verdict}${trouble}`.trimEnd();
}

function renderRatio({ median, lowerQuartile, upperQuartile }: Ratio): string {
  const text = `${median.toFixed(2)} x`;
  if (lowerQuartile === upperQuartile) return text;
  return `${text} (${lowerQuartile.toFixed(2)} to ${upperQuartile.toFixed(2)})`;
}

function grouped(value: number): string {
  return Math.round(value).toString().replace(/\B(?=(\d{3})+$)/g, ",");
}

function spread(summary: Summary): string {
  return `±${(summary.spread * 100).toFixed(1)}%`.padStart(6);
}
