/** Compares results with goals. Pure. */
import type { GaugeContender, GaugeGoal } from "./comparison.ts";
import { ratioTo } from "./figures.ts";
import type { Row } from "./measure.ts";
import { summarize } from "./statistics.ts";

/** A row of a gauge comparison with its results. */
export interface GaugeRow {
  readonly comparison: string;
  readonly judged: "gauge";
  readonly setting: string;
  readonly unit: string;
  readonly goal: GaugeGoal;
  readonly contenders: readonly GaugeContender[];
}

export interface Verdict {
  /** The goal as text. */
  readonly goal: string;
  /** The result in the goal's terms; null when it could not be judged. */
  readonly reached: number | null;
  readonly isMet: boolean | null;
}

/** Null without a goal. A throughput goal is a multiple of the best other contender's. */
export function judgeRow(row: Row): Verdict | null {
  if (row.goal === null) return null;
  const ratios = row.contenders.slice(1).map((_, index) => ratioTo(row, index + 1));
  const known = ratios.filter((ratio) => ratio !== null).map(({ median }) => median);
  const reached = known.length === 0 ? null : Math.min(...known);
  const others = row.contenders.length > 2 ? "the best other's" : `${row.contenders[1].name}'s`;
  return {
    goal: `at least ${row.goal.toFixed(2)} x ${others} requests per CPU-second`,
    reached,
    isMet: reached === null ? null : reached >= row.goal,
  };
}

/** A gauge goal is a maximum, or a maximum multiple of the best other contender's value. */
export function judgeGauge({ goal, unit, contenders }: GaugeRow): Verdict {
  const medians = contenders.map(({ samples }) =>
    samples.length === 0 ? null : summarize(samples).median
  );
  const ours = medians[0];
  if ("max" in goal) {
    return {
      goal: `at most ${goal.max} ${unit}`,
      reached: ours,
      isMet: ours === null ? null : ours <= goal.max,
    };
  }
  const others = medians.slice(1).filter((median) => median !== null);
  const reached = ours === null || others.length === 0 ? null : ours / Math.min(...others);
  return {
    goal: `at most ${goal.ratioMax.toFixed(2)} x ${contenders[1].name}'s`,
    reached,
    isMet: reached === null ? null : reached <= goal.ratioMax,
  };
}

/** `PASS`, `short` or `not judged`, with goal and result. */
export function renderVerdict({ goal, reached, isMet }: Verdict): string {
  const word = isMet === null ? "not judged" : isMet ? "PASS" : "short";
  const figure = reached === null ? "" : `: ${reached.toFixed(2)}`;
  return `    ${word.padEnd(12)}${goal}${figure}`;
}
