import { assertEquals } from "@std/assert";
import { AdminApi, type AdminApiParts } from "../../../../mod/proxy/control/admin_api.ts";
import { ChangeLog } from "../../../../mod/proxy/control/change_log.ts";
import { groupOf } from "../balance/groups.ts";

Deno.test("AdminApi.change() resets the passive failures of a server that is set up again", () => {
  const group = groupOf(["10.0.0.1:80 weight=4 max_fails=2", "10.0.0.2:80"]);
  const [peer] = group.peers;
  const changes = new ChangeLog();
  const parts = { groups: [group], changes, nowMs: () => 5000, onChange: () => {}, settled: null };
  const admin = new AdminApi(parts as unknown as AdminApiParts);
  peer.noteFailure(1000);
  peer.noteFailure(1001);
  admin.change(group, peer, { down: true }, "root");
  admin.change(group, peer, { down: false, weight: 4 }, "root");
  admin.change(group, peer, { down: false }, "root");
  assertEquals([peer.fails, peer.effectiveWeight, peer.recoveredMs], [0, 4, 5000]);
  // What changes nothing is not a change.
  assertEquals(changes.records.map(({ who, what }) => `${who}: ${what}`), [
    "root: taken down",
    "root: no longer down",
  ]);
});
