/**
 * The shapes of all peer data that is read back: from the state file, and from messages between a
 * master and its workers, which may be of another version after an in-place upgrade.
 */
import {
  amount,
  count,
  flag,
  list,
  matching,
  oneOf,
  optional,
  record,
  type Shape,
  tagged,
  text,
  whole,
} from "../../base/shape.ts";
import { isHostName, isIpLiteral, isUnixPath } from "../../config/addresses.ts";
import type { PeerTally } from "../balance/peer_tally.ts";
import { checkTypes } from "../plan/check_plan.ts";
import { routeForm } from "../directives/upstream/server_line.ts";
import type { ListenerCounters } from "../engine/records/engine_metrics.ts";
import type { HealthState } from "../health/checker.ts";
import type { StatusRow } from "../health/status_page.ts";
import type { PeerParent, PeerPlan } from "../plan/plan.ts";
import type {
  CountersMessage,
  EjectionState,
  OutlierMessage,
  PeerCounters,
  PeerState,
  RowChange,
  RowsMessage,
  StateMessage,
  UnreachableMessage,
  UpstreamCounters,
  UpstreamState,
  WelcomeMessage,
} from "./messages.ts";

const name = matching(
  "a name without control characters",
  (value) => typeof value === "string" && /^[^\0-\x1f\x7f]+$/.test(value),
);
const route = matching(
  "a route of at most 32 characters that a cookie may have",
  (value) => typeof value === "string" && (value === "" || routeForm.test(value)),
);

const isIp = (value: unknown) => typeof value === "string" && isIpLiteral(value);
const unixAddress = record({
  kind: text,
  path: matching(
    "a path of at most 107 bytes that begins with /",
    (value) => typeof value === "string" && isUnixPath(value) && !value.includes("\0"),
  ),
});
const tcpAddress = (host: Shape) => record({ kind: text, host, port: whole(0, 65_535) });

/** An address that a socket can connect to: no host name. */
const resolved = tagged("kind", {
  tcp: tcpAddress(matching("an IP address", isIp)),
  unix: unixAddress,
});
/** An address as a server's line may give it. */
const address = tagged("kind", {
  tcp: tcpAddress(matching(
    "an IP address or a host name",
    (value) => isIp(value) || (typeof value === "string" && isHostName(value)),
  )),
  unix: unixAddress,
});

const peerPlan = record<PeerPlan>({
  name,
  address,
  weight: whole(1, 65_535),
  connectionsMax: count,
  failsMax: count,
  failTimeoutMs: amount,
  slowStartMs: amount,
  backup: flag,
  down: flag,
  drain: flag,
  resolve: flag,
  service: text,
  route,
  serverName: optional(text),
  scheme: optional(oneOf("http", "https")),
  origin: optional(count),
  parent: optional(record<PeerParent>({ id: count, host: text, service: text })),
});

const peerState = record<PeerState>({
  id: count,
  plan: peerPlan,
  weight: whole(1, 65_535),
  connectionsMax: count,
  failsMax: count,
  failTimeoutMs: amount,
  slowStartMs: amount,
  down: flag,
  draining: flag,
  route: optional(route),
  checkDown: flag,
  addresses: optional(list(resolved)),
});

/** Ids identify servers in the API: they must be unique within an upstream. */
const peerStates: Shape = (value) => {
  const fault = list(peerState)(value);
  if (fault !== null) return fault;
  const ids = new Set<number>();
  for (const [index, { id }] of (value as readonly PeerState[]).entries()) {
    if (ids.has(id)) return { path: `[${index}].id`, text: `is ${id}, which another server has` };
    ids.add(id);
  }
  return null;
};

export const upstreamStates = list(record<UpstreamState>({ name, peers: peerStates }));

export const healthStates = list(record<HealthState>({
  key: text,
  isDown: flag,
  rise: count,
  fall: count,
}));

const statusRow = record<StatusRow>({
  index: count,
  upstream: text,
  name: text,
  isDown: flag,
  rise: count,
  fall: count,
  type: oneOf(...checkTypes),
  port: whole(0, 65_535),
});

/** Messages from a master. */
export const masterMessage = tagged("kind", {
  rows: record<RowsMessage>({
    kind: text,
    rows: list(record<RowChange>({ index: count, isDown: flag, rise: count, fall: count })),
  }),
  welcome: record<WelcomeMessage>({
    kind: text,
    texts: list((value) => {
      const isPair = Array.isArray(value) && value.length === 2;
      return isPair ? list(text)(value) : { path: "", text: "is not a pair of path and text" };
    }),
    isSupervised: flag,
  }),
  state: record<StateMessage>({
    kind: text,
    version: count,
    upstreams: upstreamStates,
    ejections: list(record<EjectionState>({ upstream: text, id: count, forMs: amount })),
    rows: list(statusRow),
  }),
});

const keyedCount = record<{ key: string; count: number }>({
  key: matching("a whole number in text", (value) => /^\d{1,4}$/.test(String(value))),
  count: amount,
});

const peerCounters = record<PeerCounters>({
  key: text,
  active: count,
  requests: count,
  failedRequests: count,
  unavailableCount: count,
  responses: list(amount, 6),
  headerTimeSumMs: amount,
  headerTimeCount: count,
  tally: record<ReturnType<PeerTally["counters"]>>({
    codes: list(keyedCount),
    times: list(keyedCount),
    timeSumsMs: list(amount),
    sentBytes: amount,
    receivedBytes: amount,
  }),
});

/** Messages from a worker. */
export const workerMessage = tagged("kind", {
  ready: record({ kind: text }),
  closed: record({ kind: text }),
  applied: record({ kind: text, version: count }),
  unreachable: record<UnreachableMessage>({ kind: text, upstream: text, id: count }),
  outlier: record<OutlierMessage>({ kind: text, upstream: text, id: count, reason: text }),
  counters: record<CountersMessage>({
    kind: text,
    clientAborts: count,
    cutResponses: count,
    statusClasses: list(amount, 6),
    connections: count,
    lostLogLines: count,
    listeners: list(record<ListenerCounters>({
      name: text,
      accepted: count,
      open: count,
      requests: count,
      tlsFailures: count,
      tlsHandshakes: count,
      faults: list(record<{ name: string; count: number }>({ name: text, count })),
    })),
    upstreams: list(record<UpstreamCounters>({
      name: text,
      isWhole: flag,
      idle: count,
      retries: count,
      retriesDenied: count,
      peers: list(peerCounters),
    })),
  }),
});
