/**
 * Servers by name without `resolve`: one peer each, whose new connections go to the name's current
 * addresses. The name is looked up again when its last answer has expired, and soon after
 * connections to all addresses failed. Known addresses are kept until a lookup returns others.
 */
import { type Address, formatAddress } from "../../base/address.ts";
import { isIpLiteral } from "../../config/mod.ts";
import { sameAddresses } from "../../conn/upstream/dial.ts";
import type { FoundAddresses, LookupFailure, LookupRules } from "../../net/dns/name_service.ts";
import type { Peer } from "../balance/peer.ts";
import type { PeerGroup } from "../balance/peer_group.ts";
import type { ResolverPlan } from "../plan/plan.ts";
import { boundedStart, retryDelayMs, retryMinMs, rulesOf } from "./lookup_rules.ts";

/** The watch's dependencies. */
export interface AddressWatchParts {
  readonly lookups: {
    addresses(host: string, rules: LookupRules): Promise<FoundAddresses | LookupFailure>;
  };
  /** For upstreams without their own `resolver`. */
  readonly resolver: ResolverPlan | null;
  nowMs(): number;
  setTimer(delayMs: number, callback: () => void): number;
  clearTimer(handle: number): void;
  info(message: string): void;
  warn(message: string): void;
  /** Called when the addresses of peers have changed. */
  onChange(): void;
}

/** Minimum time between lookups of a name whose server cannot be reached. */
const askedAgainMs = 1000;
/** Larger answers are truncated: a connection may try every address. */
const addressesMax = 64;

/** One name and resolver; several servers may share it. */
class WatchedName {
  hosts: readonly string[] = [];
  failures = 0;
  /** Why the last lookup failed; "" when it did not. */
  complaint = "";
  timer = -1;
  isAsking = false;
  askedMs = -Infinity;

  constructor(readonly host: string, readonly resolver: ResolverPlan | null) {}
}

export class AddressWatch {
  readonly #parts: AddressWatchParts;
  readonly #groups: readonly PeerGroup[];
  readonly #names = new Map<string, WatchedName>();
  #isStopped = false;
  /** Ends the wait in `start`. */
  #cancelStart: () => void = () => {};

  constructor(groups: readonly PeerGroup[], parts: AddressWatchParts) {
    this.#groups = groups;
    this.#parts = parts;
  }

  /** Takes over the previous plan's addresses, so that a reload does not wait for known names. */
  continueFrom(previous: readonly PeerGroup[]): void {
    const known = new Map(previous.flatMap(({ peers }) => peers.map((peer) => [peer.name, peer])));
    for (const peer of this.#groups.flatMap(({ peers }) => peers)) {
      if (!peer.isUnknown) continue;
      peer.addresses = known.get(peer.name)?.addresses ?? [];
    }
  }

