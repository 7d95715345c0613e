/** Fewest exchanges for its weight; among equals smooth weighted round robin (nginx). */
import { type Balancer, type Choice, isCandidate } from "./balancer.ts";
import type { Peer } from "./peer.ts";

export class LeastConn implements Balancer {
  choose(peers: readonly Peer[], choice: Choice): Peer | null {
    let least: Peer | null = null;
    for (let i = 0; i < peers.length; i++) {
      const peer = peers[i];
      if (!isCandidate(peer, choice)) continue;
      if (least === null || peer.active * least.weight < least.active * peer.weight) least = peer;
    }
    if (least === null) return null;
    return this.#chooseAmongEquals(peers, choice, least);
  }

  #chooseAmongEquals(peers: readonly Peer[], choice: Choice, least: Peer): Peer {
    let best: Peer | null = null;
    let total = 0;
    for (let i = 0; i < peers.length; i++) {
      const peer = peers[i];
      if (peer.active * least.weight !== least.active * peer.weight) continue;
      if (!isCandidate(peer, choice)) continue;
      const weight = peer.weightAt(choice.nowMs);
      peer.currentWeight += weight;
      total += weight;
      if (peer.effectiveWeight < peer.weight) peer.effectiveWeight++;
      if (best === null || peer.currentWeight > best.currentWeight) best = peer;
    }
    if (best === null) return least;
    best.currentWeight -= total;
    return best;
  }
}
