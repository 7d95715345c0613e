/** The lines of WebSockets. Pure. */
import type { LoadResult } from "../stats/result.ts";
import { Slot } from "../stats/thread_stats.ts";
import { formatMetric, formatTimeUs } from "./figures/wrk_units.ts";
import { hasWebSockets } from "./json/web_sockets_json.ts";

/** None without ws or wss. */
export function webSocketLines({ stats, measuredMs }: LoadResult): string[] {
  if (!hasWebSockets(stats)) return [];
  const { counters, extra } = stats;
  const openTime = extra.get("webSocketOpen")!;
  const [p50, p99] = openTime.percentiles([50, 99]).map(formatTimeUs);
  const opening = openTime.count === 0 ? "" : `; opening took ${p50} (p50), ${p99} (p99)`;
  const received = counters[Slot.received];
  const rate = measuredMs > 0 ? received / measuredMs * 1000 : 0;
  const lines = [
    `WebSockets: ${counters[Slot.socketsOpened]} opened, ${counters[Slot.socketsOpen]} open at ` +
    `the end${opening}`,
    `Messages: ${counters[Slot.sent]} sent, ${received} received, ${formatMetric(rate)}/s`,
  ];
  const waiting = counters[Slot.open] - counters[Slot.socketsOpen];
  if (waiting > 0) lines.push(`Handshakes: ${waiting} were waiting for their answer at the end`);
  if (counters[Slot.pings] > 0) lines.push(`Pings: ${counters[Slot.pings]} answered`);
  const unanswered = counters[Slot.closesUnanswered];
  if (unanswered > 0) lines.push(`Close frames: ${unanswered} were not answered in time`);
  return lines;
}
