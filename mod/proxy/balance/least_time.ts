/**
 * Chooses the peer that is expected to finish first (nginx's least_time):
 *
 *   time = its average, halved for each fail_timeout without a response
 *   time = max(time, mean age of its waiting requests)               with `inflight`
 *   time = the next multiple of 20 ms above it, and never above 5 s
 *   chosen: the least time x (1 + active) / weight
 *
 * Steps of 20 ms make peers of similar speed equal; equals are chosen by smooth weighted round
 * robin. From 5 s on all peers count as equally slow, and the least busy one is chosen.
 */
import type { Load } from "./candidates.ts";
import type { Peer } from "./peer.ts";

const stepMs = 20;
const slowestMs = 5000;

export class TimeLoad implements Load {
  readonly followsRequests = true;
  readonly inflight: boolean;

  constructor(inflight: boolean) {
    this.inflight = inflight;
  }

  /** Expected time until the peer has finished its active exchanges and one more, per weight. */
  of(peer: Peer, nowMs: number): number {
    const ms = this.#timeMs(peer, nowMs);
    const stepped = ms >= slowestMs ? slowestMs : (Math.floor(ms / stepMs) + 1) * stepMs;
    return stepped * (1 + peer.active) / peer.weight;
  }

  /** When the average halves, or the waiting requests reach the next step. */
  changesAtMs(peer: Peer, nowMs: number): number {
    const { times } = peer;
    if (times === null) return Infinity;
    const ms = this.#timeMs(peer, nowMs);
    const halvesAtMs = ms < stepMs ? Infinity : times.halvesAtMs(nowMs, peer.failTimeoutMs);
    if (!this.inflight || ms >= slowestMs || !times.isWaiting) return halvesAtMs;
    const leftMs = (Math.floor(ms / stepMs) + 1) * stepMs - times.waitingMs(nowMs);
    return Math.min(halvesAtMs, nowMs + leftMs);
  }

  #timeMs({ times, failTimeoutMs }: Peer, nowMs: number): number {
    if (times === null) return 0;
    const ms = times.averageMs(nowMs, failTimeoutMs);
    return this.inflight ? Math.max(ms, times.waitingMs(nowMs)) : ms;
  }
}
