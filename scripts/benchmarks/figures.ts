/** Computes figures from trials, and ratios from figures. Pure. */
import type { ContenderResult, Row, Trial } from "./measure.ts";
import { quantile, summarize, type Summary } from "./statistics.ts";

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

/** Compares two contenders by consecutive runs. */
export interface Ratio {
  readonly median: number;
  /** The middle half of the pairs lies between these. */
  readonly lowerQuartile: number;
  readonly upperQuartile: number;
}

/**
 * Our requests per CPU-second as a multiple of another contender's: the median over pairs of runs,
 * because a shared machine varies more between runs than programs differ, but less within a pair.
 * Null when one is missing, or has failed so often that its figure is not comparable.
 */
export function ratioTo(row: Row, index: number): Ratio | null {
  const ours = figuresOf(row, row.contenders[0]);
  const theirs = figuresOf(row, row.contenders[index]);
  if (ours === null || theirs === null) return null;
  if (Math.max(ours.errorShare, theirs.errorShare) > errorShareMax) return null;
  const costs = row.contenders.map(({ trials }) =>
    trials.map((trial) => trial[row.judged].userUs + trial[row.judged].systemUs)
  );
  const pairs = Math.min(costs[0].length, costs[index].length);
  const ratios = costs[0].slice(0, pairs).map((cost, run) => costs[index][run] / cost);
  return {
    median: quantile(ratios, 0.5),
    lowerQuartile: quantile(ratios, 0.25),
    upperQuartile: quantile(ratios, 0.75),
  };
}
