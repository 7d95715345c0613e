/** wrk's report, byte for byte in layout (src/wrk.c). Pure. */
import type { Histogram } from "../../metrics/histogram.ts";
import { type LoadResult, throughput } from "../stats/result.ts";
import { Slot } from "../stats/thread_stats.ts";
import {
  cell,
  formatBinary,
  formatFixed,
  formatMetric,
  formatTimeS,
  formatTimeUs,
} from "./figures/wrk_units.ts";

/** The two lines that appear when the run begins. */
export function wrkHeader(
  url: string,
  durationMs: number,
  threads: number,
  connections: number,
  requestCount: number,
): string {
  // wrk knows no -n; a run without a duration shows its number of requests.
  const what = durationMs === Infinity
    ? (requestCount === Infinity ? "replay" : `${requestCount} requests`)
    : formatTimeS(Math.max(1, Math.round(durationMs / 1000)));
  return `Running ${what} test @ ${url}\n` +
    `  ${threads} threads and ${connections} connections\n`;
}

/** Everything from the table to `Transfer/sec`. */
export function wrkReport(result: LoadResult, showLatency: boolean): string {
  const { latency, counters } = result.stats;
  const lines = [
    "  Thread Stats   Avg      Stdev     Max   +/- Stdev",
    statsLine("Latency", latency, formatTimeUs),
    statsLine("Req/Sec", result.rates, formatMetric),
  ];
  if (showLatency) lines.push(...latencyDistribution(latency));
  const seconds = result.measuredMs / 1000;
  lines.push(
    `  ${counters[Slot.answered]} requests in ${formatTimeUs(Math.round(seconds * 1e6))}, ` +
      `${formatBinary(counters[Slot.bytesRead])}B read`,
    ...socketErrors(counters),
  );
  const status = counters[Slot.failedStatus];
  if (status > 0) lines.push(`  Non-2xx or 3xx responses: ${status}`);
  const perSecond = seconds > 0 ? throughput(result) : 0;
  const bytesPerSecond = seconds > 0 ? counters[Slot.bytesRead] / seconds : 0;
  lines.push(
    `Requests/sec: ${formatFixed(perSecond, 2).padStart(9)}`,
    `Transfer/sec: ${formatBinary(bytesPerSecond).padStart(10)}B`,
    "",
  );
  return lines.join("\n");
}

function statsLine(name: string, histogram: Histogram, format: (value: number) => string): string {
  const { count, meanUs, stdevUs, withinPercent } = histogram.spread();
  const mean = count === 0 ? 0 : meanUs;
  return `    ${name.padEnd(10)}${cell(format(mean), 8)}${cell(format(stdevUs), 10)}` +
    `${cell(format(histogram.maxUs), 9)}${formatFixed(withinPercent, 2).padStart(8)}%`;
}

function latencyDistribution(latency: Histogram): string[] {
  const percents = [50, 75, 90, 99];
  const values = latency.percentiles(percents);
  return [
    "  Latency Distribution",
    ...percents.map((percent, index) =>
      `${formatFixed(percent, 0).padStart(7)}%${cell(formatTimeUs(values[index]), 10)}`
    ),
  ];
}

/** wrk has four kinds; ours are mapped to them, and listed separately after Transfer/sec. */
function socketErrors(counters: Float64Array): string[] {
  const connect = counters[Slot.failedConnect] + counters[Slot.failedRefused] +
    counters[Slot.failedProxy] + counters[Slot.failedHandshake];
  const read = counters[Slot.failedRead] + counters[Slot.failedTruncated] +
    counters[Slot.failedProtocol] + counters[Slot.failedStreamReset] +
    counters[Slot.failedStreamRefused] + counters[Slot.failedNotEventStream] +
    counters[Slot.failedClosed];
  const write = counters[Slot.failedWrite];
  const timeout = counters[Slot.failedTimeout];
  if (connect + read + write + timeout === 0) return [];
  return [
    `  Socket errors: connect ${connect}, read ${read}, write ${write}, timeout ${timeout}`,
  ];
}
