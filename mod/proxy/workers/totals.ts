/** Sums the counters of all workers, including ended ones, into the master's own. */
import type { Http2Figures } from "../../conn/exchange/http2_counters.ts";
import type { Peer } from "../balance/peer.ts";
import type { PeerGroup } from "../balance/peer_group.ts";
import type { WorkerView } from "../control/admin_api.ts";
import type { EngineMetrics } from "../engine/records/engine_metrics.ts";
import {
  type CountersMessage,
  type PeerCounters,
  peerKeys,
  type UpstreamCounters,
} from "./messages.ts";

/** The counters of one worker, or the sum of the ended ones. */
class Held {
  readonly upstreams = new Map<string, HeldUpstream>();
  #rest: CountersMessage;

  constructor(message: CountersMessage, nowMs: number) {
    this.#rest = message;
    this.take(message, nowMs);
  }

  get rest(): CountersMessage {
    return this.#rest;
  }

  /** Merges a message, which holds only changes. */
  take(message: CountersMessage, nowMs: number): void {
    this.#rest = message;
    for (const upstream of message.upstreams) {
      const known = upstream.isWhole ? undefined : this.upstreams.get(upstream.name);
      const peers = known?.peers ?? new Map<string, HeldPeer>();
      for (const peer of upstream.peers) {
        const { unavailableForMs } = peer;
        const outUntilMs = unavailableForMs > 0 ? nowMs + unavailableForMs : 0;
        peers.set(peer.key, { ...peer, outUntilMs });
      }
      this.upstreams.set(upstream.name, { counters: upstream, peers });
    }
  }

  /** All counters as one message. */
  whole(): CountersMessage {
    const upstreams = [...this.upstreams.values()].map(({ counters, peers }) => ({
      ...counters,
      isWhole: true,
      peers: [...peers.values()],
    }));
    return { ...this.#rest, upstreams };
  }
}

interface HeldUpstream {
  /** Do not use its `peers`: they are only those of the last message. */
  readonly counters: UpstreamCounters;
  readonly peers: Map<string, HeldPeer>;
}

interface HeldPeer extends PeerCounters {
  /** Until then the worker sends it nothing, by our clock; 0: it does. */
  readonly outUntilMs: number;
}

export class WorkerTotals {
  readonly #latest = new Map<number, Held>();
  /** The sum of the ended workers, so that totals never decrease. */
  #ended: Held | null = null;

  /** `nowMs`: of the clock that `passiveState` is asked with. */
  take(pid: number, message: CountersMessage, nowMs: number): void {
    const held = this.#latest.get(pid);
    if (held === undefined) this.#latest.set(pid, new Held(message, nowMs));
    else held.take(message, nowMs);
  }

  forget(pid: number): void {
    const last = this.#latest.get(pid)?.whole();
    this.#latest.delete(pid);
    if (last === undefined) return;
    const upstreams = last.upstreams.map((upstream) => ({
      ...upstream,
      idle: 0,
      http2: withoutOpen(upstream.http2),
      peers: upstream.peers.map((peer) => ({ ...peer, active: 0, unavailableForMs: 0 })),
    }));
    const listeners = last.listeners.map((listener) => ({
      ...listener,
      open: 0,
      http2: withoutOpen(listener.http2),
    }));
    const ended = { ...last, connections: 0, listeners, upstreams };
    const all = this.#ended === null ? ended : sumOf(this.#ended.whole(), ended);
    this.#ended = new Held(all, 0);
  }

