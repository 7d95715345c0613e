import { assertEquals } from "@std/assert";
import { parseSticky } from "../../../../mod/proxy/directives/upstream/sticky_line.ts";
import type { StickyPlan } from "../../../../mod/proxy/plan/upstream_plan.ts";
import {
  applyEjections,
  applyState,
  ejectionsOf,
  peerStateOf,
} from "../../../../mod/proxy/balance/peer_state.ts";
import { choiceOf, groupOf } from "./groups.ts";

const servers = ["10.0.0.1:80 route=a", "10.0.0.2:80 route=b"];
const sticky = parseSticky("cookie id") as StickyPlan;

Deno.test("Workers adopt routes that an operator has changed", () => {
  const master = groupOf(servers, { sticky });
  const worker = groupOf(servers, { sticky });
  master.peers[1].change({ route: "new" }, 0);
  applyState(worker, JSON.parse(JSON.stringify(master.peers.map(peerStateOf))), 1000);
  assertEquals(worker.choose(choiceOf({ sid: "new" }))?.index, 1);
});

Deno.test("A state file of an earlier version, without routes, keeps the servers' routes", () => {
  const group = groupOf(servers, { sticky });
  const states = group.peers.map(peerStateOf).map(({ route: _, ...state }) => state);
  applyState(group, states, 1000);
  assertEquals(group.peers.map((peer) => peer.sid), ["a", "b"]);
});

Deno.test("Workers get the remaining time of ejections and end them with the master", () => {
  const master = groupOf(servers);
  const worker = groupOf(servers);
  master.peers[0].ejectUntil(31_000);
  const ejections = ejectionsOf([master], 11_000);
  assertEquals(ejections, [{ upstream: "app", id: 0, forMs: 20_000 }]);
  // The clocks of two processes need not agree.
  applyEjections([worker], ejections, 500_000);
  assertEquals(worker.peers[0].isEjected(519_999), true);
  assertEquals(worker.peers[0].isEjected(520_000), false);
  applyEjections([worker], ejectionsOf([master], 31_000), 510_000);
  assertEquals(worker.peers[0].isEjected(510_000), false);
});

Deno.test("A peer that the next plan keeps retains its ejection and its counters", () => {
  const [old] = groupOf(servers).peers;
  const [next] = groupOf(servers).peers;
  old.ejectUntil(31_000);
  old.ejections = 3;
  next.continueFrom(old);
  assertEquals([next.isEjected(30_999), next.isEjected(31_000), next.ejections], [true, false, 3]);
});
