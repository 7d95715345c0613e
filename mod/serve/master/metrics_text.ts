/** The counters of a master and its workers for scrapers: `/metrics`. Pure. */
import { latencyBoundsMs } from "../../metrics/latency_buckets.ts";
import { type MetricsFormat, MetricsWriter, type Row } from "../../metrics/metrics_writer.ts";
import type { WorkerMetrics } from "../worker/worker_metrics.ts";
import type { ServeStatus, WorkerStatus } from "./status.ts";

const boundsSeconds = latencyBoundsMs.map((ms) => ms / 1000);
const states = ["starting", "idle", "busy", "draining"] as const;

/** The gauges of a worker that serves. */
export interface WorkerGauges {
  readonly slot: number;
  readonly lagMs: number;
  readonly waiting: number;
  readonly heapBytes: number;
  readonly memoryBytes: number;
}

export interface MetricsSource {
  readonly status: ServeStatus;
  readonly startedAtMs: number;
  /** Workers started since the master began. */
  readonly starts: number;
  /** Requests that all workers have received so far. */
  readonly requests: number;
  readonly sum: WorkerMetrics;
  /** At most one for each slot, though two may live there during a replacement. */
  readonly gauges: readonly WorkerGauges[];
}

export function renderMetrics(source: MetricsSource, format: MetricsFormat): string {
  const writer = new MetricsWriter(format);
  writeProcesses(writer, source);
  writeRequests(writer, source);
  writeWorkers(writer, source);
  return writer.end();
}

function writeProcesses(writer: MetricsWriter, { status, startedAtMs, starts }: MetricsSource) {
  const { version, workers } = status;
  writer.gauge("hayate_build_info", "The program that runs", [[{ version }, 1]]);
  const started = "When this process started";
  writer.gauge("hayate_start_time_seconds", started, [[{}, startedAtMs / 1000]]);
  const count = (state: WorkerStatus["state"]) =>
    workers.filter((worker) => worker.state === state).length;
  writer.gauge(
    "hayate_workers",
    "Worker processes by what they do",
    states.map((state) => [{ state }, count(state)]),
  );
  writer.counter("hayate_worker_starts", "Worker processes started", [[{}, starts]]);
}

function writeRequests(writer: MetricsWriter, { status, requests, sum }: MetricsSource): void {
  const connections = status.workers.reduce((total, worker) => total + worker.connections, 0);
  writer.gauge("hayate_connections", "Open client connections", [[{}, connections]]);
  writer.counter("hayate_requests", "Requests received", [[{}, requests]]);
  const times = sum.times();
  const total = (counts: Float64Array) => counts.reduce((all, count) => all + count, 0);
  writer.counter(
    "hayate_responses",
    "Responses by class of status",
    [1, 2, 3, 4, 5].map((index): Row => {
      const found = times.find((one) => one.class === index);
      return [{ class: `${index}xx` }, found === undefined ? 0 : total(found.counts)];
    }),
  );
  writer.histogram(
    "hayate_response_seconds",
    "Time from the head of the request to the last byte of the response, by class of status",
    boundsSeconds,
    times.map((one) => ({
      labels: { class: `${one.class}xx` },
      counts: one.counts,
      sum: one.sumSeconds,
    })),
  );
  const aborts = "Clients gone before their response was complete";
  writer.counter("hayate_client_aborts", aborts, [[{}, sum.aborts]]);
  const shed = "Requests refused with 503 because the app and its queue were full";
  writer.counter("hayate_shed_requests", shed, [[{}, sum.shed]]);
  const refused = "Requests that broke the protocol or came too slowly and were refused";
  writer.counter("hayate_protocol_errors", refused, [[{}, sum.refused]]);
}

function writeWorkers(writer: MetricsWriter, { gauges }: MetricsSource): void {
  const rows = (value: (one: WorkerGauges) => number): Row[] =>
    gauges.map((one) => [{ slot: String(one.slot) }, value(one)]);
  writer.gauge(
    "hayate_worker_event_loop_lag_seconds",
    "Longest delay of a worker's event loop in the last ten to twenty seconds",
    rows(({ lagMs }) => lagMs / 1000),
  );
  writer.gauge(
    "hayate_worker_queued_requests",
    "Requests that wait for the app of a worker",
    rows(({ waiting }) => waiting),
  );
  writer.gauge(
    "hayate_worker_heap_bytes",
    "JavaScript heap in use in a worker",
    rows(({ heapBytes }) => heapBytes),
  );
  writer.gauge(
    "hayate_worker_resident_memory_bytes",
    "Resident memory of a worker",
    rows(({ memoryBytes }) => memoryBytes),
  );
}
