import { assertEquals, assertNotStrictEquals, assertStrictEquals } from "@std/assert";
import { PeerGroup } from "../../../../mod/proxy/balance/peer_group.ts";
import { handOver } from "../../../../mod/proxy/control/handover.ts";
import { checkDefaults } from "../../../../mod/proxy/directives/upstream/check_line.ts";
import { CheckedPeer, Checker, type CheckerParts } from "../../../../mod/proxy/health/checker.ts";
import { groupOf } from "../balance/groups.ts";

const parts = {
  transport: { probe: () => () => {} },
  setTimer: () => 0,
  clearTimer: () => {},
  nowMs: () => 0,
  random: () => 0,
  log: () => {},
} as unknown as CheckerParts;

function keeper(servers: readonly string[], check: Partial<typeof checkDefaults> | null = null) {
  const group = groupOf(servers, {
    check: check === null ? null : { ...checkDefaults, ...check },
  });
  return {
    group,
    groups: [group],
    checker: new Checker([group], parts),
    changed: new Set<string>(),
  };
}

type Keeper = ReturnType<typeof keeper>;

function follow(next: Keeper, former: Keeper): void {
  const watch = (group: PeerGroup, peer: PeerGroup["peers"][number]) =>
    next.checker.adopt(group, peer);
  handOver(next, former, 1000, watch);
}

const [a, b] = ["10.0.0.1:80", "10.0.0.2:80"];

Deno.test("handOver() keeps unchanged peers, and the counters of changed ones", () => {
  const former = keeper([a, b]);
  for (const [index, peer] of former.group.peers.entries()) peer.requests = 10 + index;
  former.group.peers[0].active = 3;
  const next = keeper([a, `${b} weight=5`, "10.0.0.3:80"]);
  follow(next, former);
  const [first, second, third] = next.group.peers;
  assertStrictEquals(first, former.group.peers[0]);
  assertNotStrictEquals(second, former.group.peers[1]);
  assertEquals([second.weight, second.requests, third.requests], [5, 11, 0]);
  former.group.peers[1].requests = 20;
  follow(next, former);
  assertEquals(next.group.peers[1].requests, 20);
});

Deno.test("handOver() keeps an operator's servers and later changes, regardless of the file", () => {
  const former = keeper([a, b]);
  former.changed.add("app");
  former.group.replace([former.group.peers[1]]);
  former.group.peers[0].change({ down: true }, 0);
  const next = keeper([a, b, "10.0.0.3:80"]);
  follow(next, former);
  assertEquals(next.group.peers.map((peer) => [peer.name, peer.down]), [[b, true]]);
  assertEquals([...next.changed], ["app"]);
  former.group.replace([...former.group.peers, groupOf([a]).peers[0]]);
  follow(next, former);
  assertEquals(next.group.peers.map((peer) => peer.name), [b, a]);
});

Deno.test("handOver() keeps health under the same check and discards it under another", () => {
  const check = { rise: 2, fall: 3, defaultDown: true };
  const former = keeper([a, b], check);
  const [up, down] = former.checker.peers;
  up.state.isDown = up.peer.checkDown = false;
  up.probes = down.probes = 7;
  const same = keeper([a, b], check);
  follow(same, former);
  assertEquals(same.group.peers.map((peer) => peer.checkDown), [false, true]);
  assertEquals(same.checker.peers.map((one) => [one.probes, one.isRestored]), [[7, true], [
    7,
    true,
  ]]);
  const other = keeper([a, b], { ...check, rise: 5 });
  follow(other, former);
  assertEquals(other.group.peers.map((peer) => peer.checkDown), [true, true]);
  // Users of the peer under the previous plan are not affected.
  assertEquals(former.group.peers.map((peer) => peer.checkDown), [false, true]);
});

Deno.test("handOver() computes the key of each checked peer once, for any number of peers", () => {
  const servers = Array.from({ length: 200 }, (_, index) => `127.0.0.1:${1000 + index}`);
  const former = keeper(servers, { type: "http" });
  const next = keeper(servers, { type: "http" });
  const key = Object.getOwnPropertyDescriptor(CheckedPeer.prototype, "key")!;
  let readCount = 0;
  Object.defineProperty(CheckedPeer.prototype, "key", {
    ...key,
    get() {
      readCount++;
      return key.get!.call(this);
    },
  });
  try {
    handOver(next, former, 0, (group, peer) => next.checker.adopt(group, peer));
  } finally {
    Object.defineProperty(CheckedPeer.prototype, "key", key);
  }
  assertEquals(readCount, 400);
});
