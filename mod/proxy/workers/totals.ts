/** The counters of all workers, those that have ended included, summed into the master's own. */
import type { PeerGroup } from "../balance/peer_group.ts";
import type { WorkerView } from "../control/process_view.ts";
import type { EngineMetrics } from "../engine/engine_metrics.ts";
import { type CountersMessage, type PeerCounters, peerKey } from "./messages.ts";

export class WorkerTotals {
  readonly #latest = new Map<number, CountersMessage>();
  /** The sum of the workers that have ended: what they counted stays counted. */
  #ended: CountersMessage | null = null;

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
    const listeners = last.listeners.map((listener) => ({ ...listener, open: 0 }));
    const ended = { ...last, connections: 0, listeners, upstreams };
    this.#ended = this.#ended === null ? ended : sumOf(this.#ended, ended);
  }

  /** Of some of the workers. */
  connectionsOf(pids: readonly number[]): number {
    return pids.reduce((sum, pid) => sum + (this.#latest.get(pid)?.connections ?? 0), 0);
  }

  /** In the order of `pids`; one that has not reported yet has counted nothing. */
  workerViews(pids: readonly number[]): WorkerView[] {
    return pids.map((pid) => {
      const message = this.#latest.get(pid);
      const listeners = message?.listeners ?? [];
      const peers = (message?.upstreams ?? []).flatMap((upstream) => upstream.peers);
      return {
        pid,
        accepted: listeners.reduce((sum, one) => sum + one.accepted, 0),
        connections: message?.connections ?? 0,
        requests: listeners.reduce((sum, one) => sum + one.requests, 0),
        current: peers.reduce((sum, one) => sum + one.active, 0),
      };
    });
  }

  idleCount(group: PeerGroup): number {
    return this.#sum((message) =>
      message.upstreams.find((one) => one.name === group.plan.name)?.idle ?? 0
    );
  }

  /** Overwrites the master's counters, which no traffic of its own touches. */
  writeTo(metrics: EngineMetrics, groups: readonly PeerGroup[]): void {
    metrics.clientAborts = this.#sum((message) => message.clientAborts);
    metrics.cutResponses = this.#sum((message) => message.cutResponses);
    for (let i = 0; i < metrics.statusClasses.length; i++) {
      metrics.statusClasses[i] = this.#sum((message) => message.statusClasses[i]);
    }
    metrics.lostLogLines = () => this.#sum((message) => message.lostLogLines);
    const messages = this.#all();
    metrics.assign(messages.flatMap((message) => message.listeners));
    for (const group of groups) {
      const { name } = group.plan;
      const ofGroup = (counter: "retries" | "retriesDenied") =>
        this.#sum(({ upstreams }) => upstreams.find((one) => one.name === name)?.[counter] ?? 0);
      group.retries = ofGroup("retries");
      group.retriesDenied = ofGroup("retriesDenied");
      for (const [index, peer] of group.peers.entries()) {
        const key = peerKey(group.peers, index);
        const sum = (value: (counters: PeerCounters) => number) =>
          this.#sum((message) => {
            const upstream = message.upstreams.find((one) => one.name === group.plan.name);
            const counters = upstream?.peers.find((one) => one.key === key);
            return counters === undefined ? 0 : value(counters);
          });
        peer.active = sum((counters) => counters.active);
        peer.requests = sum((counters) => counters.requests);
        peer.failedRequests = sum((counters) => counters.failedRequests);
        peer.unavailableCount = sum((counters) => counters.unavailableCount);
        peer.headerTimeSumMs = sum((counters) => counters.headerTimeSumMs);
        peer.headerTimeCount = sum((counters) => counters.headerTimeCount);
        for (let i = 1; i <= 5; i++) peer.responses[i] = sum((counters) => counters.responses[i]);
        peer.tally.clear();
        for (const { upstreams } of messages) {
          const upstream = upstreams.find((one) => one.name === name);
          const counters = upstream?.peers.find((one) => one.key === key);
          if (counters !== undefined) peer.tally.add(counters.tally);
        }
      }
    }
  }

  #all(): CountersMessage[] {
    return [...this.#latest.values(), ...(this.#ended === null ? [] : [this.#ended])];
  }

  #sum(value: (message: CountersMessage) => number): number {
    return this.#all().reduce((sum, message) => sum + value(message), 0);
  }
}

function sumOf(left: CountersMessage, right: CountersMessage): CountersMessage {
  return { ...addUp(left, right), kind: "counters" };
}

/**
 * Adds the numbers of two values of one shape. Lists of numbers are added place by place; lists of
 * things with a `name` or `key` are joined by it.
 */
function addUp<T>(left: T, right: T): T {
  if (typeof left === "number") return (left + (right as number)) as T;
  if (Array.isArray(left)) return addLists(left, right as unknown[]) as T;
  if (typeof left !== "object" || left === null) return left;
  const entries = Object.entries(left).map(([name, value]) => {
    return [name, addUp(value, (right as Record<string, unknown>)[name])];
  });
  return Object.fromEntries(entries) as T;
}

function addLists(left: readonly unknown[], right: readonly unknown[]): unknown[] {
  const keyOf = (value: unknown, index: number): unknown => {
    const { key, name } = Object(value) as { key?: string; name?: string };
    return key ?? name ?? index;
  };
  const joined = new Map(left.map((value, index) => [keyOf(value, index), value]));
  for (const [index, value] of right.entries()) {
    const key = keyOf(value, index);
    joined.set(key, joined.has(key) ? addUp(joined.get(key), value) : value);
  }
  return [...joined.values()];
}
