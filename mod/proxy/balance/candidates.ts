/**
 * Chooses among the least loaded peers by smooth weighted round robin.
 *
 * No choice looks at every peer: those that can be chosen are kept in order. A peer reports what
 * changes its place, and an alarm goes off where time alone changes it; the next choice then looks
 * at these peers again, and at no others.
 */
import { Heap } from "../../base/heap.ts";
import type { Balancer, Choice } from "./balancer.ts";
import { Candidate, type CandidateList } from "./candidate.ts";
import { Levels } from "./levels.ts";
import type { Peer } from "./peer.ts";

/** What peers are compared by. */
export interface Load {
  /** Requests that begin or end change it. */
  readonly followsRequests: boolean;
  of(peer: Peer, nowMs: number): number;
  /** When time alone changes it next, in monotonic milliseconds; Infinity: never. */
  changesAtMs(peer: Peer, nowMs: number): number;
}

/** An alarm is at least this far ahead: rounding must not let one go off again at once. */
const soonMs = 0.001;

export class Candidates implements Balancer, CandidateList {
  readonly followsRequests: boolean;
  readonly #load: Load;
  #peers: readonly Peer[] = [];
  #all: readonly Candidate[] = [];
  #levels = new Levels();
  /** By the time when each must be looked at again. */
  #alarms = new Heap<Candidate>();
  readonly #changed: Candidate[] = [];
  /** Another list has taken peers over: during a reload both plans choose among the same ones. */
  #hasLost = false;
  /** Reused by each retry. */
  readonly #setAside: Candidate[] = [];

  constructor(load: Load) {
    this.#load = load;
    this.followsRequests = load.followsRequests;
  }

  choose(peers: readonly Peer[], choice: Choice): Peer | null {
    const { nowMs, tried } = choice;
    if (peers !== this.#peers || this.#hasLost) this.#begin(peers);
    this.#update(nowMs);
    return tried === null ? this.#next(nowMs) : this.#nextUntried(tried, nowMs);
  }

  noteChanged(candidate: Candidate): void {
    if (candidate.isChanged) return;
    candidate.isChanged = true;
    this.#changed.push(candidate);
  }

  lose(candidate: Candidate): void {
    candidate.rotation?.leave(candidate);
    this.#hasLost = true;
  }

  /** Begins with this list of peers; only a change of the list costs this. */
  #begin(peers: readonly Peer[]): void {
    for (const candidate of this.#all) {
      const { peer } = candidate;
      if (peer.candidate !== candidate) continue;
      candidate.rotation?.leave(candidate);
      peer.candidate = null;
    }
    this.#peers = peers;
    this.#levels = new Levels();
    this.#alarms = new Heap();
    this.#changed.length = 0;
    this.#hasLost = false;
    this.#all = peers.map((peer, rank) => {
      peer.candidate?.list.lose(peer.candidate);
      const candidate = peer.candidate = new Candidate(peer, rank, this);
      this.noteChanged(candidate);
      return candidate;
    });
  }

  #update(nowMs: number): void {
    const changed = this.#changed;
    while (changed.length > 0) {
      const candidate = changed.pop()!;
      candidate.isChanged = false;
      this.#place(candidate, nowMs);
    }
    const alarms = this.#alarms;
    for (let due = alarms.first; due !== null && due.key <= nowMs; due = alarms.first) {
      this.#place(due.item, nowMs);
    }
  }

  /** Puts the candidate where it belongs now. */
  #place(candidate: Candidate, nowMs: number): void {
    const { peer, rotation } = candidate;
    if (peer.candidate !== candidate) return this.#alarms.remove(candidate.alarm);
    this.#setAlarm(candidate, nowMs);
    if (!peer.isUsable(nowMs)) {
      if (rotation !== null) rotation.leave(candidate);
      return;
    }
    const load = this.#load.of(peer, nowMs);
    const weight = peer.weightAt(nowMs);
    if (rotation !== null) {
      const isSame = rotation.load === load && candidate.weightClass!.weight === weight;
      if (isSame && peer.effectiveWeight === peer.weight) return;
      rotation.leave(candidate);
    }
    this.#levels.of(load, this.#all.length).join(candidate, weight);
  }

  #setAlarm(candidate: Candidate, nowMs: number): void {
    const { peer, alarm } = candidate;
    const atMs = Math.min(peer.changesAtMs(nowMs), this.#load.changesAtMs(peer, nowMs));
    if (atMs === Infinity) this.#alarms.remove(alarm);
    else this.#alarms.put(alarm, Math.max(atMs, nowMs + soonMs));
  }

  #next(nowMs: number): Peer | null {
    const { least } = this.#levels;
    return least === null ? null : least.next(nowMs).peer;
  }

  /** The peers that were tried do not take part in the turn. */
  #nextUntried(tried: ReadonlySet<Peer>, nowMs: number): Peer | null {
    const aside = this.#setAside;
    for (const { candidate } of tried) {
      if (candidate === null || candidate.list !== this || candidate.rotation === null) continue;
      candidate.rotation.leave(candidate);
      aside.push(candidate);
    }
    const peer = this.#next(nowMs);
    while (aside.length > 0) this.#place(aside.pop()!, nowMs);
    return peer;
  }
}
