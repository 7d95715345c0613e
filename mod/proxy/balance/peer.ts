/** One server of an upstream: an address or a name, its current addresses, counters and settings. */
import type { Address } from "../../base/address.ts";
import { isResolved } from "../../config/mod.ts";
import type { AddressSource } from "../../conn/upstream/dial.ts";
import type { PeerPlan } from "../plan/plan.ts";
import type { Candidate } from "./candidate.ts";
import { PeerTally } from "./peer_tally.ts";
import type { OutlierWatch } from "./outlier_watch.ts";
import { copySettings, type PeerSettings } from "./peer_settings.ts";
import type { PeerTimes } from "./peer_times.ts";

/** The weight of a peer in slow start grows by one part in this many at a time. */
const slowStartSteps = 100;
let weightChangeCount = 0;

/** Grows whenever the weight of any peer changes: until then, sums of weights hold. */
export function weightChanges(): number {
  return weightChangeCount;
}

export class Peer implements AddressSource, PeerSettings {
  readonly plan: PeerPlan;
  readonly index: number;
  /** Told of whatever changes how the peer is chosen; null before a first choice. */
  candidate: Candidate | null = null;
  #addresses: readonly Address[];
  /** Requests a new lookup of the server's name; null: the server is not given by name. */
  onUnreachable: (() => void) | null = null;
  // Settings are changed by `change()`.
  readonly weight: number;
  /** Lowered by failures, raised by one at each turn (nginx's effective_weight). */
  effectiveWeight: number;
  /** Of its last turn in smooth round robin; a rotation that it is in knows the present one. */
  currentWeight = 0;
  #active = 0;
  readonly failsMax: number;
  readonly failTimeoutMs: number;
  readonly connectionsMax: number;
  readonly slowStartMs: number;
  fails = 0;
  /** Attempts, and failed attempts, since the start. */
  requests = 0;
  failedRequests = 0;
  /** Responses by status class: index 1 counts 1xx. */
  readonly responses = new Float64Array(6);
  /** How many times passive failures made it unavailable. */
  unavailableCount = 0;
  /** Sum of the milliseconds from the choice to the response head, and the number of samples. */
  headerTimeSumMs = 0;
  headerTimeCount = 0;
  /** Statuses, times and sizes of its responses. */
  readonly tally = new PeerTally();
  /** Wall-clock time of the last selection; 0: never. */
  selectedAtMs = 0;
  /** Time of the last failure. */
  accessedMs = 0;
  /** Time of the last failure, or of the last trial request after one. */
  checkedMs = 0;
  #checkDown = false;
  /** Set by the operator. */
  readonly down: boolean;
  readonly draining: boolean;
  /** Identifies it in client sessions: nginx's route, or the default for it. */
  sid = "";
  readonly route: string;
  /** End of the ejection as an outlier; 0: not ejected. */
  ejectedUntilMs = 0;
  /** Number of ejections. */
  ejections = 0;
  /** Why it was last ejected; "" in a worker, whose master decides. */
  ejectionReason = "";
  /** Counters of outlier ejection; null until first used. */
  watch: OutlierWatch | null = null;
  /** Response times for `least_time`; null for the other balancers. */
  times: PeerTimes | null = null;
  /** When the peer came back up, for slow_start; 0: not in slow start. */
  recoveredMs = 0;

  /** In a master: until when each worker, of those that count it out, sends it nothing. */
  outInWorkers: readonly number[] = [];
  /** Those that have reported on it; 0: this process itself serves. */
  workerCount = 0;

  /** Connection pools, indexed by the number of the code that owns them; private to that owner. */
  readonly pools: unknown[] = [];

  constructor(plan: PeerPlan, index: number) {
    this.plan = plan;
    this.index = index;
    this.#addresses = isResolved(plan.address) ? [plan.address] : [];
    this.weight = this.effectiveWeight = plan.weight;
    this.failsMax = plan.failsMax;
    this.failTimeoutMs = plan.failTimeoutMs;
    this.connectionsMax = plan.connectionsMax;
    this.slowStartMs = plan.slowStartMs;
    this.down = plan.down;
    this.draining = plan.drain;
    this.route = plan.route;
  }

  /** Targets of new connections; empty while the server's name has no known address. */
  get addresses(): readonly Address[] {
    return this.#addresses;
  }

  set addresses(addresses: readonly Address[]) {
    this.#addresses = addresses;
    this.noteChanged();
  }

  /** Exchanges and connection attempts in progress. */
  get active(): number {
    return this.#active;
  }

  set active(count: number) {
    this.#active = count;
    const { candidate } = this;
    if (candidate === null) return;
    if (this.connectionsMax > 0 || candidate.list.followsRequests) {
      candidate.list.noteChanged(candidate);
    }
  }

  /** Result of the health check; false without a check. */
  get checkDown(): boolean {
    return this.#checkDown;
  }

  set checkDown(isDown: boolean) {
    this.#checkDown = isDown;
    this.noteChanged();
  }

  /** Must be called after whatever changes how it is chosen; the next choice heeds it. */
  noteChanged(): void {
    const { candidate } = this;
    if (candidate !== null) candidate.list.noteChanged(candidate);
  }

