/** The line that a terminal shows while the run lasts. Pure. */
import type { Interval } from "../stats/result.ts";
import { formatMetric, formatTimeUs } from "./figures/wrk_units.ts";

/** Returns to the first column and erases the line. */
export const clearLine = "\r\x1b[2K";

/** Progress of a run: the time left, or the requests done. */
export interface Progress {
  /** Infinity: the run ends with its requests. */
  readonly leftMs: number;
  /** Requests answered or failed so far, and all of them; Infinity: as many as fit into the time. */
  readonly doneCount: number;
  readonly wantedCount: number;
  readonly failedCount: number;
}

/** One line of at most `columns`: parts that do not fit are omitted from the end. */
export function progressLine(interval: Interval, progress: Progress, columns = 80): string {
  const { leftMs, doneCount, wantedCount, failedCount } = progress;
  const parts: string[] = [];
  if (wantedCount < Infinity) parts.push(`${doneCount} of ${wantedCount}`);
  if (leftMs < Infinity) parts.push(`${Math.max(0, Math.round(leftMs / 1000))}s left`);
  const rate = interval.durationMs > 0 ? interval.requests / interval.durationMs * 1000 : 0;
  parts.push(`${formatMetric(rate)} req/s`);
  if (interval.received > 0) {
    parts.push(`${formatMetric(interval.received / interval.durationMs * 1000)} received/s`);
  }
  if (failedCount > 0) parts.push(`errors ${failedCount}`);
  if (interval.requests > 0) {
    parts.push(`p50 ${formatTimeUs(interval.p50Us)}`, `p99 ${formatTimeUs(interval.p99Us)}`);
  }
  let line = parts[0];
  for (const part of parts.slice(1)) {
    // The last column is left free: some terminals wrap when it is filled.
    if (line.length + 2 + part.length < columns) line += `  ${part}`;
  }
  return clearLine + line.slice(0, columns - 1);
}

/** During the warm-up. */
export function warmupLine(leftMs: number): string {
  return `${clearLine}warming up, ${Math.ceil(leftMs / 1000)}s left`;
}
