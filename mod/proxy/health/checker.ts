/** Health checks for the peers of all upstreams that configure them: schedules and judges probes. */
import { formatAddress } from "../../base/address.ts";
import type { HostAddress } from "../../config/mod.ts";
import type { Address } from "../../base/address.ts";
import type { Peer } from "../balance/peer.ts";
import type { PeerGroup } from "../balance/peer_group.ts";
import type { CheckPlan } from "../plan/check_plan.ts";
import {
  CheckState,
  probeFaultLine,
  probeFaultReason,
  type Transition,
  transitionLine,
} from "./check_state.ts";
import type { ProbeResult, ProbeTarget, ProbeTransport } from "./probe_target.ts";
import { serverNameOf } from "../plan/server_name.ts";
import type { StatusRow } from "./status_page.ts";

/** The checker's dependencies. */
export interface CheckerParts {
  readonly transport: ProbeTransport;
  setTimer(delayMs: number, callback: () => void): number;
  clearTimer(handle: number): void;
  nowMs(): number;
  /** Returns a number in [0, 1). */
  random(): number;
  log(level: "notice" | "error", line: string): void;
  /** Called after each probe; `hasChanged` when the peer went up or down. */
  onResult?(hasChanged: boolean): void;
}

/** One checked peer. */
export class CheckedPeer implements ProbeTarget {
  readonly state: CheckState;
  readonly isSecure: boolean;
  /** The server's address, with the check's port if it has one. */
  readonly address: HostAddress;
  /** Its name in log lines: the address or name that is probed. */
  readonly name: string;
  cancel: (() => void) | null = null;
  timer = -1;
  isRemoved = false;
  /** Called when its state is known or no longer needed; null: no caller waits. */
  onKnown: (() => void) | null = null;
  /** Since the start; for the API. */
  probes = 0;
  failures = 0;
  unhealthyCount = 0;
  lastPassed: boolean | null = null;
  /** Why the last probe failed; "" when it did not. */
  lastFault = "";
  /** Wall-clock time at which failed probes took the peer out; 0: they have not. */
  downSinceMs = 0;
  /** The note of the last failure or change. */
  lastNote = "";
  /** Its state comes from an earlier generation and holds until our own checks change it. */
  isRestored = false;

  /** Upstream, server and check: if any of them changes, the old state is discarded. */
  get key(): string {
    return JSON.stringify([this.upstream, this.peer.name, this.check]);
  }

  get addresses(): readonly Address[] {
    return this.peer.addresses.map((address) => this.#moved(address));
  }

  get server(): string {
    return this.peer.name;
  }

  get serverName(): string {
    return serverNameOf(this.peer.plan);
  }

  /** `scheme`: of requests to the upstream, where the peer has none of its own. */
  constructor(
    readonly upstream: string,
    readonly check: CheckPlan,
    readonly peer: Peer,
    scheme: "http" | "https" = "http",
  ) {
    this.isSecure = (peer.plan.scheme ?? scheme) === "https";
    this.state = new CheckState(check.rise, check.fall, check.defaultDown);
    this.address = this.#moved(peer.plan.address);
    this.name = formatAddress(this.address);
    peer.checkDown = this.state.isDown;
  }

  #moved<T extends HostAddress>(address: T): T {
    const { port } = this.check;
    return port > 0 && address.kind === "tcp" ? { ...address, port } : address;
  }
}

/** Saved state of a checked peer, keyed by upstream, server and the check's settings. */
export interface HealthState {
  readonly key: string;
  readonly isDown: boolean;
  readonly rise: number;
  readonly fall: number;
}

export class Checker {
  readonly #parts: CheckerParts;
  /** In configuration order; a map, since reloads replace thousands of peers one by one. */
  readonly #peers = new Map<Peer, CheckedPeer>();
  #isStarted = false;
  #isStopped = false;
  /** States from an earlier generation, including those of peers that are added later. */
  #saved: ReadonlyMap<string, HealthState> = new Map();

  constructor(groups: readonly PeerGroup[], parts: CheckerParts) {
    this.#parts = parts;
    for (const group of groups) {
      const { check, name, scheme } = group.plan;
      if (check === null) continue;
      for (const peer of group.peers) {
        this.#peers.set(peer, new CheckedPeer(name, check, peer, scheme));
      }
    }
  }

