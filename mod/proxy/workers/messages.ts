/** What a master and its workers tell each other; JSON over the channel. */
import type { Address } from "../../base/address.ts";
import { isResolved } from "../../config/mod.ts";
import { sameAddresses } from "../../conn/dial.ts";
import { Peer } from "../balance/peer.ts";
import type { PeerGroup } from "../balance/peer_group.ts";
import type { TallyCounters } from "../balance/peer_tally.ts";
import type { ListenerCounters } from "../engine/engine_metrics.ts";
import type { StatusRow } from "../health/status_page.ts";
import type { PeerPlan } from "../plan.ts";

/** Everything a worker has to know of the peers, all of it every time. */
export interface StateMessage {
  readonly kind: "state";
  /** Grows with each change; a worker says which one it has applied. */
  readonly version: number;
  readonly upstreams: readonly UpstreamState[];
  /** Peers that are out as outliers; all others are not. */
  readonly ejections: readonly EjectionState[];
  readonly rows: readonly StatusRow[];
}

export interface EjectionState {
  readonly upstream: string;
  readonly id: number;
  /** From now on. */
  readonly forMs: number;
}

/** The first message to a worker. */
export interface WelcomeMessage {
  readonly kind: "welcome";
  /** The files of the configuration, path and text. */
  readonly texts: readonly (readonly [path: string, text: string])[];
  /** There is a supervisor above the master: its log is the one to write to. */
  readonly isSupervised: boolean;
}

/** Rows of the status page that have changed since the last state or rows: most probes say nothing new. */
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
  /** Missing in state files of earlier versions. */
  readonly route?: string;
  readonly checkDown: boolean;
  /** Where a server by name is now; missing in the state file, which forgets it. */
  readonly addresses?: readonly Address[];
}

export type WorkerMessage =
  | { readonly kind: "ready" }
  /** It accepts no more. */
  | { readonly kind: "closed" }
  | { readonly kind: "applied"; readonly version: number }
  | OutlierMessage
  | UnreachableMessage
  | CountersMessage;

/** A server by name can be reached at none of its addresses: they may be out of date. */
export interface UnreachableMessage {
  readonly kind: "unreachable";
  readonly upstream: string;
  readonly id: number;
}

/** A peer answers worse than its group, by what the worker has seen. */
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
  /** Those of which something has changed since the worker's last message. */
  readonly upstreams: readonly UpstreamCounters[];
}

export interface UpstreamCounters {
  readonly name: string;
  /** `peers` are all there are; else those that have changed. */
  readonly isWhole: boolean;
  readonly idle: number;
  readonly retries: number;
  readonly retriesDenied: number;
  readonly peers: readonly PeerCounters[];
}

export interface PeerCounters {
  /** Tells it from the others of its upstream, under the next configuration, too. */
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

/** The peers' names; one that is there again has a number behind it. Kept for as long as the list. */
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

/** A peer as a worker must see it. */
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

/** Makes a worker's group what the master's is. Peers that stay keep what they have measured. */
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
    // The same list stays the same object: pools compare no more than that.
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

/** The peers of a master that are out as outliers. */
export function ejectionsOf(groups: readonly PeerGroup[], nowMs: number): EjectionState[] {
  return groups.flatMap(({ plan, peers }) =>
    peers.filter((peer) => peer.isEjected(nowMs)).map((peer) => ({
      upstream: plan.name,
      id: peer.index,
      forMs: peer.ejectedUntilMs - nowMs,
    }))
  );
}

/** Takes the same peers out in a worker, and no others. */
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
