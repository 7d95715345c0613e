/** The event streams of a run (--sse) in a JSON report, and their sum over several machines. */
import type { LoadResult } from "../../stats/result.ts";
import { Slot, type ThreadStats } from "../../stats/thread_stats.ts";
import { type AmountJson, amountJson, amountOf, timeOf } from "./amount_json.ts";
import { histogramOf, type TimeJson, timeJson } from "./time_json.ts";

export interface EventStreamsJson {
  /** Streams that the warm-up has opened. */
  readonly openAtStart: number;
  /** Streams whose head has arrived, without those. */
  readonly opened: number;
  /** Streams that the server has ended properly. */
  readonly ended: number;
  /** Streams that failed after they were opened. */
  readonly broken: number;
  readonly openAtEnd: number;
  readonly events: number;
  readonly eventsPerSecond: number | null;
  /** From the send, or from when the request was due, to a stream's first event. */
  readonly firstEvent: TimeJson;
  /** Between two events of a stream. */
  readonly gap: TimeJson;
  readonly eventsPerStream: AmountJson;
}

/** Whether the run's responses were event streams. */
export function hasEventStreams({ extra }: ThreadStats): boolean {
  return extra.has("firstEvent");
}

/** null without --sse. */
export async function eventStreamsJson(
  { stats, measuredMs }: LoadResult,
  percents: readonly number[],
): Promise<EventStreamsJson | null> {
  if (!hasEventStreams(stats)) return null;
  const { counters, extra } = stats;
  return {
    openAtStart: counters[Slot.streamsCarried],
    opened: openedStreams(stats),
    ended: counters[Slot.streamsEnded],
    broken: counters[Slot.streamsBroken],
    openAtEnd: counters[Slot.streamsOpen],
    events: counters[Slot.received],
    eventsPerSecond: measuredMs > 0 ? counters[Slot.received] / measuredMs * 1000 : null,
    firstEvent: await timeJson(extra.get("firstEvent")!, percents),
    gap: await timeJson(extra.get("eventGap")!, percents),
    eventsPerStream: await amountJson(extra.get("eventsPerStream")!, percents),
  };
}

/** Responses that were event streams: those that were something else, and complete, had an error's status. */
export function openedStreams({ counters }: ThreadStats): number {
  return counters[Slot.answered] - counters[Slot.failedStatus];
}

/** The sum; null when no run had event streams. `add` adds times. */
export async function mergeEventStreams(
  all: readonly (EventStreamsJson | null)[],
  add: (times: readonly TimeJson[]) => Promise<TimeJson>,
  measuredMs: number,
): Promise<EventStreamsJson | null> {
  const known = all.filter((streams) => streams !== null);
  if (known.length === 0) return null;
  const sum = (value: (streams: EventStreamsJson) => number) =>
    known.reduce((total, each) => total + value(each), 0);
  const events = sum((each) => each.events);
  return {
    openAtStart: sum((each) => each.openAtStart),
    opened: sum((each) => each.opened),
    ended: sum((each) => each.ended),
    broken: sum((each) => each.broken),
    openAtEnd: sum((each) => each.openAtEnd),
    events,
    eventsPerSecond: measuredMs > 0 ? events / measuredMs * 1000 : null,
    firstEvent: await add(known.map((each) => each.firstEvent)),
    gap: await add(known.map((each) => each.gap)),
    eventsPerStream: amountOf(await add(known.map((each) => timeOf(each.eventsPerStream)))),
  };
}

/** Puts what the report holds into `stats`, which has the histograms of event streams. */
export async function readEventStreams(
  streams: EventStreamsJson,
  { counters, extra }: ThreadStats,
): Promise<void> {
  counters[Slot.received] = streams.events;
  counters[Slot.streamsCarried] = streams.openAtStart;
  counters[Slot.streamsEnded] = streams.ended;
  counters[Slot.streamsBroken] = streams.broken;
  counters[Slot.streamsOpen] = streams.openAtEnd;
  extra.get("firstEvent")!.add(await histogramOf(streams.firstEvent));
  extra.get("eventGap")!.add(await histogramOf(streams.gap));
  extra.get("eventsPerStream")!.add(await histogramOf(timeOf(streams.eventsPerStream)));
}
