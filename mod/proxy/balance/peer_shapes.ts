/**
 * The shapes of peers' state that is read back: from the state file, and from messages between a
 * master and its workers.
 */
import { unixPathBytesMax } from "../../base/address.ts";
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
import { type PeerParent, type PeerPlan, routeForm } from "../plan/plan.ts";
import type { EjectionState, PeerState, UpstreamState } from "./peer_state.ts";

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
    `a path of at most ${unixPathBytesMax} bytes that begins with /`,
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

export const ejectionStates = list(
  record<EjectionState>({ upstream: text, id: count, forMs: amount }),
);
