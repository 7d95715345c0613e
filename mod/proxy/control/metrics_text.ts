/** The counters for scrapers: `/metrics`. */
import { version } from "../../base/version.ts";
import { type Http2Figures, resetNames } from "../../conn/exchange/http2_counters.ts";
import { latencyBoundsMs } from "../../metrics/latency_buckets.ts";
import type { Peer } from "../balance/peer.ts";
import type { AdminApi } from "./admin_api.ts";
import {
  type Labels,
  type MetricsFormat,
  MetricsWriter,
  type Row,
} from "../../metrics/metrics_writer.ts";
import { conditionOf } from "./peer_view.ts";

const boundsSeconds = latencyBoundsMs.map((ms) => ms / 1000);
const classes = [1, 2, 3, 4, 5] as const;
const states = ["up", "draining", "down", "unavail", "checking", "unhealthy"] as const;

export function renderMetrics(admin: AdminApi, format: MetricsFormat): string {
  const writer = new MetricsWriter(format);
  writeProcess(writer, admin);
  writeListeners(writer, admin);
  writeProtocols(writer, admin);
  writeUpstreams(writer, admin);
  writeUpstreamProtocols(writer, admin);
  writePeers(writer, admin);
  writeHealth(writer, admin);
  writeCertificates(writer, admin);
  return writer.end();
}

function writeProcess(writer: MetricsWriter, admin: AdminApi): void {
  const { metrics, generation } = admin.parts;
  writer.gauge("hayate_build_info", "The program that runs", [[{ version }, 1]]);
  writer.gauge("hayate_generation", "Number of this start", [[{}, generation]]);
  const report = admin.parts.supervisor?.() ?? null;
  if (report !== null) {
    const help = "Generations of the supervisor that failed to start, or died while they served";
    writer.counter("hayate_generation_failures", help, [
      [{ kind: "start" }, report.startFailures],
      [{ kind: "death" }, report.deaths],
    ]);
  }
  const startedAt = admin.startedAtMs / 1000;
  writer.gauge("hayate_start_time_seconds", "When this process started", [[{}, startedAt]]);
  writer.gauge("hayate_connections", "Open client connections", [[{}, metrics.connections]]);
  writer.counter("hayate_requests", "Requests received", [[{}, metrics.requests]]);
  const aborts = "Clients gone before their response was complete";
  writer.counter("hayate_client_aborts", aborts, [[{}, metrics.clientAborts]]);
  const cut = "Responses that an upstream broke off";
  writer.counter("hayate_cut_responses", cut, [[{}, metrics.cutResponses]]);
  writer.counter(
    "hayate_responses",
    "Responses by class of status",
    classes.map((index) => [{ class: `${index}xx` }, metrics.statusClasses[index]]),
  );
  const lost = "Lines of access logs that their target did not take";
  writer.counter("hayate_log_lines_lost", lost, [[{}, metrics.lostLogLines()]]);
}

function writeCertificates(writer: MetricsWriter, { parts }: AdminApi): void {
  const rows = (parts.certificates?.() ?? []).flatMap(({ names, ...one }): Row[] => {
    const { notAfterMs } = one;
    if (notAfterMs === null || !one.isManaged) return [];
    const seconds = Math.round((notAfterMs - Date.now()) / 1000);
    return names.map((name) => [{ name }, seconds]);
  });
  if (rows.length === 0) return;
  writer.gauge("hayate_certificate_expiry_seconds", "Until a certificate of a CA expires", rows);
}

function writeListeners(writer: MetricsWriter, admin: AdminApi): void {
  const listeners = admin.parts.metrics.listeners();
  const rows = (value: (one: typeof listeners[number]) => number): Row[] =>
    listeners.map((one) => [{ listener: one.name }, value(one)]);
  writer.counter(
    "hayate_listener_connections",
    "Connections accepted",
    rows((one) => one.accepted),
  );
  writer.counter("hayate_listener_requests", "Requests received", rows((one) => one.requests));
  writer.gauge("hayate_listener_open_connections", "Connections now", rows((one) => one.open));
  writer.counter(
    "hayate_listener_protocol_errors",
    "Requests that broke the protocol or came too slowly and were refused, by what was wrong",
    listeners.flatMap(({ name, faults }) =>
      faults.map((fault) => [{ listener: name, reason: fault.name }, fault.count] as const)
    ),
  );
  writer.counter(
    "hayate_listener_tls_handshake_failures",
    "TLS handshakes that were not completed",
    rows((one) => one.tlsFailures),
  );
}

