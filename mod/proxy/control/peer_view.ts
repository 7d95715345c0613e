/** Upstreams and peers in the form of NGINX Plus's API (version 9). */
import { type Http2Figures, resetNames } from "../../conn/exchange/http2_counters.ts";
import type { Mutable } from "../../base/mutable.ts";
import { parseDuration, parseHostAddress } from "../../config/mod.ts";
import { latencyBoundsMs } from "../../metrics/latency_buckets.ts";
import type { Peer } from "../balance/peer.ts";
import type { PeerGroup } from "../balance/peer_group.ts";
import type { PeerSettings } from "../balance/peer_settings.ts";
import { peerDefaults } from "../plan/upstream_defaults.ts";
import { type PeerPlan, routeForm } from "../plan/plan.ts";
import { isOutEverywhere } from "./passive_state.ts";
import { reasonOf } from "./peer_reason.ts";

export type PeerCondition = "up" | "draining" | "down" | "unavail" | "checking" | "unhealthy";

/** The health check's view of a peer. */
export interface CheckView {
  readonly state: { readonly riseCount: number; readonly fallCount: number };
  readonly probes: number;
  readonly failures: number;
  readonly unhealthyCount: number;
  readonly lastPassed: boolean | null;
  /** Why the last check failed; "" when it did not. */
  readonly lastFault: string;
  /** Wall-clock time at which failed checks took the peer out; 0: they have not. */
  readonly downSinceMs: number;
}

export function conditionOf(peer: Peer, check: CheckView | null, nowMs: number): PeerCondition {
  if (peer.down) return "down";
  if (peer.draining) return "draining";
  if (peer.checkDown) return check !== null && check.probes > 0 ? "unhealthy" : "checking";
  return peer.isUnknown || isOutEverywhere(peer, nowMs) || peer.isEjected(nowMs) ? "unavail" : "up";
}

/** A server's configuration: the JSON that POST and PATCH accept and return. */
export function serverView(peer: Peer): Record<string, unknown> {
  return {
    id: peer.index,
    server: peer.name,
    weight: peer.weight,
    max_conns: peer.connectionsMax,
    max_fails: peer.failsMax,
    fail_timeout: `${peer.failTimeoutMs / 1000}s`,
    slow_start: `${peer.slowStartMs / 1000}s`,
    route: peer.route,
    backup: peer.plan.backup,
    ...parentView(peer),
    down: peer.down,
    ...(peer.draining ? { drain: true } : {}),
  };
}

/** Parent fields of a peer that was found by looking up a name. */
function parentView({ plan: { parent } }: Peer): { parent?: number; host?: string } {
  return parent === undefined ? {} : { parent: parent.id, host: parent.host };
}

export function peerView(
  peer: Peer,
  check: CheckView | null,
  nowMs: number,
): Record<string, unknown> {
  const [, c1, c2, c3, c4, c5] = peer.responses;
  const times = peer.tally.allTimes();
  const condition = conditionOf(peer, check, nowMs);
  const reason = reasonOf(peer, condition, check, nowMs);
  const downSinceMs = condition === "unhealthy" ? check!.downSinceMs : 0;
  const mean = peer.headerTimeCount === 0
    ? 0
    : Math.round(peer.headerTimeSumMs / peer.headerTimeCount);
  return {
    id: peer.index,
    server: peer.name,
    name: peer.plan.parent?.host ?? peer.name,
    backup: peer.plan.backup,
    weight: peer.weight,
    state: condition,
    // Our own additions to the API of nginx: this one, `ejections` and `last_fault`.
    ...(reason === "" ? {} : { reason }),
    active: peer.active,
    max_conns: peer.connectionsMax,
    requests: peer.requests,
    header_time: mean,
    response_time: times.count === 0 ? 0 : Math.round(times.sumMs / times.count),
    response_time_hist: {
      count: times.count,
      sum: Math.round(times.sumMs),
      buckets: bucketsOf(times.counts),
    },
    responses: {
      "1xx": c1,
      "2xx": c2,
      "3xx": c3,
      "4xx": c4,
      "5xx": c5,
      codes: codesOf(peer),
      total: c1 + c2 + c3 + c4 + c5,
    },
    sent: peer.tally.sentBytes,
    received: peer.tally.receivedBytes,
    fails: peer.failedRequests,
    unavail: peer.unavailableCount,
    ejections: peer.ejections,
    health_checks: {
      checks: check?.probes ?? 0,
      fails: check?.failures ?? 0,
      unhealthy: check?.unhealthyCount ?? 0,
      ...(check?.lastPassed === undefined || check.lastPassed === null
        ? {}
        : { last_passed: check.lastPassed }),
      ...(check === null || check.lastFault === "" ? {} : { last_fault: check.lastFault }),
    },
    ...(downSinceMs === 0 ? {} : { downstart: new Date(downSinceMs).toISOString() }),
    ...(peer.selectedAtMs === 0 ? {} : { selected: new Date(peer.selectedAtMs).toISOString() }),
  };
}

/** Responses by status, without zeros. */
function codesOf(peer: Peer): Record<string, number> {
  const codes: Record<string, number> = {};
  for (const [status, count] of peer.tally.codes.entries()) if (count > 0) codes[status] = count;
  return codes;
}

