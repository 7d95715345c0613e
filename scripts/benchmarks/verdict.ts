/** Compares results with goals. Pure. */
import type { GaugeContender, GaugeGoal } from "./comparison.ts";
import { floorMultiple, ratioTo } from "./figures.ts";
import type { Row } from "./measure.ts";
import { summarize } from "./statistics.ts";

/** A row of a gauge comparison with its results. */
export interface GaugeRow {
  readonly comparison: string;
  readonly judged: "gauge";
  readonly setting: string;
  readonly unit: string;
  readonly goal: GaugeGoal | null;
  readonly contenders: readonly GaugeContender[];
}

export interface Verdict {
  /** The goal as text. */
  readonly goal: string;
  /** The result in the goal's terms; null when it could not be judged. */
  readonly reached: number | null;
  readonly isMet: boolean | null;
}

/** One verdict for each goal of any row. */
export function judge(row: Row | GaugeRow): readonly Verdict[] {
  return row.judged === "gauge" ? judgeGauge(row) : judgeRow(row);
}

/** Beside the best other contender, those with a goal of their own, and the floor. */
export function judgeRow(row: Row): readonly Verdict[] {
  return [...judgeOthers(row), ...judgeEach(row), ...judgeFloor(row)];
}

function judgeEach(row: Row): Verdict[] {
  return row.contenders.flatMap(({ name, goal }, index) => {
    if (goal === undefined) return [];
    const reached = ratioTo(row, index)?.median ?? null;
    return [{
      goal: `at least ${goal.toFixed(2)} x ${name}'s requests per CPU-second`,
      reached,
      isMet: reached === null ? null : reached >= goal,
    }];
  });
}

function judgeOthers(row: Row): Verdict[] {
  if (row.goal === null) return [];
  const others = [...row.contenders.keys()].slice(1).filter((index) => {
    const { isFloor, isAside } = row.contenders[index];
    return !isFloor && !isAside;
  });
  const ratios = others.map((index) => ratioTo(row, index)).filter((ratio) => ratio !== null);
  const reached = ratios.length === 0 ? null : Math.min(...ratios.map(({ median }) => median));
  const whose = others.length > 1 ? "the best other's" : `${row.contenders[others[0]].name}'s`;
  return [{
    goal: `at least ${row.goal.toFixed(2)} x ${whose} requests per CPU-second`,
    reached,
    isMet: reached === null ? null : reached >= row.goal,
  }];
}

function judgeFloor(row: Row): Verdict[] {
  if (row.floorGoal === null) return [];
  const reached = floorMultiple(row, 0)?.median ?? null;
  return [{
    goal: `at most ${row.floorGoal.toFixed(2)} x the floor's CPU time per request`,
    reached,
    isMet: reached === null ? null : reached <= row.floorGoal,
  }];
}

/** A gauge goal is a maximum, or a maximum multiple of the best other contender's value. */
export function judgeGauge(row: GaugeRow): readonly Verdict[] {
  return row.goal === null ? [] : [judgeGoal(row, row.goal)];
}

function judgeGoal({ unit, contenders }: GaugeRow, goal: GaugeGoal): Verdict {
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
  const { beside } = goal;
  const others = medians.slice(1).filter((median, index) =>
    median !== null && (beside === undefined || contenders[index + 1].name === beside)
  ) as number[];
  const reached = ours === null || others.length === 0 ? null : ours / Math.min(...others);
  const named = beside ?? (contenders.length > 2 ? null : contenders[1]?.name);
  const whose = named === null ? "the best other's" : `${named}'s`;
  return {
    goal: `at most ${goal.ratioMax.toFixed(2)} x ${whose}`,
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
