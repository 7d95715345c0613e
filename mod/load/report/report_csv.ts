/** One line per second. Pure. */
import type { IntervalJson, RunJson } from "./json/report_json.ts";

const columns: readonly (keyof IntervalJson)[] = [
  "endMs",
  "durationMs",
  "requests",
  "requestsPerSecond",
  "bytesRead",
  "failed",
  "retried",
  "openConnections",
  "p50Us",
  "p90Us",
  "p99Us",
  "maxUs",
  "received",
];

/**
 * A header line, then one line for each second of each run; numbers only, so nothing is quoted, and
 * nothing where there is no figure.
 */
export function csvReport(runs: readonly RunJson[]): string {
  const lines = [["run", ...columns].join(",")];
  runs.forEach((run, index) => {
    for (const interval of run.intervals) {
      const values = columns.map((column) => {
        const value = interval[column];
        return value === null || value === undefined ? "" : String(Math.round(value * 100) / 100);
      });
      lines.push([String(index + 1), ...values].join(","));
    }
  });
  return `${lines.join("\n")}\n`;
}
