/**
 * The state of upstreams as plain values: what a master sends its workers, the state file keeps, and
 * the next plan of a process takes over.
 */
import type { Address } from "../../base/address.ts";
import { isResolved } from "../../config/mod.ts";
import { sameAddresses } from "../../conn/upstream/dial.ts";
import type { PeerPlan } from "../plan/plan.ts";
import { Peer } from "./peer.ts";
import type { PeerGroup } from "./peer_group.ts";
import { type PeerSettings, settingsOf } from "./peer_settings.ts";

export interface UpstreamState {
  readonly name: string;
  readonly peers: readonly PeerState[];
}

export interface PeerState extends Omit<PeerSettings, "route"> {
  readonly id: number;
  readonly plan: PeerPlan;
  /** Absent in state files of earlier versions. */
  readonly route?: string;
  readonly checkDown: boolean;
  /** Current addresses of a server by name; absent in the state file, which does not keep them. */
  readonly addresses?: readonly Address[];
}

/** Identifies a peer among the processes of one plan. */
export interface PeerReference {
  readonly upstream: string;
  readonly id: number;
}

/** A peer performs worse than its group. */
export interface OutlierReport extends PeerReference {
  readonly reason: string;
}

/** A peer that is ejected as an outlier. */
export interface EjectionState extends PeerReference {
  /** Remaining time, from now. */
  readonly forMs: number;
}

/** The state of a peer, for workers, the state file and the next plan. */
export function peerStateOf(peer: Peer): PeerState {
  return {
    id: peer.index,
    plan: peer.plan,
    ...settingsOf(peer),
    checkDown: peer.checkDown,
    ...(isResolved(peer.plan.address) ? {} : { addresses: peer.addresses }),
  };
}

/** Makes a worker's group equal to the master's. Remaining peers keep their measurements. */
export function applyState(group: PeerGroup, states: readonly PeerState[], nowMs: number): void {
  const known = new Map(group.peers.map((peer) => [`${peer.index} ${peer.name}`, peer]));
  const peers = states.map((state) => {
    const peer = known.get(`${state.id} ${state.plan.name}`) ?? new Peer(state.plan, state.id);
    const cameBack = peer.checkDown && !state.checkDown;
    peer.checkDown = state.checkDown;
    peer.change({ ...state, route: state.route ?? state.plan.route }, nowMs);
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
    const own = ejections.filter(({ upstream }) => upstream === plan.name);
    const byId = new Map(own.map((ejection) => [ejection.id, ejection]));
    for (const peer of peers) {
      const found = byId.get(peer.index);
      if (found !== undefined) peer.ejectUntil(nowMs + found.forMs);
      else peer.endEjection();
    }
  }
}
