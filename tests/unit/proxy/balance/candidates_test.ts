/** Choices beside those of a plain scan over all peers, while peers change in every way. */
import { assertEquals } from "@std/assert";
import type { Choice } from "../../../../mod/proxy/balance/balancer.ts";
import type { Peer } from "../../../../mod/proxy/balance/peer.ts";
import type { PeerGroup } from "../../../../mod/proxy/balance/peer_group.ts";
import type { BalancePlan } from "../../../../mod/proxy/plan/plan.ts";
import { Random } from "../../../fuzz/random.ts";
import { choiceOf, groupOf } from "./groups.ts";

/** nginx's smooth weighted round robin, among the peers of the least load. */
class Scan {
  readonly loadOf: (peer: Peer, nowMs: number) => number;
  readonly #current = new Map<Peer, number>();

  constructor(loadOf: (peer: Peer, nowMs: number) => number) {
    this.loadOf = loadOf;
  }

  choose(peers: readonly Peer[], { nowMs, tried }: Choice): Peer | null {
    const able = peers.filter((peer) => !tried?.has(peer) && peer.isUsable(nowMs));
    const least = Math.min(...able.map((peer) => this.loadOf(peer, nowMs)));
    let best: Peer | null = null;
    let total = 0;
    for (const peer of able.filter((one) => this.loadOf(one, nowMs) === least)) {
      const weight = peer.weightAt(nowMs);
      total += weight;
      this.#current.set(peer, this.#currentOf(peer) + weight);
      if (best === null || this.#currentOf(peer) > this.#currentOf(best)) best = peer;
    }
    if (best !== null) this.#current.set(best, this.#currentOf(best) - total);
    return best;
  }

  #currentOf(peer: Peer): number {
    return this.#current.get(peer) ?? 0;
  }
}

interface Exchange {
  readonly peer: Peer;
  readonly sentMs: number;
}

/** A group in use: requests, failures, operators and health checks at random. */
class Traffic {
  nowMs = 1_000_000;
  readonly #group: PeerGroup;
  readonly #random: Random;
  readonly #exchanges: Exchange[] = [];
  readonly #removed: Peer[] = [];

  constructor(group: PeerGroup, random: Random) {
    this.#group = group;
    this.#random = random;
  }

