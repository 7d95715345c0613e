/**
 * A reload within one process: passes the state of peers from the running plan to the next one.
 * Peers that are unchanged stay the same objects, so that their active exchanges, failures and
 * counters remain correct while the old plan's last exchanges finish.
 */
import { Peer } from "../balance/peer.ts";
import type { PeerGroup } from "../balance/peer_group.ts";
import type { CheckedPeer, Checker } from "../health/checker.ts";
import { applyState, peerStateOf } from "../balance/peer_state.ts";

/** The peers of one plan and their checker. */
export interface PeerKeeper {
  readonly groups: readonly PeerGroup[];
  readonly checker: Checker;
  /** Upstreams changed by an operator: their servers differ from the configuration file. */
  readonly changed: Set<string>;
}

/**
 * Copies the state of `previous` to `next`. May be called again: a later call takes over the changes
 * made in between. `watch` starts the checks of a peer that is new to `next`.
 */
export function handOver(
  next: PeerKeeper,
  previous: PeerKeeper,
  nowMs: number,
  watch: (group: PeerGroup, peer: Peer) => void,
): void {
  const groups = new Map(previous.groups.map((group) => [group.plan.name, group]));
  for (const group of next.groups) {
    const old = groups.get(group.plan.name);
    if (old === undefined) continue;
    group.retries = old.retries;
    group.retriesDenied = old.retriesDenied;
    group.http2 = old.http2;
    const before = group.peers;
    takeOverPeers(group, old, previous.changed.has(old.plan.name), nowMs);
    if (previous.changed.has(old.plan.name)) next.changed.add(old.plan.name);
    const { peers } = group;
    const kept = new Set(peers);
    const known = new Set(before);
    for (const peer of before) if (!kept.has(peer)) next.checker.remove(peer);
    for (const peer of peers) if (!known.has(peer)) watch(group, peer);
    if (!isSame(group.plan.check, old.plan.check)) next.checker.reassert(group);
  }
  const checked = new Map(previous.checker.peers.map((one) => [one.key, one]));
  for (const one of next.checker.peers) {
    const known = checked.get(one.key);
    if (known !== undefined) continueCheck(one, known);
  }
}

function takeOverPeers(group: PeerGroup, old: PeerGroup, isChanged: boolean, nowMs: number): void {
  // A peer under a changed check starts with unknown health, without affecting the old plan's use.
  const isSameCheck = isSame(group.plan.check, old.plan.check);
  if (isChanged && isSameCheck) {
    if (!isSameList(group.peers, old.peers)) group.replace(old.peers);
    return;
  }
  if (isChanged) applyState(group, old.peers.map(peerStateOf), nowMs);
  // Of several with one name the first counts.
  const byName = new Map(old.peers.toReversed().map((peer) => [peer.name, peer]));
  const peers = group.peers.map((peer) => {
    const known = byName.get(peer.name);
    if (known === undefined || known === peer) return peer;
    if (isSameCheck && known.index === peer.index && isSame(known.plan, peer.plan)) return known;
    peer.continueFrom(known);
    return peer;
  });
  if (!isSameList(group.peers, peers)) group.replace(peers);
}

function continueCheck(one: CheckedPeer, known: CheckedPeer): void {
  if (one.probes > known.probes) return;
  one.state.isDown = one.peer.checkDown = known.state.isDown;
  one.state.riseCount = known.state.riseCount;
  one.state.fallCount = known.state.fallCount;
  one.isRestored = true;
  one.probes = known.probes;
  one.failures = known.failures;
  one.unhealthyCount = known.unhealthyCount;
  one.lastPassed = known.lastPassed;
  one.lastFault = known.lastFault;
  one.downSinceMs = known.downSinceMs;
}

function isSameList(left: readonly Peer[], right: readonly Peer[]): boolean {
  return left.length === right.length && left.every((peer, index) => peer === right[index]);
}

/** Compares plans, which are plain values. */
function isSame(left: unknown, right: unknown): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}
