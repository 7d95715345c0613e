/** Messages between a master and its workers; JSON over the channel. */
import type { Address } from "../../base/address.ts";
import { isResolved } from "../../config/mod.ts";
import { sameAddresses } from "../../conn/dial.ts";
import { Peer } from "../balance/peer.ts";
import type { PeerGroup } from "../balance/peer_group.ts";
import type { TallyCounters } from "../balance/peer_tally.ts";
import type { ListenerCounters } from "../engine/records/engine_metrics.ts";
import type { StatusRow } from "../health/status_page.ts";
import type { PeerPlan } from "../plan/plan.ts";

/** The complete state of the peers for a worker. */
export interface StateMessage {
  readonly kind: "state";
  /** Incremented with each change; a worker reports which version it has applied. */
  readonly version: number;
  readonly upstreams: readonly UpstreamState[];
  /** All peers that are ejected as outliers. */
  readonly ejections: readonly EjectionState[];
  readonly rows: readonly StatusRow[];
}

export interface EjectionState {
  readonly upstream: string;
  readonly id: number;
  /** Remaining time, from now. */
  readonly forMs: number;
}

/** The first message to a worker. */
export interface WelcomeMessage {
  readonly kind: "welcome";
  /** The files of the configuration, path and text. */
  readonly texts: readonly (readonly [path: string, text: string])[];
  /** The master runs under a supervisor, whose log is used. */
  readonly isSupervised: boolean;
}

/** Rows of the status page that changed since the last state or rows message. */
export interface RowsMessage {
  readonly kind: "rows";
  readonly rows: readonly RowChange[];
}

export interface RowChange {
  readonly index: number;
  readonly isDown: boolean;
  readonly rise: number;
  readonly fall: number;
}

export type MasterMessage = StateMessage | RowsMessage | WelcomeMessage;

export interface UpstreamState {
  readonly name: string;
  readonly peers: readonly PeerState[];
}

export interface PeerState {
  readonly id: number;
  readonly plan: PeerPlan;
  readonly weight: number;
  readonly connectionsMax: number;
  readonly failsMax: number;
  readonly failTimeoutMs: number;
  readonly slowStartMs: number;
  readonly down: boolean;
  readonly draining: boolean;
  /** Absent in state files of earlier versions. */
  readonly route?: string;
  readonly checkDown: boolean;
  /** Current addresses of a server by name; absent in the state file, which does not keep them. */
  readonly addresses?: readonly Address[];
}

export type WorkerMessage =
  | { readonly kind: "ready" }
  /** It no longer accepts connections. */
  | { readonly kind: "closed" }
  | { readonly kind: "applied"; readonly version: number }
  | OutlierMessage
  | UnreachableMessage
  | CountersMessage;

/** A server by name is unreachable at all its addresses: they may be out of date. */
export interface UnreachableMessage {
  readonly kind: "unreachable";
  readonly upstream: string;
  readonly id: number;
}

/** A peer performs worse than its group, by the worker's measurements. */
export interface OutlierMessage {
  readonly kind: "outlier";
  readonly upstream: string;
  readonly id: number;
  readonly reason: string;
}

/** A worker's counters since its start. */
export interface CountersMessage {
  readonly kind: "counters";
  readonly clientAborts: number;
  readonly cutResponses: number;
  readonly statusClasses: readonly number[];
  readonly connections: number;
  readonly lostLogLines: number;
  readonly listeners: readonly ListenerCounters[];
  /** Upstreams that changed since the worker's last message. */
  readonly upstreams: readonly UpstreamCounters[];
}

export interface UpstreamCounters {
  readonly name: string;
  /** `peers` holds all peers; otherwise only those that changed. */
  readonly isWhole: boolean;
  readonly idle: number;
  readonly retries: number;
  readonly retriesDenied: number;
  readonly peers: readonly PeerCounters[];
}

export interface PeerCounters {
  /** Identifies the peer in its upstream, also under the next configuration. */
  readonly key: string;
  readonly active: number;
  readonly requests: number;
  readonly failedRequests: number;
  readonly unavailableCount: number;
  readonly responses: readonly number[];
  readonly headerTimeSumMs: number;
  readonly headerTimeCount: number;
  readonly tally: TallyCounters;
}

