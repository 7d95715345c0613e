/** The table of --phases, and tables like it. Pure. */
import type { Histogram } from "../../metrics/histogram.ts";
import type { LoadResult } from "../stats/result.ts";
import { phaseHistogram, phaseNames, phaseTitles } from "./json/phases_json.ts";
import { formatTimeUs } from "./figures/wrk_units.ts";

const percents = [50, 90, 99];

/** A row for each phase that happened; none without --phases. */
export function phaseLines(result: LoadResult): string[] {
  if (result.lookupTime === null) return [];
  return timeTable(
    "Phases:",
    phaseNames.map((name) => [phaseTitles[name], phaseHistogram(result, name)]),
  );
}

/** A row for each time that was measured. */
export function timeTable(
  title: string,
  times: readonly (readonly [name: string, histogram: Histogram | null])[],
): string[] {
  const header = [title, "Avg", "p50", "p90", "p99", "Max", "Count"];
  const rows = times.flatMap(([name, histogram]) => {
    if (histogram === null || histogram.count === 0) return [];
    const { count, meanUs } = histogram.spread();
    const values = [meanUs, ...histogram.percentiles(percents), histogram.maxUs];
    return [[`  ${name}`, ...values.map(formatTimeUs), `${count}`]];
  });
  return [header, ...rows].map(([name, ...cells]) =>
    name.padEnd(14) + cells.map((cell) => cell.padStart(10)).join("")
  );
}
