/** The metrics of `hayate load` as text. */
import { version } from "../../base/version.ts";
import { bucketsOf, loadBoundsSeconds } from "../../metrics/histogram_buckets.ts";
import type { Histogram } from "../../metrics/histogram.ts";
import { type MetricsFormat, MetricsWriter, type Row } from "../../metrics/metrics_writer.ts";
import { failureKinds } from "../plan/failure.ts";
import { failureSlot, Slot } from "../stats/thread_stats.ts";
import { type Reading, runStates } from "./meter.ts";

const statusClasses = [1, 2, 3, 4, 5] as const;

export function metricsText(reading: Reading, format: MetricsFormat): string {
  const writer = new MetricsWriter(format);
  writer.gauge("hayate_build_info", "The program that runs", [[{ version }, 1]]);
  writeRun(writer, reading);
  writeCounters(writer, reading);
  const { total, hasServiceTime } = reading;
  const latency = "From when a request was due (-R), or sent, to the last byte of its response";
  writeTime(writer, "hayate_load_latency_seconds", latency, total.latency);
  if (hasServiceTime) {
    const service = "From when a request was sent to the last byte of its response";
    writeTime(writer, "hayate_load_service_time_seconds", service, total.serviceTime);
  }
  const connect = "From the connect to the connection, with TLS";
  writeTime(writer, "hayate_load_connect_seconds", connect, total.connectTime);
  return writer.end();
}

function writeRun(writer: MetricsWriter, reading: Reading): void {
  const { state, runCount, targetRate, openConnections } = reading;
  const rows = runStates.map((name): Row => [{ state: name }, name === state ? 1 : 0]);
  writer.gauge("hayate_load_state", "What the run does: 1 for its state", rows);
  writer.gauge("hayate_load_run", "Number of the run, from 1", [[{}, runCount]]);
  writer.gauge("hayate_load_connections", "Open connections", [[{}, openConnections]]);
  if (targetRate === null) return;
  const help = "Requests a second that the schedule has now";
  writer.gauge("hayate_load_target_rate", help, [[{}, targetRate]]);
}

/** Without the warm-up, as every figure of a report. */
function writeCounters(writer: MetricsWriter, { total }: Reading): void {
  const { counters, statuses } = total;
  const one = (name: string, help: string, slot: number) =>
    writer.counter(name, help, [[{}, counters[slot]]]);
  one("hayate_load_requests", "Requests sent, without those of the warm-up", Slot.sent);
  writer.counter(
    "hayate_load_responses",
    "Complete responses by class of status",
    statusClasses.map((index) => [{ class: `${index}xx` }, sumOf(statuses, index)]),
  );
  writer.counter(
    "hayate_load_failures",
    "Failed requests, each once, by kind",
    failureKinds.map((kind) => [{ kind }, counters[failureSlot(kind)]]),
  );
  one("hayate_load_retries", "Requests sent again, with --retry", Slot.retried);
  one("hayate_load_read_bytes", "Bytes of responses", Slot.bytesRead);
  one("hayate_load_sent_bytes", "Bytes of requests", Slot.bytesSent);
  one("hayate_load_received", "Events (--sse), or messages of WebSockets", Slot.received);
}

function sumOf(statuses: Float64Array, statusClass: number): number {
  const first = statusClass * 100;
  return statuses.subarray(first, first + 100).reduce((sum, count) => sum + count, 0);
}

function writeTime(writer: MetricsWriter, name: string, help: string, time: Histogram): void {
  const { counts, sumSeconds } = bucketsOf(time, loadBoundsSeconds);
  writer.histogram(name, help, loadBoundsSeconds, [{ labels: {}, counts, sum: sumSeconds }]);
}
