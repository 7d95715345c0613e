/** When `hayate load` sends, what is late, and what is lost: against a server that measures, too. */
// Runs alone: it measures schedules, delays and lost requests.
import { assertAlmostEquals, assertEquals, assertMatch } from "@std/assert";
import type { ReportJson } from "../../../mod/load/report/json/report_json.ts";
import { runHayate, runProgram, sleep, startHayate } from "../../support/binary.ts";
import { measure } from "../../support/load.ts";
import { peerPath, peerTest } from "../../support/peers.ts";
import { tempFolder } from "../../support/ports.ts";
import { ReferenceServer } from "../../support/reference_server.ts";

/** Behaviour of the server, and the kind and code under which each failed request is counted. */
const failing: readonly [path: string, kind: string, code: string][] = [
  ["/garbage", "protocol", "statusLine"],
  ["/too-much", "protocol", "bytesBehindResponse"],
  ["/cut-head", "truncated", "EEOF"],
  ["/cut-body", "truncated", "EEOF"],
  ["/reset", "read", "ECONNRESET"],
  ["/silent-close", "read", "EEOF"],
  ["/status?code=404", "status", "404"],
  ["/status?code=503", "status", "503"],
  ["/hang", "timeout", "ETIMEDOUT"],
  ["/drip", "timeout", "ETIMEDOUT"],
  ["/endless", "timeout", "ETIMEDOUT"],
];

Deno.test("load counts each failed request once, under its own kind, and ends in time", async () => {
  await using server = await ReferenceServer.start();
  for (const [path, kind, code] of failing) {
    await server.stats();
    const run = await measure("-t1", "-c2", "-n", "6", "--timeout", "200ms", server.url(path));
    const stats = await server.stats();
    assertEquals(run.failures, [{ kind, code, count: 6 }], path);
    assertEquals(run.requestsFailed, 6, path);
    assertEquals(stats.requests, 6, path);
    assertEquals(run.requestsAnswered, kind === "status" ? 6 : 0, path);
  }
});

Deno.test("a request that was sent and lost is a failure; with --retry it counts for --fail-if", async () => {
  await using server = await ReferenceServer.start();
  const url = server.url("/drop?every=10");
  await server.stats();
  const run = await measure("-t1", "-c5", "-n", "1000", url);
  // wrk's way: what a server drops is a read error, once each.
  assertEquals(run.failures, [{ kind: "read", code: "EEOF", count: 100 }]);
  assertEquals([run.requestsAnswered, run.requestsRetried], [900, 0]);
  assertEquals((await server.stats()).requests, 1000);
  const args = ["load", "-t1", "-c5", "-n", "1000", "--retry", "--json", "-"];
  const retried = await runHayate([...args, "--fail-if", "errors>0", url]);
  const { runs } = JSON.parse(retried.stdout) as ReportJson;
  const errors = runs[0].requestsFailed + runs[0].requestsRetried;
  // A tenth of all that was sent, what was sent again among it.
  assertEquals(errors, Math.floor((await server.stats()).requests / 10));
  assertEquals([retried.code, retried.stderr], [
    3,
    `threshold failed: errors>0 (measured ${errors})\n`,
  ]);
});

peerTest("wrk", "load finds as many lost requests as wrk does", async () => {
  await using server = await ReferenceServer.start();
  const url = server.url("/drop?every=10");
  const wrk = await runProgram(peerPath("wrk"), ["-t1", "-c10", "-d1", url]);
  const [, requests, , read] = /(\d+) requests in .*\n(.*)read (\d+), write/.exec(wrk.stdout)!.map(
    Number,
  );
  const run = await measure("-t1", "-c10", "-d1", url);
  const share = run.failedByKind["read"] / run.requestsAnswered;
  assertAlmostEquals(read / requests, 1 / 9, 0.01);
  assertAlmostEquals(share, 1 / 9, 0.01);
});

Deno.test("load -R keeps to its schedule and does not hide a stall", async () => {
  await using server = await ReferenceServer.start();
  const run = await measure("-t1", "-c50", "-R", "200", "-d", "3", server.url("/stall"));
  assertEquals(run.schedule!.requestsDue, 600);
  assertEquals(run.requestsSent + run.schedule!.requestsUnsent, 600);
  // A third of the requests became due within the stall and waited half a second on average;
  // a closed loop would have seen one slow response per connection.
  const { percentilesUs } = run.latency;
  assertEquals(percentilesUs["p50"]! < 500_000, true);
  assertEquals(percentilesUs["p90"]! > 500_000, true);
  assertEquals(percentilesUs["p99.9"]! > 900_000, true);
});

