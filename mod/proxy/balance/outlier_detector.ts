/**
 * Passive outlier ejection: takes out a peer for a while when it performs worse than its group.
 *
 * An error is an attempt without a response, or a 5xx response. Consecutive errors are judged
 * immediately, rates and latencies at the end of each interval (modelled on Envoy's outlier
 * detection).
 */
import type { OutlierPlan } from "../plan/upstream_plan.ts";
import { OutlierWatch } from "./outlier_watch.ts";
import type { Peer } from "./peer.ts";

/** The detector's dependencies. */
export interface OutlierParts {
  nowMs(): number;
  setTimer(delayMs: number, callback: () => void): unknown;
  log(line: string): void;
  /** Called after an ejection, so that a master can notify its workers. */
  onEjected(): void;
  /** In a worker: asks the master to decide. Null where this process decides. */
  readonly ask: ((peer: Peer, reason: string) => void) | null;
}

/** The group of the watched peers. */
export interface WatchedGroup {
  readonly plan: { readonly name: string };
  readonly peers: readonly Peer[];
}

/** An ejection lasts at most this many times as long as the first one. */
const levelMax = 10;
/** A mean must exceed the others' by this much to count: less is timer noise. */
const latencyMarginMs = 5;
/** How long a worker waits for the master's decision before it asks again. */
const askAgainMs = 1000;

export class OutlierDetector {
  readonly #plan: OutlierPlan;
  readonly #group: WatchedGroup;
  readonly #parts: OutlierParts;
  #intervalEndMs = 0;
  #hasToldOfCeiling = false;

  constructor(plan: OutlierPlan, group: WatchedGroup, parts: OutlierParts) {
    this.#plan = plan;
    this.#group = group;
    this.#parts = parts;
  }

  /** Records a response head that arrived `headerTimeMs` after the peer was chosen. */
  noteAnswer(peer: Peer, status: number, headerTimeMs: number): void {
    if (status >= 500) return this.noteError(peer);
    const watch = this.#watchOf(peer);
    watch.attempts++;
    watch.errorsInRow = 0;
    watch.headerTimeSumMs += headerTimeMs;
    watch.headerTimeCount++;
  }

  noteError(peer: Peer): void {
    const watch = this.#watchOf(peer);
    watch.attempts++;
    watch.errors++;
    watch.errorsInRow++;
    const { consecutiveErrors } = this.#plan;
    if (consecutiveErrors === 0 || watch.errorsInRow < consecutiveErrors) return;
    this.#propose(peer, `${watch.errorsInRow} errors in a row`);
  }

  /** Ejects the peer, unless the allowed share of the group is already ejected. */
  eject(peer: Peer, reason: string): void {
    const { baseEjectionMs, ejectedShareMax } = this.#plan;
    const { peers } = this.#group;
    const nowMs = this.#parts.nowMs();
    if (peer.isEjected(nowMs) || !peers.includes(peer)) return;
    const outCount = peers.filter((one) => one.isEjected(nowMs)).length;
    if (outCount + 1 > Math.floor(peers.length * ejectedShareMax)) {
      return this.#tellOfCeiling(peer, reason, outCount);
    }
    const watch = peer.watch ??= new OutlierWatch();
    watch.level = Math.min(watch.level + 1, levelMax);
    watch.errorsInRow = 0;
    watch.wasOut = true;
    const durationMs = baseEjectionMs * watch.level;
    peer.ejectUntil(nowMs + durationMs);
    peer.ejections++;
    peer.ejectionReason = reason;
    this.#log(peer, `ejected for ${durationMs / 1000}s: ${reason}`);
    this.#parts.setTimer(durationMs, () => this.#bringBack(peer, durationMs));
    this.#parts.onEjected();
  }

  /** The peer's counters of the current interval. */
  #watchOf(peer: Peer): OutlierWatch {
    const nowMs = this.#parts.nowMs();
    if (nowMs >= this.#intervalEndMs) this.#endInterval(nowMs);
    return peer.watch ??= new OutlierWatch();
  }

