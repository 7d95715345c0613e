/** What a run writes down: each comparison's rows with the machine and the versions. Pure. */
import { figuresOf, floorMultiple, ratioTo } from "../figures.ts";
import type { Host } from "../host.ts";
import type { Row } from "../measure.ts";
import { summarize } from "../statistics.ts";
import { type GaugeRow, judge } from "../verdict.ts";

/** One comparison, measured in one run. */
export interface ComparisonRecord {
  readonly comparison: string;
  readonly title: string;
  readonly host: Host;
  readonly versions: Readonly<Record<string, string>>;
  readonly seconds: number;
  readonly runs: number;
  readonly rows: readonly (Row | GaugeRow)[];
}

/** A row with its medians, verdicts and samples, for `--json`. */
export function numbersOf(row: Row | GaugeRow) {
  const verdicts = judge(row);
  if (row.judged === "gauge") {
    return {
      ...row,
      contenders: row.contenders.map((contender) => ({
        ...contender,
        figure: contender.samples.length === 0 ? null : summarize(contender.samples),
      })),
      verdicts,
    };
  }
  return {
    ...row,
    contenders: row.contenders.map((contender, index) => ({
      ...contender,
      figures: figuresOf(row, contender),
      floorMultiple: floorMultiple(row, index),
      oursRequestsPerCpuSecondRatio: index === 0 ? null : ratioTo(row, index),
    })),
    verdicts,
  };
}