/** What each listener's clients did, by the version of HTTP. */
function writeProtocols(writer: MetricsWriter, admin: AdminApi): void {
  const listeners = admin.parts.metrics.listeners();
  type Listener = typeof listeners[number];
  const rows = (all: (one: Listener) => number, http2: (one: Listener) => number): Row[] =>
    listeners.flatMap((one) => [
      [{ listener: one.name, protocol: "HTTP/1" }, all(one) - http2(one)] as const,
      [{ listener: one.name, protocol: "HTTP/2" }, http2(one)] as const,
    ]);
  writer.counter(
    "hayate_protocol_requests",
    "Requests received, by version of HTTP",
    rows((one) => one.requests, (one) => one.http2.requests),
  );
  writer.counter(
    "hayate_protocol_connections",
    "Connections accepted, by version of HTTP",
    rows((one) => one.accepted, (one) => one.http2.connections),
  );
  writer.gauge(
    "hayate_protocol_open_connections",
    "Connections now, by version of HTTP",
    rows((one) => one.open, (one) => one.http2.open),
  );
  writer.gauge(
    "hayate_http2_open_streams",
    "Streams that clients have open",
    listeners.map((one) => [{ listener: one.name }, one.http2.streams]),
  );
  writer.counter(
    "hayate_http2_goaways",
    "Connections that were sent GOAWAY",
    listeners.map((one) => [{ listener: one.name }, one.http2.goaways]),
  );
  writer.counter(
    "hayate_http2_resets",
    "Streams that were reset, by whom and with which code",
    listeners.flatMap(({ name, http2 }) => [
      ...resets({ listener: name, by: "client" }, http2.resetsReceived),
      ...resets({ listener: name, by: "server" }, http2.resetsSent),
    ]),
  );
}

/** One row for each code that has occurred. */
function resets(labels: Labels, counts: readonly number[]): Row[] {
  return counts.flatMap((count, code) =>
    count === 0 ? [] : [[{ ...labels, code: resetNames[code] }, count] as const]
  );
}

/** What happens on the HTTP/2 connections to each upstream. */
function writeUpstreamProtocols(writer: MetricsWriter, { parts: { groups } }: AdminApi): void {
  const rows = (value: (http2: Http2Figures) => number): Row[] =>
    groups.map(({ plan: { name }, http2 }) => [{ upstream: name }, value(http2)]);
  writer.counter(
    "hayate_upstream_http2_requests",
    "Requests sent over HTTP/2",
    rows((http2) => http2.requests),
  );
  writer.counter(
    "hayate_upstream_http2_connections",
    "HTTP/2 connections established",
    rows((http2) => http2.connections),
  );
  writer.gauge(
    "hayate_upstream_http2_open_connections",
    "HTTP/2 connections now",
    rows((http2) => http2.open),
  );
  writer.gauge(
    "hayate_upstream_http2_open_streams",
    "Streams that wait for an answer, or are being answered",
    rows((http2) => http2.streams),
  );
  writer.counter(
    "hayate_upstream_http2_goaways",
    "GOAWAYs that servers have sent",
    rows((http2) => http2.goaways),
  );
  writer.counter(
    "hayate_upstream_http2_resets",
    "Streams that were reset, by whom and with which code",
    groups.flatMap(({ plan: { name: upstream }, http2 }) => [
      ...resets({ upstream, by: "server" }, http2.resetsReceived),
      ...resets({ upstream, by: "proxy" }, http2.resetsSent),
    ]),
  );
}

function writeUpstreams(writer: MetricsWriter, admin: AdminApi): void {
  const { groups, idleCount } = admin.parts;
  const rows = (value: (group: typeof groups[number]) => number): Row[] =>
    groups.map((group) => [{ upstream: group.plan.name }, value(group)]);
  const retries = "Attempts beyond the first of a request";
  writer.counter("hayate_upstream_retries", retries, rows((group) => group.retries));
  writer.counter(
    "hayate_upstream_retries_denied",
    "Retries that the budget refused",
    rows((group) => group.retriesDenied),
  );
  const idle = "Kept connections without a request";
  writer.gauge("hayate_upstream_idle_connections", idle, rows((group) => idleCount(group)));
  writer.gauge(
    "hayate_upstream_idle_connections_limit",
    "So many are kept at most, in each worker and for each server",
    rows((group) => group.plan.keepaliveMax),
  );
}

