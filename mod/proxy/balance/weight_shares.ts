/** Points that are shared out among peers in proportion to their weights. */
import { type Peer, weightChanges } from "./peer.ts";

export class WeightShares {
  /** The points are those of `[0, total)`. */
  total = 0;
  #peers: readonly Peer[] = [];
  #changes = -1;
  /** Where the share of each peer ends. */
  #ends = new Float64Array(0);

  /** Call it before each use: it counts again if peers or their weights have changed. */
  refresh(peers: readonly Peer[]): void {
    const changes = weightChanges();
    if (peers === this.#peers && changes === this.#changes) return;
    this.#peers = peers;
    this.#changes = changes;
    this.#ends = new Float64Array(peers.length);
    this.total = 0;
    for (let i = 0; i < peers.length; i++) this.#ends[i] = this.total += peers[i].weight;
  }

  /** The peer whose share contains `point`. */
  at(point: number): Peer {
    const ends = this.#ends;
    let low = 0;
    let high = ends.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (point < ends[middle]) high = middle;
      else low = middle + 1;
    }
    return this.#peers[low];
  }
}
