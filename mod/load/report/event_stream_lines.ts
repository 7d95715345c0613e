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
  const broken = counters[Slot.streamsBroken];
  const rate = measuredMs > 0 ? events / measuredMs * 1000 : 0;
  return [
    `Event streams: ${openedStreams(stats)} opened, ${counters[Slot.streamsEnded]} ended by the ` +
    `server, ${broken > 0 ? `${broken} broken, ` : ""}${
      counters[Slot.streamsOpen]
    } open at the end`,
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
