import { assertEquals } from "@std/assert";
import { md5Text } from "../../../../mod/proxy/balance/md5.ts";
import type { Peer } from "../../../../mod/proxy/balance/peer.ts";
import { parseSticky } from "../../../../mod/proxy/directives/upstream/sticky_line.ts";
import type { StickyPlan } from "../../../../mod/proxy/plan/upstream_plan.ts";
import { balancePlans, choiceOf, groupOf } from "./groups.ts";

const sticky = parseSticky("cookie srv") as StickyPlan;
const servers = ["10.0.0.1:80 route=a", "10.0.0.2:80 route=b weight=9", "10.0.0.3:80 route=c"];

Deno.test("PeerGroup.choose() prefers a session to every balancer and every weight", () => {
  for (const balance of balancePlans) {
    const group = groupOf(servers, { balance, sticky });
    for (let i = 0; i < 20; i++) {
      const { index } = group.choose(choiceOf({ sid: "c", key: `${i}` }))!;
      assertEquals(index, 2, JSON.stringify(balance));
    }
  }
});

Deno.test("A session whose peer is unusable goes to the balancer's choice", () => {
  const obstacles: readonly (readonly [string, (peer: Peer) => void])[] = [
    ["down", (peer) => peer.change({ down: true }, 0)],
    ["check", (peer) => peer.checkDown = true],
    ["full", (peer) => (peer.change({ connectionsMax: 1 }, 0), peer.active = 1)],
    ["failed", (peer) => peer.noteFailure(1_000_000)],
    ["ejected", (peer) => peer.ejectUntil(1_000_001)],
    ["renamed", (peer) => peer.sid = "z"],
  ];
  for (const balance of balancePlans) {
    for (const [label, apply] of obstacles) {
      const group = groupOf(servers, { balance, sticky });
      apply(group.peers[2]);
      const message = `${JSON.stringify(balance)} ${label}`;
      const chosen = group.choose(choiceOf({ sid: "c" }));
      if (label !== "renamed") assertEquals(chosen?.index === 2, false, message);
      assertEquals(chosen === null, false, message);
      assertEquals(group.choose(choiceOf({ sid: "c", isBound: true })), null, message);
    }
  }
});

Deno.test("A draining peer gets only its sessions", () => {
  for (const balance of balancePlans) {
    const group = groupOf(servers, { balance, sticky });
    group.peers[2].change({ draining: true }, 0);
    for (let i = 0; i < 20; i++) {
      const key = `${i}`;
      assertEquals(group.choose(choiceOf({ sid: "c", key }))?.index, 2);
      assertEquals(group.choose(choiceOf({ key }))?.index === 2, false);
    }
  }
  const single = groupOf(["10.0.0.1:80 route=a drain"], { sticky });
  assertEquals(single.choose(choiceOf({ sid: "a" }))?.index, 0);
  assertEquals(single.choose(choiceOf()), null);
  assertEquals(single.choose(choiceOf({ sid: "b" })), null);
});

Deno.test("A session's peer is tried once per request", () => {
  const group = groupOf(servers, { sticky });
  const tried = new Set([group.peers[2]]);
  assertEquals(group.choose(choiceOf({ sid: "c", tried }))?.index === 2, false);
  assertEquals(group.choose(choiceOf({ sid: "c", tried, isBound: true })), null);
});

Deno.test("A session with a backup applies when no primary is left", () => {
  const backups = ["10.0.0.1:80", "10.0.0.2:80 backup route=b", "10.0.0.3:80 backup route=c"];
  const group = groupOf(backups, { sticky });
  assertEquals(group.choose(choiceOf({ sid: "c" }))?.index, 0);
  group.peers[0].change({ down: true }, 0);
  for (let i = 0; i < 6; i++) assertEquals(group.choose(choiceOf({ sid: "c" }))?.index, 2);
});

Deno.test("Sessions name peers by route, or else by the MD5 of their address", () => {
  const lines = ["127.0.0.1:8081", "[::1]:8082", "unix:/run/a.sock", "127.0.0.1:8083 route=x"];
  const names = (text: string) =>
    groupOf(lines, { sticky: parseSticky(text) as StickyPlan }).peers.map((peer) => peer.sid);
  const hashed = ["127.0.0.1:8081", "[::1]:8082", "unix:/run/a.sock"].map(md5Text);
  assertEquals(names("cookie srv"), [...hashed, "x"]);
  assertEquals(names("insert"), [...hashed, "x"]);
  assertEquals(names("insert hash=plain"), [
    "127.0.0.1:8081",
    "[::1]:8082",
    "unix:/run/a.sock",
    "x",
  ]);
});

Deno.test("PeerGroup.renameSessions() follows an operator's change of a route", () => {
  const group = groupOf(servers, { sticky });
  group.peers[0].change({ route: "new" }, 0);
  group.renameSessions();
  assertEquals(group.choose(choiceOf({ sid: "new" }))?.index, 0);
});
