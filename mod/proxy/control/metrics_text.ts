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
  writeProcess(text, board);
  writePeers(text, board);
  const { groups, idleCount } = board.parts;
  text.family(
    "hayate_upstream_idle_connections",
    "gauge",
    "Kept connections without a request",
    groups.map((group) => [{ upstream: group.plan.name }, idleCount(group)] as const),
  );
  return text.toString();
}

function writeProcess(text: MetricsText, board: Board): void {
  const { metrics, generation } = board.parts;
  const single: readonly (readonly [string, "counter" | "gauge", string, number])[] = [
    ["generation", "gauge", "Number of this start", generation],
    ["start_time_seconds", "gauge", "When this process started", board.startedAtMs / 1000],
    ["connections", "gauge", "Open client connections", board.parts.connectionCount()],
    ["requests_total", "counter", "Requests received", metrics.requests],
    [
      "client_aborts_total",
      "counter",
      "Clients gone before their response was complete",
      metrics.clientAborts,
    ],
    [
      "cut_responses_total",
      "counter",
      "Responses that an upstream broke off",
      metrics.cutResponses,
    ],
  ];
  for (const [name, type, help, value] of single) {
    text.family(`hayate_${name}`, type, help, [[{}, value]]);
  }
  text.family(
    "hayate_responses_total",
    "counter",
    "Responses by class of status",
    classes.map((index) => [{ class: `${index}xx` }, metrics.statusClasses[index]]),
  );
}

const classes = [1, 2, 3, 4, 5] as const;

const peerFamilies:
  readonly (readonly [string, "counter" | "gauge", string, (peer: Peer) => number])[] = [
    ["requests_total", "counter", "Attempts", (peer) => peer.requests],
    ["failures_total", "counter", "Failed attempts", (peer) => peer.failedRequests],
    [
      "unavailable_total",
      "counter",
      "Times that failures took it out",
      (peer) => peer.unavailableCount,
    ],
    ["active", "gauge", "Exchanges under way", (peer) => peer.active],
    ["weight", "gauge", "Weight", (peer) => peer.weight],
    [
      "header_seconds_sum",
      "counter",
      "Time from the request to the response's head, summed",
      (peer) => peer.headerTimeSumMs / 1000,
    ],
    ["header_seconds_count", "counter", "Responses in that sum", (peer) => peer.headerTimeCount],
  ];

function writePeers(text: MetricsText, board: Board): void {
  const peers = board.parts.groups.flatMap((group) =>
    group.peers.map((peer) => ({ labels: { upstream: group.plan.name, server: peer.name }, peer }))
  );
  for (const [name, type, help, value] of peerFamilies) {
    const rows = peers.map(({ labels, peer }) => [labels, value(peer)] as const);
    text.family(`hayate_upstream_${name}`, type, help, rows);
  }
  const now = board.parts.nowMs();
  const isUp = (peer: Peer) => peerState(peer, board.checkOf(peer), now) === "up" ? 1 : 0;
  text.family(
    "hayate_upstream_up",
    "gauge",
    "1: gets requests",
    peers.map(({ labels, peer }) => [labels, isUp(peer)] as const),
  );
  text.family(
    "hayate_upstream_responses_total",
    "counter",
    "Responses by class of status",
    peers.flatMap(({ labels, peer }) =>
      classes.map((index) => [{ ...labels, class: `${index}xx` }, peer.responses[index]] as const)
    ),
  );
}
