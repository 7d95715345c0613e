import { assertEquals } from "@std/assert";
import type { OutlierParts } from "../../../../mod/proxy/balance/outlier_detector.ts";
import type { PeerGroup } from "../../../../mod/proxy/balance/peer_group.ts";
import { outlierDefaults } from "../../../../mod/proxy/plan/upstream_defaults.ts";
import type { OutlierPlan } from "../../../../mod/proxy/plan/upstream_plan.ts";
import { balancePlans, choiceOf, groupOf } from "./groups.ts";

/** A watched group with a clock that tests advance. */
class Watched {
  nowMs = 1000;
  readonly lines: string[] = [];
  readonly asked: string[] = [];
  readonly group: PeerGroup;
  #timers: { atMs: number; callback: () => void }[] = [];

  constructor(plan: Partial<OutlierPlan>, peers = 4, changes = {}, isWorker = false) {
    const servers = Array.from({ length: peers }, (_, index) => `s${index}:80`);
    this.group = groupOf(servers, { outlier: { ...outlierDefaults, ...plan }, ...changes });
    const parts: OutlierParts = {
      nowMs: () => this.nowMs,
      setTimer: (delayMs, callback) => this.#timers.push({ atMs: this.nowMs + delayMs, callback }),
      log: (line) => this.lines.push(`${this.nowMs} ${line.replace("upstream app: server ", "")}`),
      onEjected: () => {},
      ask: isWorker ? (peer, reason) => this.asked.push(`${peer.name} ${reason}`) : null,
    };
    this.group.watchOutliers(parts);
  }

  to(nowMs: number): void {
    const due = this.#timers.filter(({ atMs }) => atMs <= nowMs);
    this.#timers = this.#timers.filter(({ atMs }) => atMs > nowMs);
    for (const { atMs, callback } of due) {
      this.nowMs = atMs;
      callback();
    }
    this.nowMs = nowMs;
  }

  answer(index: number, count: number, status = 200, headerMs = 10): void {
    for (let i = 0; i < count; i++) {
      const peer = this.group.peers[index];
      this.group.noteAnswer(peer, status, this.nowMs - headerMs, this.nowMs);
    }
  }

  out(): string {
    return this.group.peers.filter((peer) => peer.isEjected(this.nowMs)).map((p) => p.index).join();
  }
}

Deno.test("Consecutive errors eject a peer at once, and it returns when its ejection ends", () => {
  const watched = new Watched({ consecutiveErrors: 3 });
  watched.answer(1, 2, 503);
  watched.answer(1, 1);
  watched.answer(1, 2, 500);
  assertEquals(watched.out(), "");
  watched.group.noteError(watched.group.peers[1]);
  assertEquals(watched.out(), "1");
  watched.to(30_999);
  assertEquals(watched.out(), "1");
  watched.to(31_000);
  assertEquals(watched.out(), "");
  assertEquals(watched.lines, [
    "1000 s1:80 ejected for 30s: 3 errors in a row",
    "31000 s1:80 is back after 30s",
  ]);
  assertEquals(watched.group.peers[1].ejections, 1);
});

Deno.test("Each further ejection is longer, up to ten times; quiet intervals shorten it again", () => {
  const watched = new Watched({ consecutiveErrors: 1, baseEjectionMs: 10_000 });
  const durations: number[] = [];
  for (let i = 0; i < 12; i++) {
    watched.group.noteError(watched.group.peers[0]);
    durations.push((watched.group.peers[0].ejectedUntilMs - watched.nowMs) / 1000);
    watched.to(watched.group.peers[0].ejectedUntilMs);
  }
  assertEquals(durations.slice(0, 4), [10, 20, 30, 40]);
  assertEquals(durations.slice(-2), [100, 100]);
  // Ten intervals without an ejection, each ended by the traffic that follows.
  for (let i = 0; i < 12; i++) {
    watched.to(watched.nowMs + 10_000);
    watched.answer(0, 1);
  }
  watched.group.noteError(watched.group.peers[0]);
  assertEquals(watched.group.peers[0].ejectedUntilMs - watched.nowMs, 10_000);
});

