/** The peers of one upstream: primaries first, backups when no primary can be chosen. */
import { formatAddress } from "../../base/address.ts";
import { Http2Counters } from "../../conn/exchange/http2_counters.ts";
import type { BalancePlan, UpstreamPlan } from "../plan/plan.ts";
import type { StickyPlan } from "../plan/upstream_plan.ts";
import { type Balancer, type Choice, isSessionCandidate } from "./balancer.ts";
import { ConsistentHash, IpHash, KeyHash } from "./hash.ts";
import { Candidates } from "./candidates.ts";
import { activeLoad } from "./least_conn.ts";
import { TimeLoad } from "./least_time.ts";
import { md5Text } from "./md5.ts";
import { OutlierDetector, type OutlierParts } from "./outlier_detector.ts";
import { Peer } from "./peer.ts";
import { PeerTimes } from "./peer_times.ts";
import { RandomChoice } from "./random.ts";
import { RetryBudget } from "./retry_budget.ts";
import { evenLoad } from "./round_robin.ts";

const noPeers: readonly Peer[] = [];

export class PeerGroup {
  readonly plan: UpstreamPlan;
  #peers: readonly Peer[] = [];
  #lastId = -1;
  #primaries: readonly Peer[] = [];
  #backups: readonly Peer[] = [];
  /** The peers by their names in sessions, primaries first; empty without `sticky`. */
  readonly #bySession = new Map<string, Peer[]>();
  readonly #balancer: Balancer;
  readonly #backupBalancer: Balancer;
  readonly #budget: RetryBudget | null;
  #outliers: OutlierDetector | null = null;
  /** What `least_time` measures; null for other balancers, even if an earlier plan measured times. */
  readonly #until: "header" | "last_byte" | null;
  /** Attempts after the first of a request, and those refused by the retry budget. */
  retries = 0;
  retriesDenied = 0;
  /** What happens on HTTP/2 connections to the peers; the next plan's group shares it. */
  http2 = new Http2Counters();

  constructor(plan: UpstreamPlan, random: () => number = Math.random) {
    this.plan = plan;
    this.#balancer = makeBalancer(plan.balance, random);
    this.#backupBalancer = makeBalancer(plan.balance, random);
    this.#until = plan.balance.kind === "least_time" ? plan.balance.until : null;
    this.#budget = plan.retryBudget ? new RetryBudget(plan.retryBudget) : null;
    this.replace(plan.peers.map((peer, index) => new Peer(peer, index)));
  }

  get peers(): readonly Peer[] {
    return this.#peers;
  }

  /** Passive failures of a group's only server are ignored: there is no other peer to try. */
  get isSingle(): boolean {
    return this.#peers.length === 1;
  }

