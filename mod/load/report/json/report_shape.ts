/** The shape of a JSON report, to check one that another program may have written or truncated. */
import {
  amount,
  count,
  flag,
  list,
  mapOf,
  nullable,
  number,
  oneOf,
  optional,
  record,
  text,
} from "../../../base/shape.ts";
import {
  type ClientJson,
  type ConnectionsJson,
  type EnvironmentJson,
  type IntervalJson,
  type PlanJson,
  type ReplayJson,
  type ReportJson,
  type RunJson,
  type ScheduleJson,
  schemaName,
} from "./report_json.ts";
import { type TimeJson } from "./time_json.ts";
import type { SearchJson, SearchStepJson } from "./search_json.ts";
import type { AmountJson } from "./amount_json.ts";
import type { WebSocketsJson } from "./web_sockets_json.ts";
import type { EventStreamsJson } from "./event_streams_json.ts";
import type { PhasesJson } from "./phases_json.ts";
import type { MachineJson } from "./machine_json.ts";
import type { FailureCount } from "../../plan/thread_plan.ts";

export const environmentShape = record<EnvironmentJson>({
  hayateVersion: text,
  denoVersion: text,
  v8Version: text,
  kernel: text,
  architecture: text,
  hostName: text,
  cpuCount: count,
  cpuModel: text,
  commandLine: list(text),
});

export const planShape = record<PlanJson>({
  url: text,
  unixSocketPath: nullable(text),
  method: text,
  connections: count,
  threads: count,
  durationMs: nullable(amount),
  requestCount: nullable(amount),
  warmupMs: amount,
  drainMs: optional(amount),
  timeoutMs: nullable(amount),
  stages: nullable(list(record({
    durationMs: amount,
    startRequestsPerSecond: amount,
    endRequestsPerSecond: amount,
  }))),
  keepalive: flag,
  requestsPerConnection: nullable(amount),
  pipelineDepth: count,
  // Reports of older versions do not have it.
  protocol: optional(oneOf("HTTP/1.0", "HTTP/1.1", "HTTP/2")),
  streamsPerConnection: optional(count),
  groupBy: optional(nullable(text)),
  retry: optional(flag),
});

const time = record<TimeJson>({
  count,
  minUs: nullable(amount),
  meanUs: nullable(amount),
  stdevUs: nullable(amount),
  maxUs: nullable(amount),
  percentilesUs: mapOf(nullable(amount)),
  hdrV2Base64: text,
});

const phases = record<PhasesJson>({
  dns: nullable(time),
  connect: nullable(time),
  tls: nullable(time),
  firstByte: nullable(time),
  transfer: nullable(time),
});

const amounts = record<AmountJson>({
  count,
  min: nullable(amount),
  mean: nullable(amount),
  stdev: nullable(amount),
  max: nullable(amount),
  percentiles: mapOf(nullable(amount)),
  hdrV2Base64: text,
});

const eventStreams = record<EventStreamsJson>({
  openAtStart: count,
  opened: count,
  ended: count,
  broken: count,
  openAtEnd: number,
  events: count,
  eventsPerSecond: nullable(amount),
  firstEvent: time,
  gap: time,
  eventsPerStream: amounts,
});

const webSockets = record<WebSocketsJson>({
  opened: count,
  openAtEnd: number,
  openTime: time,
  messagesSent: count,
  messagesReceived: count,
  messagesReceivedPerSecond: nullable(amount),
  pingsAnswered: count,
  closesUnanswered: count,
});

const schedule = record<ScheduleJson>({
  askedRequestsPerSecond: nullable(amount),
  sentRequestsPerSecond: nullable(amount),
  requestsDue: amount,
  requestsUnsent: amount,
  warmupRequestsUnsent: optional(amount),
  lagMeanUs: nullable(amount),
  lagMaxUs: nullable(amount),
});

const connections = record<ConnectionsJson>({
  asked: count,
  made: count,
  openAtEnd: number,
  lost: count,
  closedIdleByServer: count,
  closedAfterResponse: count,
  connectsToFullQueue: count,
  connectsWithoutFreePort: count,
  sourceAddressesAdded: count,
  tlsHandshakesResumed: optional(count),
});

const client = record<ClientJson>({
  cpuUserMs: amount,
  cpuSystemMs: amount,
  cpuShareOfThreads: amount,
  scriptMs: nullable(amount),
});

const interval = record<IntervalJson>({
  endMs: amount,
  durationMs: amount,
  requests: amount,
  requestsPerSecond: nullable(amount),
  bytesRead: amount,
  failed: amount,
  retried: amount,
  // Reports of older versions do not have it.
  received: optional(amount),
  openConnections: number,
  p50Us: nullable(amount),
  p90Us: nullable(amount),
  p99Us: nullable(amount),
  maxUs: nullable(amount),
});

const machine = record<MachineJson>({
  name: text,
  hostName: text,
  lost: nullable(text),
  clockOffsetMs: number,
  clockErrorMs: amount,
  startedLateMs: amount,
  connections: nullable(count),
  requestsAnswered: nullable(count),
  requestsPerSecond: nullable(amount),
  askedRequestsPerSecond: nullable(amount),
  requestsUnsent: nullable(count),
  cpuShareOfThreads: nullable(amount),
});

export const runShape = record<RunJson>({
  startedAt: text,
  measuredMs: amount,
  interrupted: flag,
  requestsPerSecond: nullable(amount),
  bytesReadPerSecond: nullable(amount),
  requestsSent: count,
  requestsAnswered: count,
  requestsFailed: count,
  requestsRetried: count,
  requestsInFlightAtEnd: number,
  bytesRead: amount,
  bytesSent: amount,
  failedByKind: mapOf(amount),
  failures: list(record<FailureCount>({ kind: text, code: text, count })),
  responsesByStatus: mapOf(amount),
  responsesByFieldValue: optional(nullable(mapOf(amount))),
  latency: time,
  serviceTime: nullable(time),
  connectTime: time,
  phases: optional(nullable(phases)),
  eventStreams: optional(nullable(eventStreams)),
  webSockets: optional(nullable(webSockets)),
  schedule: nullable(schedule),
  replay: optional(nullable(record<ReplayJson>({ badLines: count, requestsWithoutBody: count }))),
  connections,
  client,
  intervals: list(interval),
  machines: optional(nullable(list(machine))),
});

const search = record<SearchJson>({
  conditions: list(text),
  fromRequestsPerSecond: amount,
  toRequestsPerSecond: amount,
  foundRequestsPerSecond: nullable(amount),
  isClientLimit: flag,
  steps: list(record<SearchStepJson>({
    requestsPerSecond: amount,
    isConfirmation: flag,
    passed: flag,
    reason: nullable(text),
    run: count,
  })),
});

export const reportShape = record<ReportJson>({
  schema: oneOf(schemaName),
  environment: environmentShape,
  plan: planShape,
  runs: list(runShape, 1),
  search: optional(nullable(search)),
});
