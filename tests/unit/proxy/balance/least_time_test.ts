import { assertEquals } from "@std/assert";
import type { Peer } from "../../../../mod/proxy/balance/peer.ts";
import type { PeerGroup } from "../../../../mod/proxy/balance/peer_group.ts";
import { PeerTimes } from "../../../../mod/proxy/balance/peer_times.ts";
import { choiceOf, groupOf } from "./groups.ts";

function groupBy(until: "header" | "last_byte", inflight: boolean, servers = ["a:1", "b:1"]) {
  return groupOf(servers, { balance: { kind: "least_time", until, inflight } });
}

/** One exchange whose head comes after `headMs` and whose end after `endMs`. */
function exchange(
  group: PeerGroup,
  peer: Peer,
  [headMs, endMs]: readonly [number, number],
  status = 200,
  nowMs = 1_000_000,
): void {
  group.noteSent(peer, nowMs - endMs);
  group.noteAnswer(peer, status, nowMs - endMs, nowMs - endMs + headMs);
  group.noteEnd(peer, status, true, nowMs - endMs, nowMs);
}

function picks(group: PeerGroup, count: number, nowMs = 1_000_000): string {
  return Array.from({ length: count }, () => group.choose(choiceOf({ nowMs }))!.index).join("");
}

Deno.test("PeerTimes moves its average by a twentieth of the difference", () => {
  const times = new PeerTimes();
  times.begin(0);
  times.end(0, 100, true);
  assertEquals(times.averageMs(100, 0), 100);
  times.begin(100);
  times.end(100, 500, true);
  assertEquals(times.averageMs(500, 0), 115);
  // A failure says nothing about the peer's speed.
  times.begin(500);
  times.end(500, 501, false);
  assertEquals(times.averageMs(501, 0), 115);
});

Deno.test("PeerTimes halves its average for each period without a response", () => {
  const times = new PeerTimes();
  times.begin(0);
  times.end(0, 800, true);
  assertEquals(
    [800, 10_799, 10_800, 20_800, 30_800].map((at) => times.averageMs(at, 10_000)),
    [800, 800, 400, 200, 100],
  );
});

Deno.test("PeerTimes.waitingMs() is the mean age of the pending requests", () => {
  const times = new PeerTimes();
  assertEquals(times.waitingMs(1000), 0);
  times.begin(1000);
  times.begin(1200);
  assertEquals(times.waitingMs(1300), 200);
  times.end(1000, 1300, true);
  assertEquals(times.waitingMs(1300), 100);
});

Deno.test("LeastTime header and last_byte choose by the time that each is named after", () => {
  for (const [until, expected] of [["header", "0000"], ["last_byte", "1111"]] as const) {
    const group = groupBy(until, false);
    exchange(group, group.peers[0], [10, 900]);
    exchange(group, group.peers[1], [100, 300]);
    assertEquals(picks(group, 4), expected, until);
  }
});

Deno.test("LeastTime treats peers within 20 ms as equal and rotates among them by weight", () => {
  const group = groupBy("header", false, ["a:1 weight=2", "b:1"]);
  exchange(group, group.peers[0], [3, 3]);
  exchange(group, group.peers[1], [3, 3]);
  assertEquals(picks(group, 3), "000");
  // Twice the weight may have twice the work.
  group.peers[0].active = 1;
  assertEquals(picks(group, 6).split("").sort().join(""), "000011");
});

Deno.test("LeastTime counts the requests already pending at a peer", () => {
  const group = groupBy("header", false);
  exchange(group, group.peers[0], [30, 30]);
  exchange(group, group.peers[1], [70, 70]);
  assertEquals(picks(group, 2), "00");
  group.peers[0].active = 2;
  assertEquals(picks(group, 2), "11");
});

Deno.test("LeastTime treats peers beyond 5 s as equally slow and chooses the least busy one", () => {
  const group = groupBy("header", false);
  exchange(group, group.peers[0], [6000, 6000]);
  exchange(group, group.peers[1], [60_000, 60_000]);
  group.peers[0].active = 1;
  assertEquals(picks(group, 2), "11");
});

Deno.test("LeastTime with inflight sees a peer that has stopped answering", () => {
  for (const [inflight, expected] of [[false, "0"], [true, "1"]] as const) {
    const group = groupBy("header", inflight);
    exchange(group, group.peers[0], [10, 10]);
    exchange(group, group.peers[1], [300, 300]);
    group.noteSent(group.peers[0], 1_000_000);
    // One pending request turns 10 ms into 20 x 2, and its age turns that into a second.
    assertEquals(picks(group, 1, 1_001_000), expected);
  }
});

Deno.test("LeastTime gives a peer another chance after its fail_timeout", () => {
  const group = groupBy("header", false);
  exchange(group, group.peers[0], [30, 30]);
  exchange(group, group.peers[1], [90, 90]);
  assertEquals(picks(group, 1), "0");
  exchange(group, group.peers[0], [30, 30], 200, 1_030_000);
  assertEquals(picks(group, 1, 1_030_000), "1");
});

Deno.test("LeastTime does not mistake quick errors for speed", () => {
  const group = groupBy("header", false);
  exchange(group, group.peers[0], [100, 100]);
  exchange(group, group.peers[1], [200, 200]);
  for (let i = 0; i < 100; i++) exchange(group, group.peers[1], [1, 1], 500);
  assertEquals(picks(group, 2), "00");
  assertEquals(group.peers.map((peer) => peer.active), [0, 0]);
});
