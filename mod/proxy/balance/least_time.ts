/**
 * Chooses the peer that is expected to finish first (nginx's least_time):
 *
 *   time = its average, halved for each fail_timeout without a response
 *   time = max(time, mean age of its waiting requests)               with `inflight`
 *   time = the next multiple of 20 ms above it, and never above 5 s
 *   chosen: the least time x (1 + active) / weight
 *
 * Steps of 20 ms make peers of similar speed equal; equals are chosen by smooth weighted round
 * robin. Above 5 s all peers count as equally slow, and the least busy one is chosen.
 */
import { type Balancer, type Choice, isCandidate } from "./balancer.ts";
import { chooseSmoothly } from "./least_conn.ts";
import type { Peer } from "./peer.ts";

const stepMs = 20;
const slowestMs = 5000;

export class LeastTime implements Balancer {
  readonly inflight: boolean;
  /** The peers with the least time, from index 0; reused for each choice. */
  readonly #equals: Peer[] = [];

  constructor(inflight: boolean) {
    this.inflight = inflight;
  }

  choose(peers: readonly Peer[], choice: Choice): Peer | null {
    const equals = this.#equals;
    let best: Peer | null = null;
    let bestMs = Infinity;
    let count = 0;
    for (let i = 0; i < peers.length; i++) {
      const peer = peers[i];
      if (!isCandidate(peer, choice)) continue;
      const ms = this.#expectedMs(peer, choice.nowMs) / peer.weight;
      if (ms > bestMs) continue;
      if (ms < bestMs) count = 0;
      bestMs = ms;
      best = peer;
      equals[count++] = peer;
    }
    return count > 1 ? chooseSmoothly(equals, count, choice.nowMs) : best;
  }

  /** Expected time until the peer has finished its active exchanges and one more, in milliseconds. */
  #expectedMs(peer: Peer, nowMs: number): number {
    const { times } = peer;
    let ms = times === null ? 0 : times.averageMs(nowMs, peer.failTimeoutMs);
    if (this.inflight && times !== null) ms = Math.max(ms, times.waitingMs(nowMs));
    ms = ms > slowestMs ? slowestMs : (Math.floor(ms / stepMs) + 1) * stepMs;
    return ms * (1 + peer.active);
  }
}