type PeerValue = (peer: Peer) => number;

const peerCounters: readonly (readonly [string, string, PeerValue])[] = [
  ["requests", "Attempts", (peer) => peer.requests],
  ["failures", "Failed attempts", (peer) => peer.failedRequests],
  ["unavailable", "Times that failures took it out", (peer) => peer.unavailableCount],
  ["ejections", "Times that it was left alone as an outlier", (peer) => peer.ejections],
  ["sent_bytes", "Bytes of requests", (peer) => peer.tally.sentBytes],
  ["received_bytes", "Bytes of responses", (peer) => peer.tally.receivedBytes],
];

const peerGauges: readonly (readonly [string, string, PeerValue])[] = [
  ["active", "Exchanges under way", (peer) => peer.active],
  ["weight", "Weight", (peer) => peer.weight],
];

/** Every peer with its identifying labels. */
function labelledPeers(admin: AdminApi): { readonly labels: Labels; readonly peer: Peer }[] {
  return admin.parts.groups.flatMap((group) =>
    group.peers.map((peer) => ({ labels: { upstream: group.plan.name, server: peer.name }, peer }))
  );
}

function writePeers(writer: MetricsWriter, admin: AdminApi): void {
  const peers = labelledPeers(admin);
  const rows = (value: PeerValue): Row[] =>
    peers.map(({ labels, peer }) => [labels, value(peer)] as const);
  for (const [name, help, value] of peerCounters) {
    writer.counter(`hayate_upstream_${name}`, help, rows(value));
  }
  for (const [name, help, value] of peerGauges) {
    writer.gauge(`hayate_upstream_${name}`, help, rows(value));
  }
  writer.counter(
    "hayate_upstream_responses",
    "Responses by class of status",
    peers.flatMap(({ labels, peer }) =>
      classes.map((index) => [{ ...labels, class: `${index}xx` }, peer.responses[index]] as const)
    ),
  );
  writer.summary(
    "hayate_upstream_header_seconds",
    "Time from the request to the response's head",
    peers.map(({ labels, peer }) => ({
      labels,
      sum: peer.headerTimeSumMs / 1000,
      count: peer.headerTimeCount,
    })),
  );
  writer.histogram(
    "hayate_upstream_response_seconds",
    "Time from the request to the last byte of the response, by class of status",
    boundsSeconds,
    peers.flatMap(({ labels, peer }) =>
      // Omit status classes that the server has never returned: they would be rows of zeros.
      classes.filter((index) => peer.responses[index] > 0).map((index) => ({
        labels: { ...labels, class: `${index}xx` },
        counts: peer.tally.timesOf(index),
        sum: peer.tally.timeSumMsOf(index) / 1000,
      }))
    ),
  );
}

function writeHealth(writer: MetricsWriter, admin: AdminApi): void {
  const now = admin.parts.nowMs();
  const peers = labelledPeers(admin).map(({ labels, peer }) => {
    const check = admin.checkOf(peer);
    return { labels, check, state: conditionOf(peer, check, now) };
  });
  writer.gauge(
    "hayate_upstream_up",
    "1: gets requests",
    peers.map(({ labels, state }) => [labels, state === "up" ? 1 : 0]),
  );
  writer.gauge(
    "hayate_upstream_state",
    "1 for the state that it is in",
    peers.flatMap(({ labels, state }) =>
      states.map((one) => [{ ...labels, state: one }, one === state ? 1 : 0] as const)
    ),
  );
  const checked = peers.flatMap(({ labels, check }) => check === null ? [] : [{ labels, check }]);
  writer.counter(
    "hayate_upstream_checks",
    "Health checks by result",
    checked.flatMap(({ labels, check }) => [
      [{ ...labels, result: "passed" }, check.probes - check.failures] as const,
      [{ ...labels, result: "failed" }, check.failures] as const,
    ]),
  );
  writer.counter(
    "hayate_upstream_check_downs",
    "Times that health checks took it out",
    checked.map(({ labels, check }) => [labels, check.unhealthyCount]),
  );
  writer.gauge(
    "hayate_upstream_check_rise",
    "Health checks passed in a row",
    checked.map(({ labels, check }) => [labels, check.state.riseCount]),
  );
  writer.gauge(
    "hayate_upstream_check_fall",
    "Health checks failed in a row",
    checked.map(({ labels, check }) => [labels, check.state.fallCount]),
  );
}
