/** The WebSockets of a run in a JSON report, and their sum over several machines. */
import type { LoadResult } from "../../stats/result.ts";
import { Slot, type ThreadStats } from "../../stats/thread_stats.ts";
import { histogramOf, type TimeJson, timeJson } from "./time_json.ts";

export interface WebSocketsJson {
  /** WebSockets whose handshake was accepted. */
  readonly opened: number;
  readonly openAtEnd: number;
  /** From connect(2) to the answer to the handshake. */
  readonly openTime: TimeJson;
  readonly messagesSent: number;
  readonly messagesReceived: number;
  readonly messagesReceivedPerSecond: number | null;
  readonly pingsAnswered: number;
  /** After the run: close frames that the server did not answer. */
  readonly closesUnanswered: number;
}

/** Whether the run's connections were WebSockets. */
export function hasWebSockets({ extra }: ThreadStats): boolean {
  return extra.has("webSocketOpen");
}

/** null without ws or wss. */
export async function webSocketsJson(
  { stats, measuredMs }: LoadResult,
  percents: readonly number[],
): Promise<WebSocketsJson | null> {
  if (!hasWebSockets(stats)) return null;
  const { counters, extra } = stats;
  const received = counters[Slot.received];
  return {
    opened: counters[Slot.socketsOpened],
    openAtEnd: counters[Slot.socketsOpen],
    openTime: await timeJson(extra.get("webSocketOpen")!, percents),
    messagesSent: counters[Slot.sent],
    messagesReceived: received,
    messagesReceivedPerSecond: measuredMs > 0 ? received / measuredMs * 1000 : null,
    pingsAnswered: counters[Slot.pings],
    closesUnanswered: counters[Slot.closesUnanswered],
  };
}

/** The sum; null when no run had WebSockets. `add` adds times. */
export async function mergeWebSockets(
  all: readonly (WebSocketsJson | null)[],
  add: (times: readonly TimeJson[]) => Promise<TimeJson>,
  measuredMs: number,
): Promise<WebSocketsJson | null> {
  const known = all.filter((sockets) => sockets !== null);
  if (known.length === 0) return null;
  const sum = (value: (sockets: WebSocketsJson) => number) =>
    known.reduce((total, each) => total + value(each), 0);
  const received = sum((each) => each.messagesReceived);
  return {
    opened: sum((each) => each.opened),
    openAtEnd: sum((each) => each.openAtEnd),
    openTime: await add(known.map((each) => each.openTime)),
    messagesSent: sum((each) => each.messagesSent),
    messagesReceived: received,
    messagesReceivedPerSecond: measuredMs > 0 ? received / measuredMs * 1000 : null,
    pingsAnswered: sum((each) => each.pingsAnswered),
    closesUnanswered: sum((each) => each.closesUnanswered),
  };
}

/** Puts what the report holds into `stats`, which has the histogram of WebSockets. */
export async function readWebSockets(
  sockets: WebSocketsJson,
  { counters, extra }: ThreadStats,
): Promise<void> {
  counters[Slot.socketsOpened] = sockets.opened;
  counters[Slot.socketsOpen] = sockets.openAtEnd;
  counters[Slot.received] = sockets.messagesReceived;
  counters[Slot.pings] = sockets.pingsAnswered;
  counters[Slot.closesUnanswered] = sockets.closesUnanswered;
  extra.get("webSocketOpen")!.add(await histogramOf(sockets.openTime));
}
