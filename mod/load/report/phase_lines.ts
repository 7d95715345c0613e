/** The table of --phases. Pure. */
import type { LoadResult } from "../stats/result.ts";
import { phaseHistogram, phaseNames, phaseTitles } from "./json/phases_json.ts";
import { formatTimeUs } from "./figures/wrk_units.ts";

const percents = [50, 90, 99];

/** A row for each phase that happened; none without --phases. */
export function phaseLines(result: LoadResult): string[] {
  if (result.lookupTime === null) return [];
  const header = ["Phases:", "Avg", "p50", "p90", "p99", "Max", "Count"];
  const rows = phaseNames.flatMap((name) => {
    const histogram = phaseHistogram(result, name);
    if (histogram === null || histogram.count === 0) return [];
    const { count, meanUs } = histogram.spread();
    const times = [meanUs, ...histogram.percentiles(percents), histogram.maxUs];
    return [[`  ${phaseTitles[name]}`, ...times.map(formatTimeUs), `${count}`]];
  });
  return [header, ...rows].map(([name, ...cells]) =>
    name.padEnd(14) + cells.map((cell) => cell.padStart(10)).join("")
  );
}
