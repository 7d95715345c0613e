/** Times that only some runs measure; each has a histogram of its own. */
import type { LoadPlan } from "./plan.ts";

/** Per connection with --phases: TCP or the unix socket; TLS. */
export const connectionTimes = ["transportConnect", "tlsHandshake"] as const;
/** Per request with --phases: from its send to the first byte; from there to the last one. */
export const exchangeTimes = ["firstByte", "transfer"] as const;

/**
 * With --sse: from the send, or from when it was due, to a stream's first event; between two events; and how
 * many events a stream had, which is no time.
 */
export const eventStreamTimes = ["firstEvent", "eventGap", "eventsPerStream"] as const;

/** With WebSockets: from connect(2) to the answer to the handshake. */
export const webSocketTimes = ["webSocketOpen"] as const;

export type ExtraTime =
  | typeof connectionTimes[number]
  | typeof exchangeTimes[number]
  | typeof eventStreamTimes[number]
  | typeof webSocketTimes[number];

/** What the threads of a run measure besides the usual times. */
export function extraTimesOf(
  { output, eventStreams, webSocket }: Pick<LoadPlan, "output" | "eventStreams" | "webSocket">,
): readonly ExtraTime[] {
  return [
    ...output.phases ? phaseTimes : [],
    ...eventStreams === null ? [] : eventStreamTimes,
    ...webSocket === null ? [] : webSocketTimes,
  ];
}

/** The times of `--phases`. */
export const phaseTimes: readonly ExtraTime[] = [...connectionTimes, ...exchangeTimes];
