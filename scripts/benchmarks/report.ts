/** Rows to text. Pure. */
import type { ContenderResult, Row, Trial } from "./measure.ts";
import { summarize, type Summary } from "./statistics.ts";

/** A contender's figures. */
export interface Figures {
  readonly requestsPerSecond: Summary;
  /** CPU microseconds per request of the judged side: user, system, both. */
  readonly user: Summary;
  readonly system: Summary;
  readonly cpu: Summary;
  readonly errors: number;
  readonly errorShare: number;
}

export function figuresOf(row: Row, contender: ContenderResult): Figures | null {
  if (contender.trials.length === 0) return null;
  const sides = contender.trials.map((trial) => trial[row.judged]);
  const sum = (count: (trial: Trial) => number) =>
    contender.trials.reduce((total, trial) => total + count(trial), 0);
  const errors = sum((trial) => trial.errors);
  return {
    requestsPerSecond: summarize(contender.trials.map((trial) => trial.requestsPerSecond)),
    user: summarize(sides.map((side) => side.userUs)),
    system: summarize(sides.map((side) => side.systemUs)),
    cpu: summarize(sides.map((side) => side.userUs + side.systemUs)),
    errors,
    errorShare: errors / Math.max(sum((trial) => trial.requests), 1),
  };
}

/** Failed requests, as a share of all, up to which figures can be compared. */
const errorShareMax = 0.001;

/**
 * Our requests per CPU-second as a multiple of another contender's; null when one is missing, or
 * when one has failed so often that its figure is that of another task.
 */
export function ratioTo(row: Row, index: number): number | null {
  const ours = figuresOf(row, row.contenders[0]);
  const theirs = figuresOf(row, row.contenders[index]);
  if (ours === null || theirs === null) return null;
  if (Math.max(ours.errorShare, theirs.errorShare) > errorShareMax) return null;
  return theirs.cpu.median / ours.cpu.median;
}

const nameWidth = 22;

/** The line above the figures of one comparison. */
export function columnHeads(judged: Row["judged"]): string {
  return `    ${"".padEnd(nameWidth)}${"requests/s".padStart(18)}   ` +
    `CPU us/request of the ${judged} (user + system)   requests per CPU-second`;
}

/** One row: a line that says under which conditions, and one per contender. */
export function renderRow(row: Row): string {
  const driver = row.driver === null ? "" : `, driven by ${row.driver}`;
  const lines = [`  ${row.transport}, ${row.connections} connections${driver}`];
  row.contenders.forEach((contender, index) => {
    lines.push(`    ${contender.name.padEnd(nameWidth)}${renderContender(row, index)}`);
  });
  return lines.join("\n");
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
  const verdict = ratio === null ? "" : `hayate has ${ratio.toFixed(2)} x as many`;
  const trouble = errors === 0 ? "" : `  ${errors} ERRORS`;
  return `${rate} ${time.padEnd(42)}${verdict}${trouble}`.trimEnd();
}

function grouped(value: number): string {
  return Math.round(value).toString().replace(/\B(?=(\d{3})+$)/g, ",");
}

function spread(summary: Summary): string {
  return `±${(summary.spread * 100).toFixed(1)}%`.padStart(6);
}
