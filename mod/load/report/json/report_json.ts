/**
 * The JSON report and its schema: what `plot`, `compare` and `merge` read again. Every figure has
 * its unit in its name; a figure that does not exist is null.
 */
import { type MachineJson, machineJson } from "./machine_json.ts";
import { failureKinds } from "../../plan/failure.ts";
import type { LoadPlan } from "../../plan/plan.ts";
import {
  cpuShare,
  errorsOf,
  type Interval,
  type LoadResult,
  requestedRate,
  throughput,
} from "../../stats/result.ts";
import { Slot } from "../../stats/thread_stats.ts";
import type { FailureCount } from "../../plan/thread_plan.ts";
import { type EventStreamsJson, eventStreamsJson } from "./event_streams_json.ts";
import { type WebSocketsJson, webSocketsJson } from "./web_sockets_json.ts";
import { type PhasesJson, phasesJson } from "./phases_json.ts";
import type { SearchJson } from "./search_json.ts";
import { type TimeJson, timeJson } from "./time_json.ts";

export const schemaName = "hayate-load/1";

export interface ReportJson {
  readonly schema: typeof schemaName;
  readonly environment: EnvironmentJson;
  readonly plan: PlanJson;
  readonly runs: readonly RunJson[];
  /** Of --find-rate; absent or null without it. */
  readonly search?: SearchJson | null;
}

export interface EnvironmentJson {
  readonly hayateVersion: string;
  readonly denoVersion: string;
  readonly v8Version: string;
  readonly kernel: string;
  readonly architecture: string;
  readonly hostName: string;
  readonly cpuCount: number;
  readonly cpuModel: string;
  readonly commandLine: readonly string[];
}

export interface PlanJson {
  readonly url: string;
  readonly unixSocketPath: string | null;
  readonly method: string;
  readonly connections: number;
  readonly threads: number;
  readonly durationMs: number | null;
  readonly requestCount: number | null;
  readonly warmupMs: number;
  readonly drainMs: number;
  readonly timeoutMs: number;
  /** null: closed loop. */
  readonly stages:
    | readonly {
      readonly durationMs: number;
      readonly startRequestsPerSecond: number;
      readonly endRequestsPerSecond: number;
    }[]
    | null;
  readonly keepalive: boolean;
  readonly requestsPerConnection: number | null;
  readonly pipelineDepth: number;
  readonly protocol: "HTTP/1.0" | "HTTP/1.1" | "HTTP/2";
  readonly streamsPerConnection: number;
  readonly retry: boolean;
  readonly groupBy: string | null;
}

export interface RunJson {
  readonly startedAt: string;
  readonly measuredMs: number;
  readonly interrupted: boolean;
  /** Null when nothing was measured, because the run ended in its warm-up. */
  readonly requestsPerSecond: number | null;
  readonly bytesReadPerSecond: number | null;
  readonly requestsSent: number;
  readonly requestsAnswered: number;
  readonly requestsFailed: number;
  readonly requestsRetried: number;
  readonly requestsInFlightAtEnd: number;
  readonly bytesRead: number;
  readonly bytesSent: number;
  readonly failedByKind: Readonly<Record<string, number>>;
  readonly failures: readonly FailureCount[];
  readonly responsesByStatus: Readonly<Record<string, number>>;
  /** By the value of the field that --group-by names; null without it. */
  readonly responsesByFieldValue: Readonly<Record<string, number>> | null;
  /** Open loop: from when the request was due; closed loop: from the send. */
  readonly latency: TimeJson;
  /** From the send; null in a closed loop, where it is the latency. */
  readonly serviceTime: TimeJson | null;
  readonly connectTime: TimeJson;
  /** With --phases. */
  readonly phases: PhasesJson | null;
  /** With --sse. */
  readonly eventStreams: EventStreamsJson | null;
  /** With ws and wss. */
  readonly webSockets: WebSocketsJson | null;
  readonly schedule: ScheduleJson | null;
  /** With --replay. */
  readonly replay: ReplayJson | null;
  readonly connections: ConnectionsJson;
  readonly client: ClientJson;
  readonly intervals: readonly IntervalJson[];
  /** With --on; null: one machine. */
  readonly machines: readonly MachineJson[] | null;
}

export interface ReplayJson {
  /** Lines of the log that are no requests. */
  readonly badLines: number;
  /** Requests that had a body, which the log does not keep. */
  readonly requestsWithoutBody: number;
}

/** `asked` here and below is the requested value: older versions' reports have these names. */
export interface ScheduleJson {
  readonly askedRequestsPerSecond: number | null;
  readonly sentRequestsPerSecond: number | null;
  readonly requestsDue: number;
  readonly requestsUnsent: number;
  /** Requests of the warm-up that were due and never sent; they are in no other figure. */
  readonly warmupRequestsUnsent: number;
  /** Null when nothing was sent. */
  readonly lagMeanUs: number | null;
  readonly lagMaxUs: number | null;
}

export interface ConnectionsJson {
  readonly asked: number;
  readonly made: number;
  readonly openAtEnd: number;
  readonly lost: number;
  readonly closedIdleByServer: number;
  readonly closedAfterResponse: number;
  readonly connectsToFullQueue: number;
  readonly connectsWithoutFreePort: number;
  readonly sourceAddressesAdded: number;
  readonly tlsHandshakesResumed: number;
}

export interface ClientJson {
  readonly cpuUserMs: number;
  readonly cpuSystemMs: number;
  readonly cpuShareOfThreads: number;
  readonly scriptMs: number | null;
}

type IntervalTimes = "p50Us" | "p90Us" | "p99Us" | "maxUs";

/** The times are null in a second without a response. */
export interface IntervalJson
  extends Omit<Interval, IntervalTimes>, Readonly<Record<IntervalTimes, number | null>> {
  readonly requestsPerSecond: number;
}