  /** Replaces the list of peers; takes effect with the next choice. */
  replace(peers: readonly Peer[]): void {
    this.#peers = peers;
    for (const { index } of peers) this.#lastId = Math.max(this.#lastId, index);
    this.#primaries = peers.filter((peer) => !peer.plan.backup);
    this.#backups = peers.filter((peer) => peer.plan.backup);
    this.renameSessions();
    if (this.#until === null) return;
    for (const peer of peers) peer.times ??= new PeerTimes();
  }

  /** An id for a new peer that no other peer has had. */
  takeId(): number {
    return ++this.#lastId;
  }

  /** Starts outlier ejection if the plan enables it. */
  watchOutliers(parts: OutlierParts): void {
    const { outlier } = this.plan;
    if (outlier !== null) this.#outliers = new OutlierDetector(outlier, this, parts);
  }

  /** Sets the peers' names in sessions; must be called when a route has changed. */
  renameSessions(): void {
    const { sticky } = this.plan;
    if (!sticky) return;
    this.#bySession.clear();
    for (const peer of this.#peers) peer.sid = sessionName(peer, sticky);
    for (const peer of [...this.#primaries, ...this.#backups]) {
      const known = this.#bySession.get(peer.sid);
      if (known === undefined) this.#bySession.set(peer.sid, [peer]);
      else known.push(peer);
    }
  }

  /** Chooses a peer for a request, or null: `no live upstreams`. */
  choose(choice: Choice): Peer | null {
    if (this.#peers.length === 1) return this.#chooseOnly(choice);
    let peer = this.#chooseAmong(this.#primaries, this.#balancer, choice);
    if (peer === null && this.#backups.length > 0) {
      peer = this.#chooseAmong(this.#backups, this.#backupBalancer, choice);
    }
    if (peer !== null) peer.noteChosen(choice.nowMs);
    return peer;
  }

  /** The peer of the client's session, or one chosen by the balancer. */
  #chooseAmong(peers: readonly Peer[], balancer: Balancer, choice: Choice): Peer | null {
    if (choice.sid === "") return balancer.choose(peers, choice);
    for (const peer of this.#bySession.get(choice.sid) ?? noPeers) {
      // Primaries and backups are asked one after the other.
      if (peer.plan.backup !== (peers === this.#backups) || peer.sid !== choice.sid) continue;
      if (isSessionCandidate(peer, choice)) return peer;
    }
    return choice.isBound ? null : balancer.choose(peers, choice);
  }

  #chooseOnly(choice: Choice): Peer | null {
    const peer = this.#peers[0];
    if (choice.tried !== null && choice.tried.has(peer)) return null;
    const isOwn = choice.sid === peer.sid;
    if (choice.isBound && choice.sid !== "" && !isOwn) return null;
    if (peer.draining && (choice.sid === "" || !isOwn)) return null;
    return peer.down || peer.checkDown || peer.isFull || peer.isUnknown ? null : peer;
  }

  /** Records a request for this group. */
  noteRequest(nowMs: number): void {
    this.#budget?.noteRequest(nowMs);
  }

  /** Takes one retry from the budget, if the upstream has one; false when none is left. */
  takeRetry(nowMs: number): boolean {
    if (this.#budget === null || this.#budget.take(nowMs)) return true;
    this.retriesDenied++;
    return false;
  }

  /** Records the start of an attempt. */
  noteSent(peer: Peer, nowMs: number): void {
    peer.active++;
    peer.requests++;
    if (this.#until !== null) peer.times!.begin(nowMs);
  }

  /** Records the response head of an attempt sent at `sentMs`. */
  noteAnswer(peer: Peer, status: number, sentMs: number, nowMs: number): void {
    this.#outliers?.noteAnswer(peer, status, nowMs - sentMs);
    if (this.#until !== "header") return;
    peer.times!.end(sentMs, nowMs, status < 500);
    peer.noteChanged();
  }

  /** Records the end of an attempt; `status` is the response's, 0 without a complete response. */
  noteEnd(peer: Peer, status: number, hadHead: boolean, sentMs: number, nowMs: number): void {
    peer.active--;
    if (this.#until === null || (hadHead && this.#until === "header")) return;
    peer.times!.end(sentMs, nowMs, status > 0 && status < 500);
  }

  /** Records a failed attempt. True when the peer is now `temporarily disabled`. */
  noteFailure(peer: Peer, nowMs: number): boolean {
    return this.isSingle ? false : peer.noteFailure(nowMs);
  }

  /** Records an attempt without a complete response. */
  noteError(peer: Peer): void {
    this.#outliers?.noteError(peer);
  }

  /** Decides on a worker's report that a peer is an outlier. */
  eject(peer: Peer, reason: string): void {
    this.#outliers?.eject(peer, reason);
  }
}

/**
 * Identifies a peer in cookies: its `route`, or the MD5 of its address or of its name and port,
 * which is the same in every worker and generation (nginx, Tengine).
 */
function sessionName(peer: Peer, sticky: StickyPlan): string {
  if (peer.route !== "") return peer.route;
  if (sticky.kind === "session" && sticky.hash === "plain") return peer.name;
  const { address } = peer.plan;
  const text = formatAddress(address);
  return md5Text(address.kind === "unix" ? `unix:${text}` : text);
}

function makeBalancer(plan: BalancePlan, random: () => number): Balancer {
  switch (plan.kind) {
    case "round_robin":
      return new Candidates(evenLoad);
    case "least_conn":
      return new Candidates(activeLoad);
    case "least_time":
      return new Candidates(new TimeLoad(plan.inflight));
    case "random":
      return new RandomChoice(plan.two, random);
    case "ip_hash":
      return new IpHash();
    case "hash":
      return plan.consistent ? new ConsistentHash() : new KeyHash();
  }
}
