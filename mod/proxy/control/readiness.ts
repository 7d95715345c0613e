/** `/readyz?upstream=NAME`: readiness that needs a peer. */
import type { Peer } from "../balance/peer.ts";
import type { PeerGroup } from "../balance/peer_group.ts";
import { isOutEverywhere } from "./passive_state.ts";

/**
 * Why an upstream that `query` names (`upstream=NAME`, several times or not at all) has nobody to
 * answer; null: each has a peer that is up and that no operator has taken out.
 */
export function unreadyUpstream(
  groups: readonly PeerGroup[],
  query: string,
  nowMs: number,
): string | null {
  for (const name of new URLSearchParams(query).getAll("upstream")) {
    const group = groups.find((one) => one.plan.name === name);
    if (group === undefined) return `there is no upstream ${JSON.stringify(name)}`;
    if (!group.peers.some((peer) => isUp(peer, nowMs))) return `no server of ${name} is up`;
  }
  return null;
}

/** A full one is up: its requests wait or go elsewhere for a moment. */
function isUp(peer: Peer, nowMs: number): boolean {
  return !peer.down && !peer.checkDown && !peer.draining && !peer.isUnknown &&
    !peer.isEjected(nowMs) && !isOutEverywhere(peer, nowMs);
}