  #endInterval(nowMs: number): void {
    const isFirst = this.#intervalEndMs === 0;
    this.#intervalEndMs = nowMs + this.#plan.intervalMs;
    this.#hasToldOfCeiling = false;
    if (isFirst) return;
    const { peers } = this.#group;
    const meansMs = this.#sortedMeansMs();
    const reasons = peers.map((peer) => this.#verdict(peer, meansMs));
    for (const [index, peer] of peers.entries()) {
      const reason = reasons[index];
      const { watch } = peer;
      if (reason !== null) this.#propose(peer, reason);
      else if (watch !== null && watch.attempts > 0 && !watch.wasOut && watch.level > 0) {
        watch.level--;
      }
    }
    for (const peer of peers) peer.watch?.beginInterval(peer.isEjected(nowMs));
  }

  /** The mean times of the peers with enough responses, shortest first. */
  #sortedMeansMs(): Float64Array {
    if (this.#plan.latencyFactor === 0) return new Float64Array(0);
    const means: number[] = [];
    for (const { watch } of this.#group.peers) {
      if (watch !== null && watch.headerTimeCount >= this.#plan.attemptsMin) {
        means.push(watch.meanMs);
      }
    }
    return Float64Array.from(means).sort();
  }

  /** Why the interval's figures make the peer an outlier; null when they do not. */
  #verdict({ watch }: Peer, meansMs: Float64Array): string | null {
    const { errorShare, latencyFactor, attemptsMin } = this.#plan;
    if (watch === null || watch.attempts < attemptsMin) return null;
    const share = watch.errors / watch.attempts;
    if (errorShare > 0 && share >= errorShare) {
      return `error rate ${Math.round(100 * share)}% of ${watch.attempts} requests`;
    }
    if (latencyFactor === 0 || watch.headerTimeCount < attemptsMin) return null;
    const { meanMs } = watch;
    const medianMs = medianOfOthers(meansMs, meanMs);
    if (medianMs === null) return null;
    if (meanMs < latencyFactor * medianMs || meanMs - medianMs < latencyMarginMs) return null;
    return `latency ${Math.round(meanMs)}ms, the others' median is ${Math.round(medianMs)}ms`;
  }

  #propose(peer: Peer, reason: string): void {
    const { ask } = this.#parts;
    if (ask === null) return this.eject(peer, reason);
    const nowMs = this.#parts.nowMs();
    const watch = peer.watch!;
    if (peer.isEjected(nowMs) || nowMs < watch.askedUntilMs) return;
    watch.askedUntilMs = nowMs + askAgainMs;
    watch.errorsInRow = 0;
    ask(peer, reason);
  }

  #bringBack(peer: Peer, durationMs: number): void {
    // Cleared explicitly: timers are rounded and may fire slightly early.
    peer.endEjection();
    if (!this.#group.peers.includes(peer)) return;
    this.#log(peer, `is back after ${durationMs / 1000}s`);
  }

  #tellOfCeiling(peer: Peer, reason: string, outCount: number): void {
    if (this.#hasToldOfCeiling) return;
    this.#hasToldOfCeiling = true;
    const count = this.#group.peers.length;
    this.#log(peer, `not ejected, ${outCount} of ${count} are out: ${reason}`);
  }

  #log(peer: Peer, what: string): void {
    this.#parts.log(`upstream ${this.#group.plan.name}: server ${peer.name} ${what}`);
  }
}

/** Median of sorted numbers without one of them; null when there is no other. */
function medianOfOthers(sorted: Float64Array, own: number): number | null {
  const count = sorted.length - 1;
  if (count < 1) return null;
  // Which of several equal ones is left out makes no difference.
  const ownAt = sorted.indexOf(own);
  const other = (index: number) => sorted[index < ownAt ? index : index + 1];
  const middle = count >> 1;
  return count % 2 === 1 ? other(middle) : (other(middle - 1) + other(middle)) / 2;
}
