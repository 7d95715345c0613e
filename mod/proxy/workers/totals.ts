/** The counters of all workers, those that have ended included, summed into the master's own. */
import type { PeerGroup } from "../balance/peer_group.ts";
import type { EngineMetrics } from "../engine/engine_metrics.ts";
import type { CountersMessage, PeerCounters } from "./messages.ts";

export class WorkerTotals {
  readonly #latest = new Map<number, CountersMessage>();
  /** Of workers that have ended: what they counted stays counted. */
  readonly #ended: CountersMessage[] = [];

  take(pid: number, message: CountersMessage): void {
    this.#latest.set(pid, message);
  }

  forget(pid: number): void {
    const last = this.#latest.get(pid);
    this.#latest.delete(pid);
    if (last === undefined) return;
    const upstreams = last.upstreams.map((upstream) => ({
      ...upstream,
      idle: 0,
      peers: upstream.peers.map((peer) => ({ ...peer, active: 0 })),
    }));
    this.#ended.push({ ...last, connections: 0, upstreams });
  }

  get connections(): number {
    return this.#sum((message) => message.connections);
  }

  idleCount(group: PeerGroup): number {
    return this.#sum((message) =>
      message.upstreams.find((one) => one.name === group.plan.name)?.idle ?? 0
    );
  }

  /** Overwrites the master's counters, which no traffic of its own touches. */
  writeTo(metrics: EngineMetrics, groups: readonly PeerGroup[]): void {
    metrics.requests = this.#sum((message) => message.requests);
    metrics.clientAborts = this.#sum((message) => message.clientAborts);
    metrics.cutResponses = this.#sum((message) => message.cutResponses);
    for (let i = 0; i < metrics.statusClasses.length; i++) {
      metrics.statusClasses[i] = this.#sum((message) => message.statusClasses[i]);
    }
    for (const group of groups) {
      for (const peer of group.peers) {
        const sum = (value: (counters: PeerCounters) => number) =>
          this.#sum((message) => {
            const upstream = message.upstreams.find((one) => one.name === group.plan.name);
            const counters = upstream?.peers.find((one) => one.id === peer.index);
            return counters === undefined ? 0 : value(counters);
          });
        peer.active = sum((counters) => counters.active);
        peer.requests = sum((counters) => counters.requests);
        peer.failedRequests = sum((counters) => counters.failedRequests);
        peer.unavailableCount = sum((counters) => counters.unavailableCount);
        peer.headerTimeSumMs = sum((counters) => counters.headerTimeSumMs);
        peer.headerTimeCount = sum((counters) => counters.headerTimeCount);
        for (let i = 1; i <= 5; i++) peer.responses[i] = sum((counters) => counters.responses[i]);
      }
    }
  }

  #sum(value: (message: CountersMessage) => number): number {
    let sum = 0;
    for (const message of this.#latest.values()) sum += value(message);
    for (const message of this.#ended) sum += value(message);
    return sum;
  }
}
