/**
 * Smooth weighted round robin (nginx): each peer's current weight grows by its weight; the peer with
 * the largest is chosen and its current weight is reduced by the total. Peers of weights 5, 1, 1 are
 * chosen a a b a c a a, not a a a a a b c.
 */
import { type Balancer, type Choice, isCandidate } from "./balancer.ts";
import type { Peer } from "./peer.ts";

export class RoundRobin implements Balancer {
  choose(peers: readonly Peer[], choice: Choice): Peer | null {
    let best: Peer | null = null;
    let total = 0;
    for (let i = 0; i < peers.length; i++) {
      const peer = peers[i];
      if (!isCandidate(peer, choice)) continue;
      const weight = peer.weightAt(choice.nowMs);
      peer.currentWeight += weight;
      total += weight;
      if (peer.effectiveWeight < peer.weight) peer.effectiveWeight++;
      if (best === null || peer.currentWeight > best.currentWeight) best = peer;
    }
    if (best !== null) best.currentWeight -= total;
    return best;
  }
}