  /** Takes over the counters and failures of `known`, the same server under an earlier plan. */
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
    this.ejectionReason = known.ejectionReason;
    this.watch = known.watch;
    this.times = known.times;
    this.noteChanged();
  }

  /** Changes these settings. A peer that is no longer `down` begins as after a recovery. */
  change(changes: Partial<PeerSettings>, nowMs: number): void {
    const { weight } = this;
    const cameBack = this.down && changes.down === false;
    copySettings(changes, this);
    if (this.weight !== weight) {
      this.effectiveWeight = this.weight;
      weightChangeCount++;
    }
    if (cameBack) this.comeBack(nowMs);
    this.noteChanged();
  }

  noteUnreachable(): void {
    this.onUnreachable?.();
  }

  /** The server is a name without a known address. */
  get isUnknown(): boolean {
    return this.addresses.length === 0;
  }

  get name(): string {
    return this.plan.name;
  }

  /** Marks it as up: clears earlier passive failures and begins slow_start. */
  comeBack(nowMs: number): void {
    this.fails = 0;
    this.effectiveWeight = this.weight;
    this.recoveredMs = nowMs;
    this.noteChanged();
  }

  /** Passive failures have made it unavailable for now. */
  isUnavailable(nowMs: number): boolean {
    return this.failsMax > 0 && this.fails >= this.failsMax &&
      nowMs - this.checkedMs <= this.failTimeoutMs;
  }

  /** Until it is tried again; 0: it is not unavailable. */
  unavailableForMs(nowMs: number): number {
    return this.isUnavailable(nowMs) ? this.failTimeoutMs - (nowMs - this.checkedMs) || 1 : 0;
  }

  /** It is ejected as an outlier for now. */
  isEjected(nowMs: number): boolean {
    return nowMs < this.ejectedUntilMs;
  }

  /** Ejects it until then; it returns with slow_start where that is configured. */
  ejectUntil(nowMs: number): void {
    this.ejectedUntilMs = this.recoveredMs = nowMs;
    this.noteChanged();
  }

  /** Ends its ejection, if it is ejected. */
  endEjection(): void {
    if (this.ejectedUntilMs === 0) return;
    this.ejectedUntilMs = 0;
    this.noteChanged();
  }

  get isFull(): boolean {
    return this.connectionsMax > 0 && this.active >= this.connectionsMax;
  }

  isUsable(nowMs: number): boolean {
    return !this.draining && this.isUsableForSession(nowMs);
  }

  /** A draining peer gets no new clients but keeps its bound ones (nginx). */
  isUsableForSession(nowMs: number): boolean {
    return !this.down && !this.checkDown && !this.isFull && nowMs >= this.ejectedUntilMs &&
      (this.fails === 0 || !this.isUnavailable(nowMs)) && !this.isUnknown;
  }

  /** Its weight in the current choice. */
  weightAt(nowMs: number): number {
    if (this.slowStartMs === 0 || this.recoveredMs === 0) return this.effectiveWeight;
    const step = this.#slowStartStep(nowMs);
    if (step < slowStartSteps) return this.effectiveWeight * Math.max(step, 1) / slowStartSteps;
    this.recoveredMs = 0;
    return this.effectiveWeight;
  }

  /** Whole steps since it came back; negative before. */
  #slowStartStep(nowMs: number): number {
    return Math.floor((nowMs - this.recoveredMs) / this.slowStartMs * slowStartSteps);
  }

  /**
   * When time alone changes whether it is usable, or its weight, in monotonic milliseconds. Infinity:
   * only something else can.
   */
  changesAtMs(nowMs: number): number {
    let atMs = nowMs < this.ejectedUntilMs ? this.ejectedUntilMs : Infinity;
    if (this.fails > 0 && this.isUnavailable(nowMs)) {
      atMs = Math.min(atMs, this.checkedMs + this.failTimeoutMs);
    }
    if (this.slowStartMs === 0 || this.recoveredMs === 0) return atMs;
    const step = Math.max(this.#slowStartStep(nowMs), 0) + 1;
    if (step > slowStartSteps) return atMs;
    return Math.min(atMs, this.recoveredMs + this.slowStartMs * step / slowStartSteps);
  }

  /** Records a selection; after fail_timeout, one request tests whether the peer has recovered. */
  noteChosen(nowMs: number): void {
    if (this.fails === 0 || nowMs - this.checkedMs <= this.failTimeoutMs) return;
    this.checkedMs = nowMs;
    this.noteChanged();
  }

  /** Records a failed attempt. True when it is now `upstream server temporarily disabled`. */
  noteFailure(nowMs: number): boolean {
    this.fails++;
    this.accessedMs = this.checkedMs = nowMs;
    if (this.failsMax === 0) return false;
    const lowered = this.effectiveWeight - Math.floor(this.weight / this.failsMax);
    this.effectiveWeight = Math.max(0, lowered);
    this.noteChanged();
    const isOut = this.fails >= this.failsMax;
    if (isOut) this.unavailableCount++;
    return isOut;
  }

  /** Records a response head. */
  noteResponse(status: number, headerTimeMs: number): void {
    this.responses[status / 100 | 0]++;
    this.tally.noteStatus(status);
    this.headerTimeSumMs += headerTimeMs;
    this.headerTimeCount++;
  }

  /** Records an attempt that did not fail. */
  noteSuccess(nowMs: number): void {
    if (this.fails === 0 || this.accessedMs >= this.checkedMs) return;
    this.fails = 0;
    this.recoveredMs = nowMs;
    this.noteChanged();
  }
}
