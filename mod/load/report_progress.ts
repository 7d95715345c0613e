/** The line that a terminal shows while the run lasts. Pure. */
import type { Interval } from "./result.ts";
import { formatMetric, formatTimeUs } from "./wrk_units.ts";

/** Back to the first column, and the old text away. */
export const clearLine = "\r\x1b[2K";

/** `leftMs` Infinity: the run ends with its requests. */
export function progressLine(interval: Interval, leftMs: number, failedTotal: number): string {
  const left = leftMs === Infinity
    ? `${Math.round(interval.endMs / 1000)}s gone`
    : `${Math.max(0, Math.round(leftMs / 1000))}s left`;
  const rate = interval.durationMs > 0 ? interval.requests / interval.durationMs * 1000 : 0;
  return `${clearLine}${left}  ${formatMetric(rate)} req/s  p50 ${formatTimeUs(interval.p50Us)}  ` +
    `p99 ${formatTimeUs(interval.p99Us)}  errors ${failedTotal}`;
}
