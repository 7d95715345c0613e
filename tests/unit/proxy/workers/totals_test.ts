import { assertEquals } from "@std/assert";
import { EngineMetrics } from "../../../../mod/proxy/engine/records/engine_metrics.ts";
import { CountersReporter } from "../../../../mod/proxy/workers/counters_reporter.ts";
import type { PeerGroup } from "../../../../mod/proxy/balance/peer_group.ts";
import { reasonOf } from "../../../../mod/proxy/control/peer_reason.ts";
import { conditionOf } from "../../../../mod/proxy/control/peer_view.ts";
import { unreadyUpstream } from "../../../../mod/proxy/control/readiness.ts";
import { WorkerTotals } from "../../../../mod/proxy/workers/totals.ts";
import { groupOf } from "../balance/groups.ts";

function reporterOf(metrics: EngineMetrics, groups: readonly PeerGroup[]): CountersReporter {
  return new CountersReporter({
    ...{ metrics, groups, connections: () => 3, idleCount: () => 2 },
    nowMs: () => 1000,
  });
}

/** The report of a worker with these request counts for each server. */
function reportOf(servers: readonly string[], requests: readonly number[]) {
  const group = groupOf(servers);
  const metrics = new EngineMetrics();
  group.peers.forEach((peer, index) => {
    peer.requests = requests[index];
    peer.active = 1;
    peer.responses[2] = requests[index];
    peer.tally.noteEnd(200, 5, 10, 20);
    peer.tally.noteStatus(200);
  });
  metrics.clientAborts = requests[0];
  return JSON.parse(JSON.stringify(reporterOf(metrics, [group]).next()));
}

Deno.test("WorkerTotals keeps the counters of exited workers and drops their gauges", () => {
  const totals = new WorkerTotals();
  const group = groupOf(["10.0.0.1:80", "10.0.0.2:80"]);
  const metrics = new EngineMetrics();
  for (let pid = 1; pid <= 5; pid++) {
    totals.take(pid, reportOf(["10.0.0.1:80", "10.0.0.2:80"], [10, 1]), 0);
    if (pid < 5) totals.forget(pid);
  }
  totals.writeTo(metrics, [group], []);
  assertEquals(metrics.clientAborts, 50);
  assertEquals(group.peers.map((peer) => [peer.requests, peer.active, peer.responses[2]]), [
    [50, 1, 50],
    [5, 1, 5],
  ]);
  assertEquals([group.peers[0].tally.codes[200], group.peers[0].tally.sentBytes], [5, 50]);
  assertEquals([totals.connectionsOf([1, 5]), totals.idleCount(group)], [3, 2]);
});

Deno.test("WorkerTotals matches servers by name when the next configuration reorders them", () => {
  const totals = new WorkerTotals();
  totals.take(1, reportOf(["10.0.0.1:80", "10.0.0.2:80", "10.0.0.2:80"], [7, 1, 2]), 0);
  totals.forget(1);
  totals.take(2, reportOf(["10.0.0.3:80", "10.0.0.2:80", "10.0.0.1:80"], [100, 20, 3]), 0);
  const group = groupOf(["10.0.0.3:80", "10.0.0.2:80", "10.0.0.1:80"]);
  totals.writeTo(new EngineMetrics(), [group], []);
  assertEquals(group.peers.map((peer) => peer.requests), [100, 21, 10]);
});

Deno.test("CountersReporter sends nothing while idle, and otherwise only changes", () => {
  const servers = Array.from(
    { length: 5000 },
    (_, index) => `10.1.${index >> 8}.${index & 255}:80`,
  );
  const group = groupOf(servers);
  const metrics = new EngineMetrics();
  const reporter = reporterOf(metrics, [group]);
  const totals = new WorkerTotals();
  const master = groupOf(servers);
  const take = () => {
    const message = reporter.next();
    if (message !== null) totals.take(1, JSON.parse(JSON.stringify(message)), 0);
    return message;
  };
  assertEquals(take()?.upstreams[0].peers.length, 5000);
  assertEquals(take(), null);
  group.peers[7].requests = 3;
  group.peers[7].responses[2] = 3;
  const changed = take();
  assertEquals(changed?.upstreams[0].peers.map(({ key }) => key), [group.peers[7].name]);
  assertEquals(take(), null);
  totals.writeTo(new EngineMetrics(), [master], []);
  assertEquals([master.peers[7].requests, master.peers[7].responses[2]], [3, 3]);
  assertEquals(master.peers[8].requests, 0);
  // The next message includes the changes of one that was not sent.
  group.peers[9].active = 1;
  reporter.next();
  reporter.startOver();
  assertEquals(take()?.upstreams[0].isWhole, true);
  totals.writeTo(new EngineMetrics(), [master], []);
  assertEquals([master.peers[7].requests, master.peers[9].active], [3, 1]);
  // Removed servers are dropped with the next list.
  group.replace(group.peers.slice(0, 2));
  assertEquals(take()?.upstreams[0].peers.length, 2);
  totals.writeTo(new EngineMetrics(), [master], []);
  assertEquals(master.peers[7].requests, 0);
  metrics.clientAborts++;
  assertEquals(take()?.upstreams, []);
});

Deno.test("WorkerTotals knows in how many of the workers that serve a peer is out", () => {
  const servers = ["10.0.0.1:80 max_fails=1 fail_timeout=8", "10.0.0.2:80"];
  const totals = new WorkerTotals();
  for (const pid of [1, 2, 3]) {
    const group = groupOf(servers);
    // Three seconds ago by the worker's clock, which shows 1000.
    if (pid !== 2) group.peers[0].noteFailure(-2000);
    totals.take(
      pid,
      JSON.parse(JSON.stringify(reporterOf(new EngineMetrics(), [group]).next())),
      0,
    );
  }
  const rows: [pids: number[], nowMs: number, state: string, reason: string][] = [
    [[1, 2], 0, "up", "out in 1 of 2 workers by failed requests (max_fails 1), tried again in 5 s"],
    [
      [1, 3],
      2000,
      "unavail",
      "out in 2 of 2 workers by failed requests (max_fails 1), tried again in 3 s",
    ],
    [[1, 3], 5001, "up", ""],
    [[2], 0, "up", ""],
    // None has reported.
    [[7], 0, "up", ""],
  ];
  for (const [pids, nowMs, state, reason] of rows) {
    const group = groupOf(servers);
    totals.writeTo(new EngineMetrics(), [group], pids);
    const [peer, other] = group.peers;
    assertEquals(conditionOf(peer, null, nowMs), state);
    assertEquals(reasonOf(peer, conditionOf(peer, null, nowMs), null, nowMs), reason);
    assertEquals(conditionOf(other, null, nowMs), "up");
    assertEquals(unreadyUpstream([group], `upstream=${group.plan.name}`, nowMs), null);
  }
});