  /** Inputs of the next choice. */
  choice(): Choice {
    this.nowMs += this.#random.below(3);
    const isRetry = this.#random.below(6) === 0;
    const tried = isRetry ? new Set([this.#peer(), this.#peer()]) : null;
    return choiceOf({ nowMs: this.nowMs, tried });
  }

  /** An attempt at the chosen peer, and what else happens until the next choice. */
  use(chosen: Peer | null): void {
    if (chosen !== null && this.#random.below(3) > 0) {
      this.#group.noteSent(chosen, this.nowMs);
      this.#exchanges.push({ peer: chosen, sentMs: this.nowMs });
    }
    if (this.#exchanges.length > 0 && this.#random.below(2) === 0) this.#end();
    if (this.#random.below(10) === 0) this.#change();
    if (this.#random.below(200) === 0) this.nowMs += this.#random.below(20_000);
  }

  #peer(): Peer {
    const { peers } = this.#group;
    return peers[this.#random.below(peers.length)];
  }

  #end(): void {
    const [{ peer, sentMs }] = this.#exchanges.splice(
      this.#random.below(this.#exchanges.length),
      1,
    );
    this.nowMs += this.#random.below(40);
    const status = this.#random.below(4) === 0 ? 503 : 200;
    this.#group.noteAnswer(peer, status, sentMs, this.nowMs);
    this.#group.noteEnd(peer, status, true, sentMs, this.nowMs);
    if (status === 503) this.#group.noteFailure(peer, this.nowMs);
    else peer.noteSuccess(this.nowMs);
  }

  #change(): void {
    const peer = this.#peer();
    const { nowMs } = this;
    switch (this.#random.below(8)) {
      case 0:
        return peer.change({ down: !peer.down }, nowMs);
      case 1:
        return peer.change({ draining: !peer.draining }, nowMs);
      case 2:
        return peer.change({ weight: 1 + this.#random.below(4) }, nowMs);
      case 3:
        return peer.change({ connectionsMax: this.#random.below(4) }, nowMs);
      case 4:
        peer.checkDown = !peer.checkDown;
        return peer.checkDown ? undefined : peer.comeBack(nowMs);
      case 5:
        return peer.ejectUntil(nowMs + this.#random.below(50));
      case 6:
        return peer.endEjection();
      default:
        return this.#swap();
    }
  }

  /** Takes a peer off the list, or puts one back at its end. */
  #swap(): void {
    const { peers } = this.#group;
    if (this.#removed.length > 0) this.#group.replace([...peers, this.#removed.pop()!]);
    else {
      const peer = this.#peer();
      this.#removed.push(peer);
      this.#group.replace(peers.filter((other) => other !== peer));
    }
  }
}

const even = () => 0;
const active = (peer: Peer) => peer.active / peer.weight;

/** nginx's least_time as it is documented. */
function timeLoad(inflight: boolean) {
  return ({ times, failTimeoutMs, active, weight }: Peer, nowMs: number) => {
    const averageMs = times!.averageMs(nowMs, failTimeoutMs);
    const ms = inflight ? Math.max(averageMs, times!.waitingMs(nowMs)) : averageMs;
    return Math.min(20 * Math.floor(ms / 20) + 20, 5000) * (1 + active) / weight;
  };
}

const balances: readonly (readonly [BalancePlan, Scan["loadOf"]])[] = [
  [{ kind: "round_robin" }, even],
  [{ kind: "least_conn" }, active],
  [{ kind: "least_time", until: "header", inflight: false }, timeLoad(false)],
  [{ kind: "least_time", until: "last_byte", inflight: true }, timeLoad(true)],
];

const servers = [
  "10.0.0.1:80",
  "10.0.0.2:80 weight=5 max_fails=2 fail_timeout=1s",
  "10.0.0.3:80 weight=3",
  "10.0.0.4:80 weight=100 max_fails=0 slow_start=3s",
  "10.0.0.5:80 weight=200 max_fails=0 slow_start=10s",
  "10.0.0.6:80 max_conns=2 fail_timeout=100ms",
  "10.0.0.7:80 weight=3 max_fails=3",
  "10.0.0.8:80",
];

Deno.test("Candidates chooses what a scan over all peers would", () => {
  for (const [balance, loadOf] of balances) {
    for (let seed = 1; seed <= 20; seed++) {
      const group = groupOf(servers, { balance });
      const traffic = new Traffic(group, new Random(seed));
      const scan = new Scan(loadOf);
      for (let step = 0; step < 1000; step++) {
        const choice = traffic.choice();
        const expected = scan.choose(group.peers, choice);
        const chosen = group.choose(choice);
        const label = `${JSON.stringify(balance)} seed ${seed} step ${step}`;
        assertEquals(chosen?.name, expected?.name, label);
        traffic.use(chosen);
      }
    }
  }
});

Deno.test("Groups that share peers, as during a reload, all see what happens to them", () => {
  const [old, next] = [groupOf(servers.slice(0, 3)), groupOf(servers.slice(0, 3))];
  const others = (group: PeerGroup) =>
    new Set(Array.from({ length: 12 }, () => group.choose(choiceOf())!.name));
  assertEquals(others(old).size, 3);
  next.replace(old.peers);
  assertEquals(others(next).size, 3);
  old.peers[1].checkDown = true;
  assertEquals([others(next).size, others(old).size], [2, 2]);
  old.peers[1].checkDown = false;
  assertEquals([others(old).size, others(next).size], [3, 3]);
});

Deno.test("Many peers that differ in weight are chosen in proportion to it", () => {
  const lines = Array.from(
    { length: 300 },
    (_, i) => `10.0.${i >> 8}.${i & 255}:80 weight=${i + 1}`,
  );
  const group = groupOf(lines);
  const counts = new Map<number, number>();
  const total = 300 * 301 / 2;
  for (let i = 0; i < total; i++) {
    const { index } = group.choose(choiceOf())!;
    counts.set(index, (counts.get(index) ?? 0) + 1);
  }
  assertEquals([...counts].every(([index, count]) => count === index + 1), true);
});