const keysOf = new WeakMap<readonly Peer[], readonly string[]>();

/** The peers' names; a repeated name gets a number appended. Cached per list. */
export function peerKeys(peers: readonly Peer[]): readonly string[] {
  let keys = keysOf.get(peers);
  if (keys === undefined) {
    const seen = new Map<string, number>();
    keys = peers.map(({ name }) => {
      const before = seen.get(name) ?? 0;
      seen.set(name, before + 1);
      return before === 0 ? name : `${name} ${before}`;
    });
    keysOf.set(peers, keys);
  }
  return keys;
}

/** A peer's state for a worker. */
export function peerStateOf(peer: Peer): PeerState {
  return {
    id: peer.index,
    plan: peer.plan,
    weight: peer.weight,
    connectionsMax: peer.connectionsMax,
    failsMax: peer.failsMax,
    failTimeoutMs: peer.failTimeoutMs,
    slowStartMs: peer.slowStartMs,
    down: peer.down,
    draining: peer.draining,
    route: peer.route,
    checkDown: peer.checkDown,
    ...(isResolved(peer.plan.address) ? {} : { addresses: peer.addresses }),
  };
}

/** Makes a worker's group equal to the master's. Remaining peers keep their measurements. */
export function applyState(group: PeerGroup, states: readonly PeerState[], nowMs: number): void {
  const known = new Map(group.peers.map((peer) => [`${peer.index} ${peer.name}`, peer]));
  const peers = states.map((state) => {
    const peer = known.get(`${state.id} ${state.plan.name}`) ?? new Peer(state.plan, state.id);
    const cameBack = (peer.down && !state.down) || (peer.checkDown && !state.checkDown);
    if (peer.weight !== state.weight) peer.weight = peer.effectiveWeight = state.weight;
    peer.connectionsMax = state.connectionsMax;
    peer.failsMax = state.failsMax;
    peer.failTimeoutMs = state.failTimeoutMs;
    peer.slowStartMs = state.slowStartMs;
    peer.down = state.down;
    peer.draining = state.draining;
    peer.checkDown = state.checkDown;
    peer.route = state.route ?? state.plan.route;
    // Keep the list object when equal: pools compare it by identity.
    if (state.addresses !== undefined && !sameAddresses(peer.addresses, state.addresses)) {
      peer.addresses = state.addresses;
    }
    if (cameBack) peer.comeBack(nowMs);
    return peer;
  });
  const isSame = peers.length === group.peers.length &&
    peers.every((peer, index) => peer === group.peers[index]);
  if (isSame) group.renameSessions();
  else group.replace(peers);
}

/** A master's peers that are ejected as outliers. */
export function ejectionsOf(groups: readonly PeerGroup[], nowMs: number): EjectionState[] {
  return groups.flatMap(({ plan, peers }) =>
    peers.filter((peer) => peer.isEjected(nowMs)).map((peer) => ({
      upstream: plan.name,
      id: peer.index,
      forMs: peer.ejectedUntilMs - nowMs,
    }))
  );
}

/** Ejects exactly these peers in a worker. */
export function applyEjections(
  groups: readonly PeerGroup[],
  ejections: readonly EjectionState[],
  nowMs: number,
): void {
  for (const { plan, peers } of groups) {
    for (const peer of peers) {
      const found = ejections.find(({ upstream, id }) =>
        upstream === plan.name && id === peer.index
      );
      if (found !== undefined) peer.ejectUntil(nowMs + found.forMs);
      else peer.ejectedUntilMs = 0;
    }
  }
}

export function peerCountersOf(peer: Peer, key: string): PeerCounters {
  return {
    key,
    active: peer.active,
    requests: peer.requests,
    failedRequests: peer.failedRequests,
    unavailableCount: peer.unavailableCount,
    responses: [...peer.responses],
    headerTimeSumMs: peer.headerTimeSumMs,
    headerTimeCount: peer.headerTimeCount,
    tally: peer.tally.counters(),
  };
}
