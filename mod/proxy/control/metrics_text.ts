/** The counters as Prometheus reads them (text format 0.0.4). */
import type { Peer } from "../balance/peer.ts";
import type { Board } from "./board.ts";
import { peerState } from "./peer_view.ts";

type Labels = Readonly<Record<string, string>>;

/** Collects lines; each name gets its HELP and TYPE once. */
class MetricsText {
  #text = "";

  family(
    name: string,
    type: "counter" | "gauge",
    help: string,
    rows: readonly (readonly [Labels, number])[],
  ): void {
    this.#text += `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
    for (const [labels, value] of rows) this.#text += `${name}${labelText(labels)} ${value}\n`;
  }

  toString(): string {
    return this.#text;
  }
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escapeLabel(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

export function renderMetrics(board: Board): string {
  const text = new MetricsText();
  const { metrics, groups, generation } = board.parts;
  text.family("hayate_generation", "gauge", "Number of this start", [[{}, generation]]);
  text.family("hayate_start_time_seconds", "gauge", "When this process started", [[
    {},
    board.startedAtMs / 1000,
  ]]);
  text.family("hayate_connections", "gauge", "Open client connections", [[
    {},
    board.parts.connectionCount(),
  ]]);
  text.family("hayate_requests_total", "counter", "Requests received", [[{}, metrics.requests]]);
  text.family(
    "hayate_responses_total",
    "counter",
    "Responses by class of status",
    [1, 2, 3, 4, 5].map((index) => [{ class: `${index}xx` }, metrics.statusClasses[index]]),
  );
  text.family(
    "hayate_client_aborts_total",
    "counter",
    "Clients gone before their response was complete",
    [
      [{}, metrics.clientAborts],
    ],
  );
  text.family("hayate_cut_responses_total", "counter", "Responses that an upstream broke off", [
    [{}, metrics.cutResponses],
  ]);
  const peers = groups.flatMap((group) =>
    group.peers.map((peer) => ({ labels: { upstream: group.plan.name, server: peer.name }, peer }))
  );
  const perPeer = (value: (peer: Peer) => number) =>
    peers.map(({ labels, peer }) => [labels, value(peer)] as const);
  text.family(
    "hayate_upstream_requests_total",
    "counter",
    "Attempts",
    perPeer((peer) => peer.requests),
  );
  text.family(
    "hayate_upstream_failures_total",
    "counter",
    "Failed attempts",
    perPeer((peer) => peer.failedRequests),
  );
  text.family(
    "hayate_upstream_active",
    "gauge",
    "Exchanges under way",
    perPeer((peer) => peer.active),
  );
  text.family("hayate_upstream_weight", "gauge", "Weight", perPeer((peer) => peer.weight));
  const now = board.parts.nowMs();
  text.family(
    "hayate_upstream_up",
    "gauge",
    "1: gets requests",
    perPeer((peer) => peerState(peer, board.checkOf(peer), now) === "up" ? 1 : 0),
  );
  text.family(
    "hayate_upstream_responses_total",
    "counter",
    "Responses by class of status",
    peers.flatMap(({ labels, peer }) =>
      [1, 2, 3, 4, 5].map((index) =>
        [{ ...labels, class: `${index}xx` }, peer.responses[index]] as const
      )
    ),
  );
  text.family(
    "hayate_upstream_header_seconds_sum",
    "counter",
    "Time from the request to the response's head, summed",
    perPeer((peer) => peer.headerTimeSumMs / 1000),
  );
  text.family(
    "hayate_upstream_header_seconds_count",
    "counter",
    "Responses in that sum",
    perPeer((peer) => peer.headerTimeCount),
  );
  text.family(
    "hayate_upstream_idle_connections",
    "gauge",
    "Kept connections without a request",
    groups.map((group) => [{ upstream: group.plan.name }, board.parts.idleCount(group)] as const),
  );
  return text.toString();
}
