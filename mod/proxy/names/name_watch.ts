/**
 * Servers with `resolve`: their names are looked up again when the last answer has expired, and the
 * peers of their upstream are updated. Known addresses are kept until a lookup returns others.
 */
import type { PeerError } from "../../base/errors.ts";
import type {
  FoundAddresses,
  FoundPlaces,
  LookupFailure,
  LookupRules,
} from "../../net/dns/name_service.ts";
import { Peer } from "../balance/peer.ts";
import type { PeerGroup } from "../balance/peer_group.ts";
import type { PeerParent, PeerPlan, ResolverPlan } from "../plan/plan.ts";
import { boundedStart, retryDelayMs, retryMinMs, rulesOf } from "./lookup_rules.ts";
import { namedPeers, placesOf, serviceName } from "./named_peers.ts";

/** The watch's dependencies. */
export interface NameWatchParts {
  readonly lookups: {
    addresses(host: string, rules: LookupRules): Promise<FoundAddresses | LookupFailure>;
    places(service: string, rules: LookupRules): Promise<FoundPlaces | LookupFailure>;
  };
  /** For upstreams without their own `resolver`. */
  readonly resolver: ResolverPlan | null;
  setTimer(delayMs: number, callback: () => void): number;
  clearTimer(handle: number): void;
  info(message: string): void;
  warn(message: string): void;
  /** Called for a new peer. Resolves when its health is known. */
  onAdded(group: PeerGroup, peer: Peer): Promise<void>;
  onRemoved(peer: Peer): void;
  /** Called when the peers of a group have changed. */
  onChange(group: PeerGroup): void;
}

/** One line of `servers` with `resolve`. */
class NamedServer {
  readonly parent: PeerParent;
  /** The peers of the last answer; null: no answer yet. */
  wanted: readonly PeerPlan[] | null = null;
  /** Weights of the last answer by peer name: operators may have changed those of the peers. */
  weights = new Map<string, number>();
  failures = 0;
  /** Why the last lookup failed; "" when it did not. */
  complaint = "";
  timer = -1;

  constructor(readonly group: PeerGroup, readonly plan: PeerPlan, readonly host: string) {
    this.parent = { id: group.takeId(), host: plan.name, service: plan.service };
  }

  owns(peer: Peer): boolean {
    const { parent } = peer.plan;
    return parent?.host === this.parent.host && parent.service === this.parent.service;
  }
}

export class NameWatch {
  readonly #parts: NameWatchParts;
  readonly #servers: readonly NamedServer[];
  #isStopped = false;
  /** Ends the wait in `start`. */
  #goOn: () => void = () => {};

