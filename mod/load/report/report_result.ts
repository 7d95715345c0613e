/** A run of a JSON report as the result that the text report and --fail-if read. */
import { Histogram } from "../../metrics/histogram.ts";
import { failureKinds } from "../plan/failure.ts";
import {
  eventStreamTimes,
  phaseTimes as extraTimesOfPhases,
  webSocketTimes,
} from "../plan/extra_times.ts";
import { readEventStreams } from "./json/event_streams_json.ts";
import { readWebSockets } from "./json/web_sockets_json.ts";
import { decodedPhase, phaseNames, phaseTimes } from "./json/phases_json.ts";
import type { LoadResult } from "../stats/result.ts";
import { failureSlot, Slot, ThreadStats } from "../stats/thread_stats.ts";
import { type PlanJson, type RunJson } from "./json/report_json.ts";
import { histogramOf } from "./json/time_json.ts";

/**
 * Everything that a report holds. It does not hold wrk's samples of requests a second, every 100 ms and
 * by thread: `rates` has each second's average by thread instead. Throws `SyntaxError` for a broken
 * histogram.
 */
export async function resultOf(plan: PlanJson, run: RunJson): Promise<LoadResult> {
  return {
    url: plan.url,
    threads: plan.threads,
    connections: plan.connections,
    durationMs: plan.durationMs ?? Infinity,
    requestedRate: run.schedule === null ? null : run.schedule.askedRequestsPerSecond ?? 0,
    isRamp: false,
    startedAt: run.startedAt,
    measuredMs: run.measuredMs,
    stats: await statsOf(run),
    rates: ratesOf(plan, run),
    intervals: [],
    failures: run.failures,
    cpuUserMs: run.client.cpuUserMs,
    cpuSystemMs: run.client.cpuSystemMs,
    autoSources: run.connections.sourceAddressesAdded,
    portRange: null,
    interrupted: run.interrupted,
    hasScript: run.client.scriptMs !== null,
    hasReplay: (run.replay ?? null) !== null,
    streams: plan.protocol === "HTTP/2" ? plan.streamsPerConnection : null,
    isSecure: /^(https|wss):/i.test(plan.url),
    answerCounts: run.responsesByFieldValue,
    groupBy: plan.groupBy,
    threadVariables: [],
    machines: [],
    lookupTime: run.phases ? await decodedPhase(run.phases, "dns") : null,
  };
}

async function statsOf(run: RunJson): Promise<ThreadStats> {
  const streams = run.eventStreams ?? null, sockets = run.webSockets ?? null;
  const stats = ThreadStats.make([
    ...run.phases ? extraTimesOfPhases : [],
    ...streams === null ? [] : eventStreamTimes,
    ...sockets === null ? [] : webSocketTimes,
  ]);
  const { counters, statuses } = stats;
  const { connections, schedule } = run;
  const sent = (schedule?.requestsDue ?? 0) - (schedule?.requestsUnsent ?? 0);
  const values = {
    sent: run.requestsSent,
    answered: run.requestsAnswered,
    bytesRead: run.bytesRead,
    bytesSent: run.bytesSent,
    retried: run.requestsRetried,
    inFlight: run.requestsInFlightAtEnd,
    opened: connections.made,
    open: connections.openAtEnd,
    lost: connections.lost,
    closedIdle: connections.closedIdleByServer,
    closedAfterResponse: connections.closedAfterResponse,
    backlogFull: connections.connectsToFullQueue,
    portsExhausted: connections.connectsWithoutFreePort,
    tlsResumed: connections.tlsHandshakesResumed,
    scheduled: schedule?.requestsDue ?? 0,
    unsent: schedule?.requestsUnsent ?? 0,
    warmupUnsent: schedule?.warmupRequestsUnsent ?? 0,
    lagSumUs: (schedule?.lagMeanUs ?? 0) * sent,
    lagMaxUs: schedule?.lagMaxUs ?? 0,
    badLines: run.replay?.badLines ?? 0,
    bodiless: run.replay?.requestsWithoutBody ?? 0,
    scriptUs: (run.client.scriptMs ?? 0) * 1000,
  } as const;
  for (const [name, value] of Object.entries(values)) {
    counters[Slot[name as keyof typeof values]] = value;
  }
  // A newer version may have a kind that this one does not know.
  for (const kind of failureKinds) counters[failureSlot(kind)] = run.failedByKind[kind] ?? 0;
  for (const [status, count] of Object.entries(run.responsesByStatus)) {
    statuses[Number(status)] = count;
  }
  stats.latency.add(await histogramOf(run.latency));
  if (run.serviceTime !== null) stats.serviceTime.add(await histogramOf(run.serviceTime));
  stats.connectTime.add(await histogramOf(run.connectTime));
  if (streams !== null) await readEventStreams(streams, stats);
  if (sockets !== null) await readWebSockets(sockets, stats);
  for (const name of phaseNames) {
    const time = phaseTimes[name];
    if (time !== null) stats.extra.get(time)?.add(await decodedPhase(run.phases ?? null, name));
  }
  return stats;
}

function ratesOf({ threads }: PlanJson, { intervals }: RunJson): Histogram {
  const rates = new Histogram();
  for (const { requestsPerSecond } of intervals) {
    for (let thread = 0; thread < threads; thread++) rates.record(requestsPerSecond / threads);
  }
  return rates;
}
