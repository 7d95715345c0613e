/** Computes figures from trials, and ratios from figures. Pure. */
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

/** Null when the contender could not take part. */
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
    cpu: summarize(contender.trials.map((trial) => costOf(row, trial))),
    errors,
    errorShare: errors / Math.max(sum((trial) => trial.requests), 1),
  };
}

/** CPU microseconds per request of the judged side. */
function costOf(row: Row, trial: Trial): number {
  return trial[row.judged].userUs + trial[row.judged].systemUs;
}

/** Failed requests, as a share of all, up to which figures can be compared. */
const errorShareMax = 0.001;

/**
 * Our requests per CPU-second as a multiple of another contender's. Null when one is missing, or has
 * failed so often that its figure is not comparable.
 */
export function ratioTo(row: Row, index: number): Summary | null {
  return costRatio(row, row.contenders[index], row.contenders[0]);
}

/** A contender's CPU time per request as a multiple of the floor's. Null as for `ratioTo`. */
export function floorMultiple(row: Row, index: number): Summary | null {
  const floor = row.contenders.find(({ isFloor }) => isFloor);
  return floor === undefined ? null : costRatio(row, row.contenders[index], floor);
}

/**
 * The median over pairs of runs, because a shared machine varies more between runs than programs
 * differ, but less within a pair.
 */
function costRatio(row: Row, one: ContenderResult, other: ContenderResult): Summary | null {
  const figures = [figuresOf(row, one), figuresOf(row, other)];
  if (figures.some((each) => each === null || each.errorShare > errorShareMax)) return null;
  const [costs, otherCosts] = [one, other].map(({ trials }) =>
    trials.map((trial) => costOf(row, trial))
  );
  const pairs = Math.min(costs.length, otherCosts.length);
  return summarize(costs.slice(0, pairs).map((cost, run) => cost / otherCosts[run]));
}

/** What V8 spends on compiling, as far as the clock shows it. */
export interface WarmUp {
  /** CPU microseconds per request in the program's first second, and after it. */
  readonly firstSecondUs: number;
  readonly laterUs: number;
  /** Which part of the time of one run (0 to 1) the first second costs beyond what it costs later. */
  readonly shareOfRun: number;
}

/**
 * Our first second beside the time after it. A server is warm when its runs begin, and its first
 * second is in none of them; a client starts again in each run, which holds its first second. Null
 * when there is nothing to compare.
 */
export function warmUpOf(row: Row): WarmUp | null {
  const { first, trials } = row.contenders[0];
  if (first === null || trials.length === 0) return null;
  const firstSecondUs = costOf(row, first);
  const cost = summarize(trials.map((trial) => costOf(row, trial))).median;
  if (row.judged === "server") return { firstSecondUs, laterUs: cost, shareOfRun: 0 };
  const requests = summarize(trials.map((trial) => trial.requests)).median;
  // Runs of one second hold nothing else.
  if (requests < 1.5 * first.requests) return null;
  const laterUs = (cost * requests - firstSecondUs * first.requests) / (requests - first.requests);
  return { firstSecondUs, laterUs, shareOfRun: Math.max(0, 1 - laterUs / cost) };
}
