import { assertEquals } from "@std/assert";
import type { Peer } from "../../../../mod/proxy/balance/peer.ts";
import { reasonOf } from "../../../../mod/proxy/control/peer_reason.ts";
import { type CheckView, conditionOf } from "../../../../mod/proxy/control/peer_view.ts";
import { groupOf } from "../balance/groups.ts";

const passed: CheckView = {
  state: { riseCount: 1, fallCount: 0 },
  probes: 3,
  failures: 1,
  unhealthyCount: 1,
  lastPassed: true,
  lastFault: "",
  downSinceMs: 1,
};
const failed = { ...passed, lastPassed: false, lastFault: "the status is 503" };

Deno.test("reasonOf() says why a peer gets no requests, or soon will not", () => {
  const rows: [string, (peer: Peer) => void, CheckView | null, string][] = [
    ["", () => {}, null, ""],
    ["", () => {}, passed, ""],
    ["", () => {}, failed, "last health check failed: the status is 503"],
    [" down", () => {}, null, "down in the configuration"],
    ["", (peer) => peer.change({ down: true }, 0), failed, "taken down by an operator"],
    ["", (peer) => peer.change({ draining: true }, 0), null, "drained by an operator"],
    ["", (peer) => peer.checkDown = true, failed, "health check failed: the status is 503"],
    ["", (peer) => peer.checkDown = true, passed, "health checks pass again, 1 so far"],
    [
      "",
      (peer) => peer.checkDown = true,
      { ...failed, lastFault: "" },
      "failed its health checks before",
    ],
    [
      "",
      (peer) => peer.checkDown = true,
      { ...passed, probes: 0, lastPassed: null },
      "waiting for the first health check",
    ],
    [
      "",
      (peer) => {
        peer.ejectUntil(12_500);
        peer.ejectionReason = "5 errors in a row";
      },
      null,
      "ejected for another 3 s: 5 errors in a row",
    ],
    [
      " max_fails=2 fail_timeout=8",
      (peer) => {
        peer.noteFailure(9000);
        peer.noteFailure(9500);
      },
      null,
      "2 failed requests (max_fails 2), tried again in 8 s",
    ],
    [" max_conns=2", (peer) => peer.active = 2, null, "has its 2 requests of max_conns"],
  ];
  for (const [settings, prepare, check, expected] of rows) {
    const [peer] = groupOf([`10.0.0.1:80${settings}`]).peers;
    prepare(peer);
    assertEquals(reasonOf(peer, conditionOf(peer, check, 10_000), check, 10_000), expected);
  }
});
