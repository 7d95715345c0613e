/** The peers of one upstream: primaries first, backups when no primary can be chosen. */
import type { BalancePlan, UpstreamPlan } from "../plan.ts";
import type { Balancer, Choice } from "./balancer.ts";
import { ConsistentHash, IpHash, KeyHash } from "./hash.ts";
import { LeastConn } from "./least_conn.ts";
import { Peer } from "./peer.ts";
import { RandomChoice } from "./random.ts";
import { RoundRobin } from "./round_robin.ts";

export class PeerGroup {
  #peers: readonly Peer[] = [];
  #primaries: readonly Peer[] = [];
  #backups: readonly Peer[] = [];
  readonly #balancer: Balancer;
  readonly #backupBalancer: Balancer;

  constructor(readonly plan: UpstreamPlan, random: () => number = Math.random) {
    this.#balancer = makeBalancer(plan.balance, random);
    this.#backupBalancer = makeBalancer(plan.balance, random);
    this.replace(plan.peers.map((peer, index) => new Peer(peer, index)));
  }

  get peers(): readonly Peer[] {
    return this.#peers;
  }

  /** Passive failures of the only server of a group are ignored: there is nowhere else to go. */
  get isSingle(): boolean {
    return this.#peers.length === 1;
  }

  /** Puts another list in place, at once for every later choice. */
  replace(peers: readonly Peer[]): void {
    this.#peers = peers;
    this.#primaries = peers.filter((peer) => !peer.plan.backup);
    this.#backups = peers.filter((peer) => peer.plan.backup);
  }

  /** Chooses a peer for a request, or null: `no live upstreams`. */
  choose(choice: Choice): Peer | null {
    if (this.#peers.length === 1) return this.#chooseOnly(choice);
    let peer = this.#balancer.choose(this.#primaries, choice);
    if (peer === null && this.#backups.length > 0) {
      peer = this.#backupBalancer.choose(this.#backups, choice);
    }
    if (peer !== null) peer.noteChosen(choice.nowMs);
    return peer;
  }

  #chooseOnly(choice: Choice): Peer | null {
    const peer = this.#peers[0];
    if (choice.tried !== null && choice.tried.has(peer)) return null;
    return peer.down || peer.checkDown || peer.draining || peer.isFull ? null : peer;
  }

  /** A failed attempt. True when the peer is now `temporarily disabled`. */
  noteFailure(peer: Peer, nowMs: number): boolean {
    return this.isSingle ? false : peer.noteFailure(nowMs);
  }
}

function makeBalancer(plan: BalancePlan, random: () => number): Balancer {
  switch (plan.kind) {
    case "round_robin":
      return new RoundRobin();
    case "least_conn":
      return new LeastConn();
    case "random":
      return new RandomChoice(plan.two, random);
    case "ip_hash":
      return new IpHash();
    case "hash":
      return plan.consistent ? new ConsistentHash() : new KeyHash();
  }
}
