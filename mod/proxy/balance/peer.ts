/** One server of an upstream, an address or a name with its addresses of now, with what was measured and ordered about it. */
import type { Address } from "../../base/address.ts";
import { isResolved } from "../../config/mod.ts";
import type { AddressSource } from "../../conn/dial.ts";
import type { PeerPlan } from "../plan.ts";
import { PeerTally } from "./peer_tally.ts";
import type { OutlierWatch } from "./outlier_watch.ts";
import type { PeerTimes } from "./peer_times.ts";

export class Peer implements AddressSource {
  readonly plan: PeerPlan;
  readonly index: number;
  /** Where new connections go; empty while the server's name has no address that is known. */
  addresses: readonly Address[];
  /** Asks for the name's addresses again; null: the server is no name. */
  onUnreachable: (() => void) | null = null;
  weight: number;
  /** Lowered by failures, regained by one at each selection (nginx's effective_weight). */
  effectiveWeight: number;
  currentWeight = 0;
  /** Exchanges and connections attempts under way. */
  active = 0;
  failsMax: number;
  failTimeoutMs: number;
  connectionsMax: number;
  slowStartMs: number;
  fails = 0;
  /** Attempts, and those that failed, since the start. */
  requests = 0;
  failedRequests = 0;
  /** Responses by hundreds of their status: index 1 counts 1xx. */
  readonly responses = new Float64Array(6);
  /** Times that passive failures took it out. */
  unavailableCount = 0;
  /** Sum of the milliseconds from choosing it to the response's head, and their number. */
  headerTimeSumMs = 0;
  headerTimeCount = 0;
  /** Statuses, times and sizes of its answers. */
  readonly tally = new PeerTally();
  /** Wall clock of the last time it was chosen; 0: never. */
  selectedAtMs = 0;
  /** When the last failure was seen. */
  accessedMs = 0;
  /** When the last failure was seen, or the peer was given another chance. */
  checkedMs = 0;
  /** What the active check says; false without a check. */
  checkDown = false;
  /** By the operator. */
  down: boolean;
  draining: boolean;
  /** Names it in the clients' sessions: nginx's route, or what stands for it. */
  sid = "";
  route: string;
  /** Until when it is left alone as an outlier; 0: it is not. */
  ejectedUntilMs = 0;
  /** Times that it was ejected. */
  ejections = 0;
  /** Counters of outlier ejection; null until they are wanted. */
  watch: OutlierWatch | null = null;
  /** What `least_time` weighs; null for the other balancers. */
  times: PeerTimes | null = null;
  /** Since when the peer is up again, for slow_start; 0: always. */
  recoveredMs = 0;

  /** Connections of each user of the peer, by that user's number; theirs alone. */
  readonly pools: unknown[] = [];

  constructor(plan: PeerPlan, index: number) {
    this.plan = plan;
    this.index = index;
    this.addresses = isResolved(plan.address) ? [plan.address] : [];
    this.weight = this.effectiveWeight = plan.weight;
    this.failsMax = plan.failsMax;
    this.failTimeoutMs = plan.failTimeoutMs;
    this.connectionsMax = plan.connectionsMax;
    this.slowStartMs = plan.slowStartMs;
    this.down = plan.down;
    this.draining = plan.drain;
    this.route = plan.route;
  }

  /** Goes on with what `known`, this server under an earlier plan, has counted and suffered. */
  continueFrom(known: Peer): void {
    if (this.addresses.length === 0 && this.name === known.name) this.addresses = known.addresses;
    this.requests = known.requests;
    this.failedRequests = known.failedRequests;
    this.responses.set(known.responses);
    this.unavailableCount = known.unavailableCount;
    this.headerTimeSumMs = known.headerTimeSumMs;
    this.headerTimeCount = known.headerTimeCount;
    this.tally.clear();
    this.tally.add(known.tally.counters());
    this.selectedAtMs = known.selectedAtMs;
    this.fails = known.fails;
    this.accessedMs = known.accessedMs;
    this.checkedMs = known.checkedMs;
    this.recoveredMs = known.recoveredMs;
    this.ejectedUntilMs = known.ejectedUntilMs;
    this.ejections = known.ejections;
    this.watch = known.watch;
    this.times = known.times;
  }

  noteUnreachable(): void {
    this.onUnreachable?.();
  }

  /** The server is a name that has no address. */
  get isUnknown(): boolean {
    return this.addresses.length === 0;
  }

  get name(): string {
    return this.plan.name;
  }

  /** It is up again: what traffic found out before is history, and slow_start begins. */
  comeBack(nowMs: number): void {
    this.fails = 0;
    this.effectiveWeight = this.weight;
    this.recoveredMs = nowMs;
  }

  /** Passive failures have taken it out for now. */
  isUnavailable(nowMs: number): boolean {
    return this.failsMax > 0 && this.fails >= this.failsMax &&
      nowMs - this.checkedMs <= this.failTimeoutMs;
  }

  /** It answers worse than its group, and is left alone for now. */
  isEjected(nowMs: number): boolean {
    return nowMs < this.ejectedUntilMs;
  }

  /** Leaves it alone until then; afterwards it comes back with slow_start, if it has that. */
  ejectUntil(nowMs: number): void {
    this.ejectedUntilMs = this.recoveredMs = nowMs;
  }

  get isFull(): boolean {
    return this.connectionsMax > 0 && this.active >= this.connectionsMax;
  }

  isUsable(nowMs: number): boolean {
    return !this.draining && this.isUsableForSession(nowMs);
  }

  /** A peer that drains gets no new clients and keeps those it has (nginx). */
  isUsableForSession(nowMs: number): boolean {
    return !this.down && !this.checkDown && !this.isFull && nowMs >= this.ejectedUntilMs &&
      (this.fails === 0 || !this.isUnavailable(nowMs)) && !this.isUnknown;
  }

  /** What it weighs in the choice that is being made. */
  weightAt(nowMs: number): number {
    if (this.slowStartMs === 0 || this.recoveredMs === 0) return this.effectiveWeight;
    const share = (nowMs - this.recoveredMs) / this.slowStartMs;
    if (share < 1) return this.effectiveWeight * Math.max(share, 0.01);
    this.recoveredMs = 0;
    return this.effectiveWeight;
  }

  /** It was chosen: after fail_timeout this is the one request that finds out whether it is back. */
  noteChosen(nowMs: number): void {
    if (this.fails > 0 && nowMs - this.checkedMs > this.failTimeoutMs) this.checkedMs = nowMs;
  }

  /** A failed attempt. True when it takes the peer out: `upstream server temporarily disabled`. */
  noteFailure(nowMs: number): boolean {
    this.fails++;
    this.accessedMs = this.checkedMs = nowMs;
    if (this.failsMax === 0) return false;
    const lowered = this.effectiveWeight - Math.floor(this.weight / this.failsMax);
    this.effectiveWeight = Math.max(0, lowered);
    const isOut = this.fails >= this.failsMax;
    if (isOut) this.unavailableCount++;
    return isOut;
  }

  /** A response's head has come. */
  noteResponse(status: number, headerTimeMs: number): void {
    this.responses[status / 100 | 0]++;
    this.tally.noteStatus(status);
    this.headerTimeSumMs += headerTimeMs;
    this.headerTimeCount++;
  }

  /** An attempt that did not fail. */
  noteSuccess(nowMs: number): void {
    if (this.fails === 0 || this.accessedMs >= this.checkedMs) return;
    this.fails = 0;
    this.recoveredMs = nowMs;
  }
}
