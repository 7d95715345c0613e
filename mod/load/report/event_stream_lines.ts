/** The lines of --sse. Pure. */
import type { Histogram } from "../../metrics/histogram.ts";
import type { LoadResult } from "../stats/result.ts";
import { Slot } from "../stats/thread_stats.ts";
import { hasEventStreams, openedStreams } from "./json/event_streams_json.ts";
import { timeTable } from "./phase_lines.ts";
import { formatFixed, formatMetric } from "./figures/wrk_units.ts";

/** None without --sse. */
export function eventStreamLines({ stats, measuredMs }: LoadResult): string[] {
  if (!hasEventStreams(stats)) return [];
  const { counters, extra } = stats;
  const events = counters[Slot.received];
  const parts = [
    [counters[Slot.streamsCarried], "open at the start"],
    [openedStreams(stats), "opened"],
    [counters[Slot.streamsEnded], "ended by the server"],
    [counters[Slot.streamsBroken], "broken"],
    [counters[Slot.streamsOpen], "open at the end"],
  ] as const;
  // What is usually 0 is said only when it is not.
  const shown = parts.filter(([count, name]) => count > 0 || !/start|broken/.test(name));
  const rate = measuredMs > 0 ? events / measuredMs * 1000 : 0;
  return [
    `Event streams: ${shown.map(([count, name]) => `${count} ${name}`).join(", ")}`,
    `Events: ${events}, ${formatMetric(rate)}/s${byStream(extra.get("eventsPerStream")!)}`,
    ...(events === 0 ? [] : timeTable("Event times:", [
      ["First event", extra.get("firstEvent")!],
      ["Gap", extra.get("eventGap")!],
    ])),
  ];
}

function byStream(amounts: Histogram): string {
  const { count, meanUs: mean } = amounts.spread();
  if (count === 0) return "";
  const [least, most] = [amounts.minUs, amounts.maxUs];
  return `; by stream ${formatFixed(mean, 1)} on average, ${least} at least, ${most} at most`;
}
