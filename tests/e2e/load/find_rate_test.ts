/** `hayate load --find-rate` against a server with a known limit. */
// Runs alone: the limit is that of a schedule.
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { ReportJson } from "../../../mod/load/report/json/report_json.ts";
import { runHayate, sleep, startHayate } from "../../support/binary.ts";
import { tempFolder } from "../../support/ports.ts";
import { ReferenceServer } from "../../support/reference_server.ts";

Deno.test("load --find-rate finds what the connections carry, and draws the curve", async () => {
  await using server = await ReferenceServer.start();
  await using folder = await tempFolder();
  const json = `${folder.path}/found.json`, html = `${folder.path}/found.html`;
  const svg = `${folder.path}/found.svg`;
  // Ten connections with 100 ms for each request carry at most 100 a second.
  const args = ["load", "--find-rate", "p99<2s", "--from", "10", "--to", "1k", "-c", "10"];
  const times = ["-d", "500ms", "--warmup", "100ms", "--json", json, "--html", html];
  const found = await runHayate([...args, ...times, server.url("/fixed?ms=100")]);
  assertEquals([found.code, found.stderr], [0, ""], found.stdout);
  const [, rate] = /\n(\d+) requests\/s with p99<2s\n$/.exec(found.stdout)!.map(Number);
  assert(rate >= 40 && rate <= 160, found.stdout);
  assertMatch(found.stdout, /\n +10 .* yes\n +20 .* yes\n +40 .* (yes|no: .*)\n/);
  assertMatch(found.stdout, / no: .*were not sent/);
  assertMatch(found.stdout, / confirmed\n/);
  const { search, runs } = JSON.parse(await Deno.readTextFile(json)) as ReportJson;
  assertEquals(search!.foundRequestsPerSecond, rate);
  assertEquals(search!.conditions, ["p99<2s"]);
  assertEquals(search!.steps.map(({ run }) => run), runs.map((_, index) => index));
  const last =
    runs[search!.steps.find(({ isConfirmation, passed }) => isConfirmation && passed)!.run];
  assertEquals(last.schedule!.requestsDue, Math.ceil(rate * 1.5));
  assertMatch(await Deno.readTextFile(html), /Latency by rate/);
  assertEquals((await runHayate(["load", "plot", json, "-o", svg])).code, 0);
  assertMatch(await Deno.readTextFile(svg), /Latency by rate[^]*p99/);
});

Deno.test("load --find-rate exits with 3 when the lowest rate fails, with 1 when nothing answers", async () => {
  await using server = await ReferenceServer.start();
  const args = ["load", "--from", "20", "--to", "40", "-d", "300ms", "--warmup", "0"];
  const slow = await runHayate([...args, "--find-rate", "p50<5ms", server.url("/fixed?ms=50")]);
  assertEquals(slow.code, 3);
  assertMatch(
    slow.stdout,
    /no: p50<5ms was [\d.]+ms.*\n(The client .*\n)?0 requests\/s: 20\/s, the lowest rate/,
  );
  const failing = await runHayate([
    ...[...args, "--find-rate", "p50<5s", server.url("/status?code=500")],
  ]);
  assertEquals(failing.code, 3);
  assertStringIncludes(failing.stdout, "no: 6 requests failed");
  const named = await runHayate([
    ...[...args, "--find-rate", "p50<5s", "--find-rate", "5xx<1k"],
    server.url("/status?code=500"),
  ]);
  assertEquals(named.code, 0);
  assertMatch(named.stdout, /to be tried \(--to\)\n40 requests\/s with p50<5s and 5xx<1k\n$/);
  const refused = await runHayate([...args, "--find-rate", "p50<5s", "http://127.0.0.1:9/"]);
  assertEquals(refused.code, 1);
});

Deno.test("load --find-rate names what cannot be combined with it, and what must hold", async () => {
  for (
    const [flags, message] of [
      [["--find-rate", "p99>5ms"], "use < as in p99<20ms"],
      [["--find-rate", "p99<5ms", "-R", "5"], "--find-rate and --rate cannot be combined"],
      [["--find-rate", "p99<5ms", "--from", "9", "--to", "8"], "--from 9 is greater than --to 8"],
      [["--from", "9"], "--from needs --find-rate"],
      [["--find-rate", "p99<5ms", "--from", "0"], "not a rate such as 500"],
    ] as const
  ) {
    const result = await runHayate(["load", ...flags, "http://127.0.0.1:9/"]);
    assertEquals(result.code, 2);
    assertStringIncludes(result.stderr, message);
  }
});

Deno.test("load --find-rate prints at Ctrl-C what it knows", async () => {
  await using server = await ReferenceServer.start();
  const args = ["--find-rate", "p99<5s", "--from", "10", "-d", "1s", "--warmup", "0"];
  const child = startHayate(["load", ...args, server.url("/")]);
  await child.waitForLine(" yes");
  await sleep(300);
  const { code, stdout } = await child.stop("SIGINT");
  assertEquals(code, 130);
  assertMatch(
    stdout,
    /Interrupted: the rate has passed, but is not confirmed\n\d+ requests\/s with/,
  );
});