  get peers(): readonly CheckedPeer[] {
    return [...this.#peers.values()];
  }

  /**
   * Probes every peer immediately and repeatedly until its state is known: `rise` successes or one
   * failure. Resolves when all are known, so that a start with `default_down=true` is no outage. Does
   * not wait for peers removed in between, nor for any after `stop`. The checks then run on timers.
   */
  async start(): Promise<void> {
    this.#isStarted = true;
    await Promise.all(this.peers.map((one) => this.#begin(one)));
  }

  stop(): void {
    this.#isStopped = true;
    for (const one of this.peers) this.#giveUp(one);
  }

  /**
   * Starts checking a peer that was added at run time, if its upstream has a check. Resolves when
   * its state is known; before `start`, immediately.
   */
  async add(group: PeerGroup, peer: Peer): Promise<void> {
    const one = this.adopt(group, peer);
    if (one === null || !this.#isStarted) return;
    await this.#begin(one);
  }

  /** As `add`, but before `start`, whose first round includes it. null: its upstream has no check. */
  adopt(group: PeerGroup, peer: Peer): CheckedPeer | null {
    const { check, name, scheme } = group.plan;
    if (check === null) return null;
    const one = new CheckedPeer(name, check, peer, scheme);
    this.#peers.set(peer, one);
    if (!this.#isStarted) this.#restore(one);
    return one;
  }

  /** The states to save for a later generation. */
  healthStates(): HealthState[] {
    return this.peers.map((one) => ({
      key: one.key,
      isDown: one.state.isDown,
      rise: one.state.riseCount,
      fall: one.state.fallCount,
    }));
  }

  /** Continues from the states of an earlier generation. */
  restore(states: readonly HealthState[]): void {
    this.#saved = new Map(states.map((state) => [state.key, state]));
    for (const one of this.peers) this.#restore(one);
  }

  #restore(one: CheckedPeer): void {
    const saved = this.#saved.size === 0 ? undefined : this.#saved.get(one.key);
    if (saved === undefined) return;
    one.state.isDown = one.peer.checkDown = saved.isDown;
    one.state.riseCount = saved.rise;
    one.state.fallCount = saved.fall;
    one.isRestored = true;
  }

  /**
   * Sets each peer up or down by its current check alone: the result of an earlier configuration's
   * check must not keep a peer down that no check would bring back up.
   */
  reassert(group: PeerGroup): void {
    for (const peer of group.peers) {
      peer.checkDown = this.#peers.get(peer)?.state.isDown ?? false;
    }
  }

  remove(peer: Peer): void {
    const one = this.#peers.get(peer);
    if (one === undefined) return;
    one.isRemoved = true;
    this.#giveUp(one);
    this.#peers.delete(peer);
  }

  /** The check's view of a peer; null: not checked. */
  viewOf(peer: Peer): CheckedPeer | null {
    return this.#peers.get(peer) ?? null;
  }

  /** The rows of the status page. */
  rows(): StatusRow[] {
    return this.peers.map(({ upstream, check, peer, state }, index) => ({
      index,
      upstream,
      name: peer.name,
      isDown: state.isDown,
      rise: state.riseCount,
      fall: state.fallCount,
      type: check.type,
      port: check.port,
    }));
  }

  #isKnown({ state, check, isRestored }: CheckedPeer): boolean {
    return isRestored || !state.isDown || state.fallCount > 0 || state.riseCount >= check.rise;
  }

  /** Runs the first probes; resolves when the state is known or the probes are given up. */
  #begin(one: CheckedPeer): Promise<void> {
    return new Promise((resolve) => {
      one.onKnown = resolve;
      this.#probe(one);
    });
  }

  /** Probes now, then again: immediately until the state is known, afterwards at each interval. */
  #probe(one: CheckedPeer): void {
    if (this.#isStopped || one.isRemoved) return this.#giveUp(one);
    const startMs = this.#parts.nowMs();
    one.cancel = this.#parts.transport.probe(one, (result, note = "") => {
      one.cancel = null;
      this.#judge(one, result, note);
      const isFirst = one.onKnown !== null;
      if (isFirst && !this.#isKnown(one)) return this.#probe(one);
      this.#tellKnown(one);
      const intervalMs = this.#intervalMs(one);
      // Spread over the interval once, so that many peers are not always probed at the same moment.
      const delayMs = isFirst
        ? intervalMs * (0.5 + this.#parts.random() / 2)
        : Math.max(0, intervalMs - (this.#parts.nowMs() - startMs));
      one.timer = this.#parts.setTimer(delayMs, () => this.#probe(one));
    });
  }

  #giveUp(one: CheckedPeer): void {
    this.#parts.clearTimer(one.timer);
    one.cancel?.();
    this.#tellKnown(one);
  }

  #tellKnown(one: CheckedPeer): void {
    one.onKnown?.();
    one.onKnown = null;
  }

  /** Time to the next probe: separate intervals may apply while a peer is down or about to change. */
  #intervalMs({ state, check }: CheckedPeer): number {
    const { intervalMs, fastIntervalMs, downIntervalMs, jitterMs } = check;
    const isChanging = state.isDown ? state.riseCount > 0 : state.fallCount > 0;
    const special = isChanging ? fastIntervalMs : state.isDown ? downIntervalMs : 0;
    return (special || intervalMs) + (jitterMs > 0 ? jitterMs * this.#parts.random() : 0);
  }

  #judge(one: CheckedPeer, result: ProbeResult, note: string): void {
    one.probes++;
    one.lastPassed = result === null;
    one.lastFault = result === null ? "" : probeFaultReason(result, note, one.check.timeoutMs);
    if (result !== null) {
      one.failures++;
      const line = probeFaultLine(result, one.name, one.check.type);
      if (line !== null) this.#parts.log("error", line);
    }
    const transition = one.state.note(result === null);
    this.#apply(one, transition);
    // With default_down it may be out without a transition.
    one.downSinceMs = one.state.isDown ? one.downSinceMs || Date.now() : 0;
    this.#say(one, result !== null, transition !== "none", note);
    this.#parts.onResult?.(transition !== "none");
  }

  /** Tengine's lines do not include the reason: log it separately when it has changed. */
  #say(one: CheckedPeer, isFault: boolean, hasChanged: boolean, note: string): void {
    const isNews = isFault ? note !== one.lastNote : hasChanged;
    if (isFault || hasChanged) one.lastNote = note;
    if (!isNews || note === "") return;
    this.#parts.log(isFault ? "error" : "notice", `check of ${one.name}: ${note}`);
  }

  #apply(one: CheckedPeer, transition: Transition): void {
    if (transition === "none") return;
    // Tengine calls both an error; that a peer is up again, or at all, is none.
    const level = transition === "up" ? "notice" : "error";
    this.#parts.log(level, transitionLine(transition, one.name));
    one.peer.checkDown = one.state.isDown;
    if (transition === "down") one.unhealthyCount++;
    else one.peer.comeBack(this.#parts.nowMs());
  }
}
