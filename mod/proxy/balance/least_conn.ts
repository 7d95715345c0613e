/** Fewest active exchanges per weight; smooth weighted round robin among equals (nginx). */
import { type Balancer, type Choice, isCandidate } from "./balancer.ts";
import type { Peer } from "./peer.ts";

export class LeastConn implements Balancer {
  /** The peers with the least load, from index 0; reused for each choice. */
  readonly #equals: Peer[] = [];

  choose(peers: readonly Peer[], choice: Choice): Peer | null {
    const equals = this.#equals;
    let least: Peer | null = null;
    let count = 0;
    for (let i = 0; i < peers.length; i++) {
      const peer = peers[i];
      const difference = least === null
        ? -1
        : peer.active * least.weight - least.active * peer.weight;
      // Skip busier peers before the costlier candidate check.
      if (difference > 0 || !isCandidate(peer, choice)) continue;
      if (difference < 0) count = 0;
      least = peer;
      equals[count++] = peer;
    }
    return count > 1 ? chooseSmoothly(equals, count, choice.nowMs) : least;
  }
}

/** One round of smooth weighted round robin among the first `count` peers. */
export function chooseSmoothly(peers: readonly Peer[], count: number, nowMs: number): Peer {
  let best = peers[0];
  let total = 0;
  for (let i = 0; i < count; i++) {
    const peer = peers[i];
    const weight = peer.weightAt(nowMs);
    peer.currentWeight += weight;
    total += weight;
    if (peer.effectiveWeight < peer.weight) peer.effectiveWeight++;
    if (peer.currentWeight > best.currentWeight) best = peer;
  }
  best.currentWeight -= total;
  return best;
}