Deno.test("load -R 0.5 reports a target of 0.5/s, without the extra request at the start of a run", async () => {
  await using server = await ReferenceServer.start();
  const args = ["load", "-R", "0.5", "-d", "3s", server.url("/")];
  assertMatch(
    (await runHayate(args)).stdout,
    /^Rate: requested 0\.5\/s, sent 0\.5\/s \(100\.00%\);/m,
  );
  const { askedRequestsPerSecond, requestsDue } = (await measure(...args.slice(1))).schedule!;
  assertEquals([askedRequestsPerSecond, requestsDue], [0.5, 2]);
});

Deno.test("load reports why requests were late: its script, a stop, no free connection", async () => {
  await using server = await ReferenceServer.start();
  await using folder = await tempFolder();
  const script = await folder.write(
    "s.js",
    "export function request() {\n  for (const end = performance.now() + 8; performance.now() < end;);\n" +
      "  return {};\n}",
  );
  const client = (stdout: string) => /^Client: .*$/gm.exec(stdout)?.[0] ?? "";
  const busy = await runHayate([
    ...["load", "-s", script, "-R", "400", "-c", "4", "-d", "2", server.url("/")],
  ]);
  assertMatch(client(busy.stdout), /^Client: it (?:was busy .*the script took|waited for a CPU)/);
  const few = await runHayate([
    "load",
    "-R",
    "200",
    "-c",
    "2",
    "-d",
    "2",
    server.url("/fixed?ms=20"),
  ]);
  assertMatch(
    client(few.stdout),
    /^Client: (?:requests waited for a free connection: .* took [2-9]\d|it waited for a CPU)/,
  );
  const stopped = startHayate(["load", "-R", "100", "-c", "10", "-d", "4", server.url("/")]);
  await stopped.waitForLine("threads and");
  await sleep(500);
  Deno.kill(stopped.pid, "SIGSTOP");
  await sleep(1500);
  Deno.kill(stopped.pid, "SIGCONT");
  const { stdout } = await stopped.result();
  assertMatch(client(stdout), /^Client: it was stopped for [12]\.\d\ds/);
});

Deno.test("load -R with -n ends with the last response", async () => {
  await using server = await ReferenceServer.start();
  for (const flags of [["-t1"], ["-t2"], ["-t1", "--no-keepalive"]]) {
    const run = await measure(...flags, "-c5", "-R", "400", "-n", "101", server.url("/"));
    assertEquals([run.requestsAnswered, run.schedule!.requestsUnsent], [101, 0]);
  }
});

Deno.test("load --warmup excludes the warm-up from every figure", async () => {
  await using server = await ReferenceServer.start();
  await server.stats();
  const run = await measure(
    ...["-t1", "-c4", "--warmup", "300ms", "-d", "500ms", server.url("/fixed?ms=10")],
  );
  const stats = await server.stats();
  assertEquals(run.requestsSent < stats.requests, true);
  assertEquals(run.requestsAnswered + run.requestsInFlightAtEnd, run.requestsSent);
  assertEquals(run.latency.count, run.requestsAnswered);
  assertEquals(run.measuredMs >= 499 && run.measuredMs < 600, true);
});

Deno.test("load -R measures a server that its warm-up has shown to be too slow", async () => {
  await using server = await ReferenceServer.start();
  const slow = ["load", "-t1", "-c1", "-R", "100", "--warmup", "500ms", "-d", "1s"];
  const { stdout, code } = await runHayate([...slow, server.url("/fixed?ms=100")]);
  assertMatch(stdout, /^Warm-up: it did not keep the rate: 4\d of its requests were never sent/m);
  assertMatch(stdout, /^ {2}[5-9] requests in 1\.0/m);
  assertEquals(code, 0);
  // The one connection waits for a response of the warm-up until the end.
  const none = await runHayate([...slow, server.url("/hang")]);
  assertEquals([none.stderr, none.code], [
    "hayate load: no response arrived while it measured\n",
    1,
  ]);
});