export function planJson(plan: LoadPlan, url: string): PlanJson {
  const finite = (value: number) => value === Infinity ? null : value;
  return {
    url,
    unixSocketPath: plan.unixSocket,
    method: plan.method,
    connections: plan.connections,
    threads: plan.threads,
    durationMs: finite(plan.durationMs),
    requestCount: finite(plan.requestCount),
    warmupMs: plan.warmupMs,
    drainMs: plan.drainMs,
    timeoutMs: plan.timeoutMs,
    stages: plan.stages?.map(({ durationMs, rateStart, rateEnd }) => ({
      durationMs,
      startRequestsPerSecond: rateStart,
      endRequestsPerSecond: rateEnd,
    })) ?? null,
    keepalive: plan.keepalive,
    requestsPerConnection: finite(plan.requestsPerConnection),
    pipelineDepth: plan.pipeline,
    protocol: plan.http2 ? "HTTP/2" : plan.http10 ? "HTTP/1.0" : "HTTP/1.1",
    streamsPerConnection: plan.streams,
    retry: plan.retry,
    groupBy: plan.output.groupBy,
  };
}

export async function runJson(result: LoadResult, percents: readonly number[]): Promise<RunJson> {
  const { counters, statuses } = result.stats;
  const isMeasured = result.measuredMs > 0;
  const responsesByStatus: Record<string, number> = {};
  statuses.forEach((count, status) => {
    // Messages of WebSockets have the status 0.
    if (count > 0 && status > 0) responsesByStatus[status] = count;
  });
  return {
    startedAt: result.startedAt,
    measuredMs: result.measuredMs,
    interrupted: result.interrupted,
    requestsPerSecond: isMeasured ? throughput(result) : null,
    bytesReadPerSecond: isMeasured ? counters[Slot.bytesRead] / result.measuredMs * 1000 : null,
    requestsSent: counters[Slot.sent],
    requestsAnswered: counters[Slot.answered],
    requestsFailed: errorsOf(result),
    requestsRetried: counters[Slot.retried],
    requestsInFlightAtEnd: counters[Slot.inFlight],
    bytesRead: counters[Slot.bytesRead],
    bytesSent: counters[Slot.bytesSent],
    failedByKind: failedByKind(result.failures),
    failures: result.failures,
    responsesByStatus,
    responsesByFieldValue: result.answerCounts,
    latency: await timeJson(result.stats.latency, percents),
    serviceTime: result.requestedRate === null
      ? null
      : await timeJson(result.stats.serviceTime, percents),
    connectTime: await timeJson(result.stats.connectTime, percents),
    phases: await phasesJson(result, percents),
    eventStreams: await eventStreamsJson(result, percents),
    webSockets: await webSocketsJson(result, percents),
    schedule: scheduleJson(result),
    replay: result.hasReplay
      ? { badLines: counters[Slot.badLines], requestsWithoutBody: counters[Slot.bodiless] }
      : null,
    connections: {
      asked: result.connections,
      made: counters[Slot.opened],
      openAtEnd: counters[Slot.open],
      lost: counters[Slot.lost],
      closedIdleByServer: counters[Slot.closedIdle],
      closedAfterResponse: counters[Slot.closedAfterResponse],
      connectsToFullQueue: counters[Slot.backlogFull],
      connectsWithoutFreePort: counters[Slot.portsExhausted],
      sourceAddressesAdded: result.autoSources,
      tlsHandshakesResumed: counters[Slot.tlsResumed],
    },
    client: {
      cpuUserMs: result.cpuUserMs,
      cpuSystemMs: result.cpuSystemMs,
      cpuShareOfThreads: Math.max(
        cpuShare(result),
        ...result.machines.map((machine) => machine.result === null ? 0 : cpuShare(machine.result)),
      ),
      scriptMs: result.hasScript ? counters[Slot.scriptUs] / 1000 : null,
    },
    intervals: result.intervals.map(intervalJson),
    machines: result.machines.length === 0 ? null : result.machines.map(machineJson),
  };
}

export function failedByKind(failures: readonly FailureCount[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const kind of failureKinds) counts[kind] = 0;
  for (const { kind, count } of failures) counts[kind] += count;
  return counts;
}

function scheduleJson(result: LoadResult): ScheduleJson | null {
  if (result.requestedRate === null) return null;
  const { counters } = result.stats;
  const due = counters[Slot.scheduled];
  const sent = due - counters[Slot.unsent];
  const requested = requestedRate(result);
  return {
    askedRequestsPerSecond: requested,
    sentRequestsPerSecond: requested === null || due === 0 ? null : requested * sent / due,
    requestsDue: due,
    requestsUnsent: counters[Slot.unsent],
    warmupRequestsUnsent: counters[Slot.warmupUnsent],
    lagMeanUs: sent === 0 ? null : counters[Slot.lagSumUs] / sent,
    lagMaxUs: sent === 0 ? null : counters[Slot.lagMaxUs],
  };
}

export function intervalJson(interval: Interval): IntervalJson {
  const { requests, durationMs } = interval;
  const known = (value: number) => requests === 0 ? null : value;
  return {
    endMs: Math.round(interval.endMs),
    durationMs: Math.round(durationMs),
    requests,
    requestsPerSecond: durationMs > 0 ? requests / durationMs * 1000 : 0,
    bytesRead: interval.bytesRead,
    failed: interval.failed,
    retried: interval.retried,
    received: interval.received,
    openConnections: interval.openConnections,
    p50Us: known(interval.p50Us),
    p90Us: known(interval.p90Us),
    p99Us: known(interval.p99Us),
    maxUs: known(interval.maxUs),
  };
}
