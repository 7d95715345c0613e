/** A weighted random draw, or the less busy of two draws. */
import { type Balancer, type Choice, isCandidate, missesMax } from "./balancer.ts";
import { Candidates } from "./candidates.ts";
import type { Peer } from "./peer.ts";
import { evenLoad } from "./round_robin.ts";
import { WeightShares } from "./weight_shares.ts";

export class RandomChoice implements Balancer {
  readonly two: boolean;
  readonly random: () => number;
  readonly #fallback = new Candidates(evenLoad);
  readonly #shares = new WeightShares();

  /** `random` returns numbers in [0, 1). */
  constructor(two: boolean, random: () => number) {
    this.two = two;
    this.random = random;
  }

  choose(peers: readonly Peer[], choice: Choice): Peer | null {
    if (peers.length === 0) return null;
    const shares = this.#shares;
    shares.refresh(peers);
    let first: Peer | null = null;
    for (let misses = 0; misses <= missesMax; misses++) {
      const peer = shares.at(Math.floor(this.random() * shares.total));
      if (peer === first || !isCandidate(peer, choice)) continue;
      if (!this.two || peers.length === 1) return peer;
      if (first === null) first = peer;
      else return peer.active * first.weight < first.active * peer.weight ? peer : first;
    }
    return first ?? this.#fallback.choose(peers, choice);
  }
}