Deno.test("The error rate is judged at the end of an interval, and only with enough requests", () => {
  const watched = new Watched({ errorShare: 0.5, attemptsMin: 10 });
  watched.answer(0, 5);
  watched.answer(0, 5, 502);
  watched.answer(1, 2, 502);
  watched.answer(2, 6);
  watched.answer(2, 5, 502);
  assertEquals(watched.out(), "");
  watched.to(11_000);
  watched.answer(3, 1);
  assertEquals(watched.out(), "0");
  assertEquals(watched.lines, ["11000 s0:80 ejected for 30s: error rate 50% of 10 requests"]);
  // The counts of an interval do not affect the next one.
  watched.to(21_000);
  watched.answer(3, 1);
  assertEquals(watched.lines.length, 1);
});

Deno.test("A peer's latency is compared with the median of the others", () => {
  const watched = new Watched({ latencyFactor: 3 });
  watched.answer(0, 10, 200, 20);
  watched.answer(1, 10, 200, 40);
  watched.answer(2, 10, 200, 30);
  watched.answer(3, 10, 200, 89);
  watched.to(11_000);
  watched.answer(3, 10, 200, 90);
  assertEquals(watched.out(), "");
  for (const [index, ms] of [20, 40, 30].entries()) watched.answer(index, 10, 200, ms);
  watched.to(21_000);
  watched.answer(0, 1);
  assertEquals(watched.lines, [
    "21000 s3:80 ejected for 30s: latency 90ms, the others' median is 30ms",
  ]);
});

Deno.test("The median of an even number of others lies between the two in the middle", () => {
  for (const [ms, out] of [[104, ""], [105, "4"]] as const) {
    const watched = new Watched({ latencyFactor: 3 }, 5);
    for (const [index, mean] of [20, 40, 30, 50, ms].entries()) {
      watched.answer(index, 10, 200, mean);
    }
    watched.to(11_000);
    watched.answer(0, 1);
    assertEquals(watched.out(), out);
  }
});

Deno.test("Latencies of a few milliseconds, or with no other peer to compare, eject no peer", () => {
  const watched = new Watched({ latencyFactor: 3 }, 2);
  watched.answer(0, 50, 200, 1);
  watched.answer(1, 50, 200, 5);
  watched.to(11_000);
  watched.answer(1, 50, 200, 5000);
  watched.to(21_000);
  watched.answer(0, 1);
  assertEquals(watched.lines, []);
});

Deno.test("At most max_ejected are out, which is logged once per interval", () => {
  const watched = new Watched({ consecutiveErrors: 2 });
  for (let index = 0; index < 4; index++) watched.answer(index, 4, 500);
  assertEquals(watched.out(), "0,1");
  assertEquals(watched.lines.slice(2), [
    "1000 s2:80 not ejected, 2 of 4 are out: 2 errors in a row",
  ]);
  const pair = new Watched({ consecutiveErrors: 1, ejectedShareMax: 0.49 }, 2);
  pair.answer(0, 1, 500);
  assertEquals(pair.out(), "");
  const single = new Watched({ consecutiveErrors: 1 }, 1);
  single.answer(0, 9, 500);
  assertEquals(single.out(), "");
});

Deno.test("No balancer chooses an ejected peer, and each one does after its return", () => {
  for (const balance of balancePlans) {
    const watched = new Watched({ consecutiveErrors: 1 }, 3, { balance });
    watched.answer(1, 1, 500);
    const chosen = (nowMs: number) =>
      Array.from({ length: 60 }, (_, i) =>
        watched.group.choose(choiceOf({
          nowMs,
          key: `k${i}`,
          address: new Uint8Array([10, i, 3 * i, 1]),
        }))!.index);
    assertEquals(chosen(1001).includes(1), false, JSON.stringify(balance));
    watched.to(31_000);
    assertEquals(chosen(31_000).includes(1), true, JSON.stringify(balance));
  }
});

Deno.test("A worker leaves the decision to its master and requests it once a second", () => {
  const watched = new Watched({ consecutiveErrors: 2 }, 4, {}, true);
  watched.answer(1, 9, 500);
  assertEquals(watched.out(), "");
  assertEquals(watched.asked, ["s1:80 2 errors in a row"]);
  watched.to(2000);
  watched.answer(1, 2, 500);
  assertEquals(watched.asked.length, 2);
});

Deno.test("A returning peer with slow_start grows to its weight", () => {
  const watched = new Watched({ consecutiveErrors: 1 }, 2);
  const [peer] = watched.group.peers;
  peer.change({ slowStartMs: 10_000 }, 0);
  watched.answer(0, 1, 500);
  watched.to(31_000);
  assertEquals(peer.weightAt(31_000), 0.01);
  assertEquals(peer.weightAt(36_000), 0.5);
  assertEquals(peer.weightAt(41_000), 1);
});