/** Cumulative counts by upper bound in milliseconds. */
function bucketsOf(counts: readonly number[]): Record<string, number> {
  const buckets: Record<string, number> = {};
  let sum = 0;
  for (const [index, count] of counts.entries()) {
    sum += count;
    buckets[latencyBoundsMs[index] ?? "+Inf"] = sum;
  }
  return buckets;
}

/** Our own addition to the API of nginx: what happens on HTTP/2 connections to the upstream. */
function http2View(figures: Http2Figures): Record<string, unknown> {
  const { connections, open, requests, streams, goaways } = figures;
  const named = (counts: readonly number[]) =>
    Object.fromEntries(
      counts.flatMap((count, code) => count === 0 ? [] : [[resetNames[code], count]]),
    );
  return {
    connections,
    open,
    requests,
    streams,
    goaways,
    resets_received: named(figures.resetsReceived),
    resets_sent: named(figures.resetsSent),
  };
}

export function upstreamView(
  group: PeerGroup,
  checkOf: (peer: Peer) => CheckView | null,
  idle: number,
  nowMs: number,
): Record<string, unknown> {
  return {
    peers: group.peers.map((peer) => peerView(peer, checkOf(peer), nowMs)),
    keepalive: idle,
    zombies: 0,
    zone: group.plan.name,
    // Our own additions: attempts at a second server, and those that the retry budget refused.
    retries: group.retries,
    retries_denied: group.retriesDenied,
    http2: http2View(group.http2.figures()),
  };
}

/** A validated change; every field is optional, except for a new server. */
export interface ServerChange extends Partial<Mutable<PeerSettings>> {
  server?: PeerPlan;
}

/** Why a change is invalid, with the API's error code. */
export interface ChangeFault {
  readonly status: number;
  readonly code: string;
  readonly text: string;
}

/** Fields that PATCH may repeat, as clients that send a whole server do, but not change. */
function immutables(peer: Peer): ReadonlyMap<string, unknown> {
  const { backup, service } = peer.plan;
  return new Map<string, unknown>([["id", peer.index], ["backup", backup], ["service", service]]);
}

/** Reads the JSON of a PATCH for `peer`, or of a POST when `peer` is null. */
export function readChange(json: unknown, peer: Peer | null): ServerChange | ChangeFault {
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    return fault("UpstreamConfFormatError", "an object is expected");
  }
  const change: ServerChange = {};
  const input = json as Record<string, unknown>;
  const fixed = peer === null ? null : immutables(peer);
  for (const [name, value] of Object.entries(input)) {
    if (fixed?.has(name)) {
      if (fixed.get(name) === value) continue;
      return fault("UpstreamServerImmutable", `${name} cannot be changed`);
    }
    const wrong = readField(change, name, value, input);
    if (wrong !== null) return wrong;
  }
  if (peer === null && change.server === undefined) {
    return fault("UpstreamConfFormatError", 'missing "server" argument');
  }
  return change;
}

function readField(
  change: ServerChange,
  name: string,
  value: unknown,
  input: Record<string, unknown>,
): ChangeFault | null {
  switch (name) {
    case "server":
      return readServer(change, value, input);
    case "weight":
      if (!isCount(value) || value < 1 || value > 65_535) {
        return fault("UpstreamBadWeight", "invalid weight");
      }
      change.weight = value;
      return null;
    case "max_conns":
      if (!isCount(value)) return fault("UpstreamBadMaxConns", "invalid max_conns");
      change.connectionsMax = value;
      return null;
    case "max_fails":
      if (!isCount(value)) return fault("UpstreamBadMaxFails", "invalid max_fails");
      change.failsMax = value;
      return null;
    case "fail_timeout":
    case "slow_start": {
      const durationMs = parseDuration(String(value), 1000);
      const isTimeout = name === "fail_timeout";
      if (durationMs === null) {
        return fault(
          isTimeout ? "UpstreamBadFailTimeout" : "UpstreamBadSlowStart",
          `invalid ${name}`,
        );
      }
      change[isTimeout ? "failTimeoutMs" : "slowStartMs"] = durationMs;
      return null;
    }
    case "down":
    case "drain":
      if (typeof value !== "boolean") return fault("UpstreamConfFormatError", `invalid ${name}`);
      change[name === "drain" ? "draining" : "down"] = value;
      return null;
    case "route":
      if (typeof value !== "string" || (value !== "" && !routeForm.test(value))) {
        return fault("UpstreamBadRoute", "invalid route");
      }
      change.route = value;
      return null;
    case "backup":
      if (typeof value !== "boolean") return fault("UpstreamConfFormatError", `invalid ${name}`);
      return null;
    // Go's client sends it for each server; SRV lookups can only be set in the configuration.
    case "service":
      return value === "" ? null : fault("UpstreamConfFormatError", "service is not supported");
  }
  return fault("UpstreamConfFormatError", `unknown parameter "${name}"`);
}

function readServer(
  change: ServerChange,
  value: unknown,
  input: Record<string, unknown>,
): ChangeFault | null {
  const address = typeof value === "string" ? parseHostAddress(value, 80) : null;
  if (address === null || (address.kind === "tcp" && address.host === "")) {
    return fault("UpstreamBadAddress", `invalid server address "${value}"`);
  }
  change.server = {
    ...peerDefaults,
    name: String(value),
    address,
    backup: input.backup === true,
    route: typeof input.route === "string" ? input.route : "",
  };
  return null;
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function fault(code: string, text: string): ChangeFault {
  return { status: 400, code, text };
}