  /** Looks up every name; resolves when all have addresses, after `startWaitMs`, or on `stop`. */
  async start(): Promise<void> {
    const asked = this.refresh();
    if (asked.length === 0) return;
    const { done, cancel } = boundedStart(Promise.all(asked), this.#parts);
    this.#cancelStart = cancel;
    await done;
  }

  /** Looks up names that are new to the watch. Returns the lookups of servers without an address. */
  refresh(): Promise<void>[] {
    const waited: Promise<void>[] = [];
    for (const group of this.#groups) {
      for (const peer of group.peers) {
        const name = this.#nameOf(group, peer);
        if (name === null) continue;
        peer.onUnreachable = () => this.#askSoon(name);
        if (name.askedMs > -Infinity) {
          this.#assign(name);
          continue;
        }
        const isWaitedFor = peer.isUnknown;
        const asked = this.#lookUp(name);
        if (isWaitedFor) waited.push(asked);
      }
    }
    return waited;
  }

  /** Stops all lookups. */
  stop(): void {
    this.#isStopped = true;
    for (const { timer } of this.#names.values()) this.#parts.clearTimer(timer);
    this.#cancelStart();
  }

  /** null: the peer is not given by name, or `resolve` has found it. */
  #nameOf(group: PeerGroup, { plan }: Peer): WatchedName | null {
    const { address } = plan;
    if (address.kind !== "tcp" || isIpLiteral(address.host)) return null;
    const resolver = group.plan.resolver ?? this.#parts.resolver;
    const key = JSON.stringify([address.host, resolver]);
    let name = this.#names.get(key);
    if (name === undefined) this.#names.set(key, name = new WatchedName(address.host, resolver));
    return name;
  }

  /** Schedules a lookup after a failed connection: the answer may be out of date. */
  #askSoon(name: WatchedName): void {
    if (name.isAsking || this.#isStopped) return;
    const waitMs = Math.max(0, name.askedMs + askedAgainMs - this.#parts.nowMs());
    this.#schedule(name, waitMs);
  }

  #schedule(name: WatchedName, delayMs: number): void {
    this.#parts.clearTimer(name.timer);
    name.timer = this.#parts.setTimer(delayMs, () => void this.#lookUp(name));
  }

  async #lookUp(name: WatchedName): Promise<void> {
    const { lookups, nowMs } = this.#parts;
    name.isAsking = true;
    name.askedMs = nowMs();
    const found = await lookups.addresses(name.host, rulesOf(name.resolver));
    name.isAsking = false;
    if (this.#isStopped) return;
    const ttlMs = name.resolver?.validMs ?? found.ttlMs;
    if ("error" in found) {
      this.#fail(name, found.error.message);
      return this.#schedule(name, retryDelayMs(name.failures++, ttlMs));
    }
    name.failures = 0;
    this.#follow(name, found.addresses.slice(0, addressesMax));
    this.#schedule(name, ttlMs ?? retryMinMs);
  }

  /** Logs each reason once: an unreachable name server must not fill the log. */
  #fail(name: WatchedName, complaint: string): void {
    if (complaint === name.complaint) return;
    name.complaint = complaint;
    for (const [group, peer] of this.#serversOf(name)) {
      const consequence = peer.isUnknown
        ? "it has no address yet"
        : "the addresses known before stay";
      this.#parts.warn(
        `upstream ${group.plan.name}: ${peer.name}: ${complaint}; ${consequence}`,
      );
    }
  }

  #follow(name: WatchedName, hosts: readonly string[]): void {
    const wasKnown = name.hosts.length > 0;
    // Sorted: name servers rotate the order of their answers.
    const hasNews = [...hosts].sort().join() !== [...name.hosts].sort().join();
    if (hasNews) name.hosts = hosts;
    if (hasNews || name.complaint !== "") {
      const isNews = wasKnown || name.complaint !== "";
      if (isNews) this.#parts.info(`${name.host} is ${[...hosts].sort().join(", ")}`);
    }
    name.complaint = "";
    this.#assign(name, hasNews);
  }

  /** Peers may be shared with a plan that is being replaced, whose watch updates them, too. */
  #assign(name: WatchedName, hasNews = false): void {
    if (name.hosts.length === 0) return;
    let hasChanged = hasNews;
    for (const [, peer] of this.#serversOf(name)) {
      peer.onUnreachable = () => this.#askSoon(name);
      const addresses = addressesAt(peer, name.hosts);
      if (sameAddresses(addresses, peer.addresses)) continue;
      peer.addresses = addresses;
      hasChanged = true;
    }
    if (hasChanged) this.#parts.onChange();
  }

  #serversOf(name: WatchedName): [PeerGroup, Peer][] {
    return this.#groups.flatMap((group) =>
      group.peers.filter((peer) => this.#nameOf(group, peer) === name)
        .map((peer): [PeerGroup, Peer] => [group, peer])
    );
  }
}

function addressesAt({ plan: { address } }: Peer, hosts: readonly string[]): Address[] {
  if (address.kind !== "tcp") throw new TypeError(`${formatAddress(address)} is a path`);
  const { port } = address;
  return hosts.map((host) => ({ kind: "tcp", host, port }));
}