  /** Open connections of these workers. */
  connectionsOf(pids: readonly number[]): number {
    return pids.reduce((sum, pid) => sum + (this.#latest.get(pid)?.rest.connections ?? 0), 0);
  }

  /** In the order of `pids`; zeros for a worker that has not reported yet. */
  workerViews(pids: readonly number[]): WorkerView[] {
    return pids.map((pid) => {
      const held = this.#latest.get(pid);
      const listeners = held?.rest.listeners ?? [];
      let current = 0;
      for (const { peers } of held?.upstreams.values() ?? []) {
        for (const { active } of peers.values()) current += active;
      }
      return {
        pid,
        accepted: listeners.reduce((sum, one) => sum + one.accepted, 0),
        connections: held?.rest.connections ?? 0,
        requests: listeners.reduce((sum, one) => sum + one.requests, 0),
        current,
      };
    });
  }

  idleCount(group: PeerGroup): number {
    return this.#sumOf(group.plan.name, "idle");
  }

  /**
   * Overwrites the master's counters; the master has no traffic of its own. `pids`: the workers that
   * serve now.
   */
  writeTo(
    metrics: EngineMetrics,
    groups: readonly PeerGroup[],
    pids: readonly number[],
  ): void {
    const all = this.#all();
    const sum = (value: (message: CountersMessage) => number) =>
      all.reduce((total, { rest }) => total + value(rest), 0);
    metrics.clientAborts = sum((message) => message.clientAborts);
    metrics.cutResponses = sum((message) => message.cutResponses);
    for (let i = 0; i < metrics.statusClasses.length; i++) {
      metrics.statusClasses[i] = sum((message) => message.statusClasses[i]);
    }
    const lostLogLines = sum((message) => message.lostLogLines);
    metrics.lostLogLines = () => lostLogLines;
    metrics.assign(all.flatMap(({ rest }) => rest.listeners));
    for (const group of groups) {
      const { name } = group.plan;
      group.retries = this.#sumOf(name, "retries");
      group.retriesDenied = this.#sumOf(name, "retriesDenied");
      group.http2.assign(all.flatMap(({ upstreams }) => upstreams.get(name)?.counters.http2 ?? []));
      const maps = all.flatMap(({ upstreams }) => upstreams.get(name)?.peers ?? []);
      const serving = pids.flatMap((pid) =>
        this.#latest.get(pid)?.upstreams.get(name)?.peers ?? []
      );
      const keys = peerKeys(group.peers);
      for (const [index, peer] of group.peers.entries()) {
        writePeer(peer, keys[index], maps);
        writePassive(peer, keys[index], serving);
      }
    }
  }

  #all(): Held[] {
    return [...this.#latest.values(), ...(this.#ended === null ? [] : [this.#ended])];
  }

  #sumOf(upstream: string, counter: "idle" | "retries" | "retriesDenied"): number {
    return this.#all().reduce(
      (sum, { upstreams }) => sum + (upstreams.get(upstream)?.counters[counter] ?? 0),
      0,
    );
  }
}

/** Of a worker that has ended. */
function withoutOpen(figures: Http2Figures): Http2Figures {
  return { ...figures, open: 0, streams: 0 };
}

/** Sets a peer's counters to the sum over all workers. */
function writePeer(
  peer: Peer,
  key: string,
  maps: readonly ReadonlyMap<string, PeerCounters>[],
): void {
  peer.active =
    peer.requests =
    peer.failedRequests =
    peer.unavailableCount =
      0;
  peer.headerTimeSumMs = peer.headerTimeCount = 0;
  peer.responses.fill(0);
  peer.tally.clear();
  for (const map of maps) {
    const counters = map.get(key);
    if (counters === undefined) continue;
    peer.active += counters.active;
    peer.requests += counters.requests;
    peer.failedRequests += counters.failedRequests;
    peer.unavailableCount += counters.unavailableCount;
    peer.headerTimeSumMs += counters.headerTimeSumMs;
    peer.headerTimeCount += counters.headerTimeCount;
    for (let i = 1; i <= 5; i++) peer.responses[i] += counters.responses[i];
    peer.tally.add(counters.tally);
  }
}

/** Which of the workers that serve have taken the peer out. */
function writePassive(
  peer: Peer,
  key: string,
  serving: readonly ReadonlyMap<string, HeldPeer>[],
): void {
  const reports = serving.flatMap((peers) => peers.get(key) ?? []);
  peer.workerCount = reports.length;
  peer.outInWorkers = reports.map(({ outUntilMs }) => outUntilMs).filter((until) => until > 0);
}

function sumOf(left: CountersMessage, right: CountersMessage): CountersMessage {
  return { ...addUp(left, right), kind: "counters" };
}

/**
 * Adds the numbers of two values of the same shape. Lists of numbers are added element by element;
 * lists of objects with a `name` or `key` are joined by it.
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