  constructor(groups: readonly PeerGroup[], parts: NameWatchParts) {
    this.#parts = parts;
    this.#servers = groups.flatMap((group) =>
      group.plan.named.flatMap((plan) => {
        const { address } = plan;
        return address.kind === "tcp" ? [new NamedServer(group, plan, address.host)] : [];
      })
    );
  }

  /** Looks up every name; resolves when all are known, after `startWaitMs`, or on `stop`. */
  async start(): Promise<void> {
    if (this.#servers.length === 0) return;
    const known = Promise.all(this.#servers.map((server) => this.#lookUp(server)));
    const { done, cancel } = boundedStart(known, this.#parts);
    this.#goOn = cancel;
    await done;
  }

  /** Stops all lookups. */
  stop(): void {
    this.#isStopped = true;
    for (const { timer } of this.#servers) this.#parts.clearTimer(timer);
    this.#goOn();
  }

  /** Takes over the peers that the previous plan has found, until an answer changes them. */
  continueFrom(previous: readonly PeerGroup[]): void {
    for (const server of this.#servers) {
      const { group } = server;
      const old = previous.find(({ plan }) => plan.name === group.plan.name);
      const isSameCheck = JSON.stringify(old?.plan.check) === JSON.stringify(group.plan.check);
      const taken = new Set(group.peers.map(({ index }) => index));
      for (const peer of old?.peers ?? []) {
        if (!server.owns(peer) || group.peers.some(({ name }) => name === peer.name)) continue;
        // A changed check needs a new peer with unknown health, apart from the one in the old plan.
        const heir = isSameCheck && !taken.has(peer.index)
          ? peer
          : new Peer({ ...peer.plan, parent: server.parent }, group.takeId());
        if (heir !== peer) heir.continueFrom(peer);
        group.replace([...group.peers, heir]);
        void this.#parts.onAdded(group, heir);
      }
    }
  }

  /** Applies the last answers again after other code has replaced the peers of a group. */
  restore(): void {
    for (const server of this.#servers) this.#settle(server);
  }

  async #lookUp(server: NamedServer): Promise<void> {
    const { plan, group, host } = server;
    const { lookups, resolver: common } = this.#parts;
    const resolver = group.plan.resolver ?? common;
    const rules = rulesOf(resolver);
    const found = plan.service === ""
      ? await lookups.addresses(host, rules)
      : await lookups.places(serviceName(plan.service, host), rules);
    if (this.#isStopped) return;
    const ttlMs = resolver?.validMs ?? found.ttlMs;
    if ("error" in found) return this.#fail(server, found.error, ttlMs);
    server.failures = 0;
    const places = "places" in found ? found.places : placesOf(plan, found.addresses);
    this.#follow(server, namedPeers(plan, server.parent, places, group.plan.balance));
    this.#schedule(server, ttlMs ?? retryMinMs);
  }

  #schedule(server: NamedServer, delayMs: number): void {
    server.timer = this.#parts.setTimer(delayMs, () => void this.#lookUp(server));
  }

  /** Logs each reason once: an unreachable name server must not fill the log. */
  #fail(server: NamedServer, error: PeerError, ttlMs: number | null): void {
    this.#schedule(server, retryDelayMs(server.failures++, ttlMs));
    const complaint = error.message;
    if (complaint === server.complaint) return;
    server.complaint = complaint;
    const { name } = server.plan;
    const consequence = server.group.peers.some((peer) => server.owns(peer))
      ? "the addresses known before stay"
      : "it has no address yet";
    this.#parts.warn(`upstream ${server.group.plan.name}: ${name}: ${complaint}; ${consequence}`);
  }

  #follow(server: NamedServer, wanted: readonly PeerPlan[]): void {
    const { group, plan } = server;
    // Sorted: name servers rotate the order of their answers.
    const names = wanted.map(({ name }) => name).sort();
    const hasNews = names.join() !== (server.wanted ?? []).map(({ name }) => name).sort().join();
    if (hasNews || server.complaint !== "") {
      this.#parts.info(`upstream ${group.plan.name}: ${plan.name} is ${names.join(", ")}`);
    }
    server.complaint = "";
    server.wanted = wanted;
    const added = this.#add(server);
    // Keep the old peers until the health of the new ones is known.
    if (added.length === 0) return this.#settle(server);
    void Promise.all(added).then(() => {
      if (!this.#isStopped && server.wanted === wanted) this.#settle(server);
    });
  }

  /** Adds the new peers to the existing ones; the promises resolve when their health is known. */
  #add(server: NamedServer): Promise<void>[] {
    const { group } = server;
    const fresh: Peer[] = [];
    for (const plan of server.wanted ?? []) {
      const same = group.peers.filter(({ name }) => name === plan.name);
      // An address that another line also has belongs to that line.
      if (same.some((peer) => !server.owns(peer))) continue;
      const known = same.find((peer) => peer.plan.backup === plan.backup);
      const weightBefore = server.weights.get(plan.name) ?? plan.weight;
      server.weights.set(plan.name, plan.weight);
      if (known === undefined) {
        fresh.push(new Peer(plan, group.takeId()));
      } else if (weightBefore !== plan.weight) {
        // The time counts only for a peer that is no longer down.
        known.change({ weight: plan.weight }, 0);
        this.#parts.onChange(group);
      }
    }
    if (fresh.length === 0) return [];
    this.#put(group, [...group.peers, ...fresh]);
    return fresh.map((peer) => this.#parts.onAdded(group, peer));
  }

  /** Removes peers that are not in the last answer. */
  #settle(server: NamedServer): void {
    const { group, wanted } = server;
    if (wanted === null) return;
    const isWanted = (peer: Peer) =>
      wanted.some(({ name, backup }) => name === peer.name && backup === peer.plan.backup);
    const left = group.peers.filter((peer) => server.owns(peer) && !isWanted(peer));
    if (left.length === 0) return;
    this.#put(group, group.peers.filter((peer) => !left.includes(peer)));
    for (const peer of left) {
      server.weights.delete(peer.name);
      this.#parts.onRemoved(peer);
    }
  }

  /** Orders peers from the file first, then those of each line, so that all workers agree. */
  #put(group: PeerGroup, peers: readonly Peer[]): void {
    const rank = (peer: Peer) => this.#servers.findIndex((server) => server.owns(peer));
    group.replace(peers.toSorted((a, b) => rank(a) - rank(b)));
    this.#parts.onChange(group);
  }
}
