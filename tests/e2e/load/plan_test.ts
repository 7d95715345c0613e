/** `hayate load --plan`: the runs of a file. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { BenchJson } from "../../../mod/load/report/json/bench_json.ts";
import { root, runHayate, startHayate } from "../../support/binary.ts";
import { tempFolder } from "../../support/ports.ts";
import { ReferenceServer } from "../../support/reference_server.ts";

function readReport(path: string): BenchJson {
  return JSON.parse(Deno.readTextFileSync(path));
}

/** A file with three entries, the second of which breaks its threshold. */
function planFor(server: ReferenceServer, seconds: string): string {
  return `
title: Delays
defaults: {connections: 2, repeat: 2, duration: ${seconds}}
runs:
  - {name: quick, url: "${server.url("/")}"}
  - {name: slow, url: "${server.url("/fixed?ms=30")}", fail-if: [p50>20ms]}
  - {name: other, url: "${server.url("/fixed?ms=1")}", repeat: 1}
`;
}

Deno.test("load --plan makes the runs of a file: one table, one JSON, one picture, exit 3", async () => {
  await using server = await ReferenceServer.start();
  await using folder = await tempFolder();
  const file = await folder.write("bench.yaml", planFor(server, "200ms"));
  const json = `${folder.path}/b.json`,
    html = `${folder.path}/b.html`,
    svg = `${folder.path}/b.svg`;
  const { code, stdout, stderr } = await runHayate([
    ...["load", "--plan", file, "--json", json, "--html", html],
  ]);
  assertEquals(code, 3);
  assertEquals(
    stderr,
    "[1/3] quick, 1 of 2\n[1/3] quick, 2 of 2\n[2/3] slow, 1 of 2\n[2/3] slow, 2 of 2\n[3/3] other\n",
  );
  const lines = stdout.split("\n");
  assertMatch(lines[0], /^Run +Requests\/s +\+\/- +p50 +p99 +p99\.9 +Max +Failed {2}Thresholds$/);
  assertMatch(lines[1], /^quick +[\d.]+k? .* 0 {2}ok$/);
  assertMatch(lines[2], /^slow .* 0 {2}threshold failed: p50>20ms \(measured .*; threshold failed/);
  assertMatch(lines[3], /^other +[\d.]+k? + - .* 0 {2}ok$/);
  const report = readReport(json);
  assertEquals(report.entries.map(({ name, runs }) => `${name} ${runs.length}`), [
    ...["quick 2", "slow 2", "other 1"],
  ]);
  assertMatch(await Deno.readTextFile(html), /Delays[^]*quick[^]*slow[^]*Latency by percentile/);
  assertEquals((await runHayate(["load", "plot", json, "-o", svg])).code, 0);
  assertMatch(await Deno.readTextFile(svg), /quick 1[^]*slow 2[^]*other/);
});

Deno.test("load --plan --resume makes what an interrupted report lacks", async () => {
  await using server = await ReferenceServer.start();
  await using folder = await tempFolder();
  const file = await folder.write("bench.yaml", planFor(server, "1s"));
  const json = `${folder.path}/b.json`;
  const first = startHayate(["load", "--plan", file, "--json", json]);
  await first.waitForLine("slow, 1 of 2");
  const interrupted = await first.stop("SIGINT");
  assertEquals(interrupted.code, 130);
  assertMatch(interrupted.stdout, /\nslow .* 2 of 2 runs missing\nother .* 1 of 1 runs missing\n/);
  const before = readReport(json).entries[0].runs;
  assertEquals(before.length, 2);
  const args = ["load", "--plan", file, "--json", json, "--resume"];
  const resumed = await runHayate(args);
  assertEquals(resumed.code, 3);
  assert(resumed.stderr.startsWith(`2 of 5 runs are in ${json} already\n[2/3] slow, 1 of 2\n`));
  assertEquals(readReport(json).entries[0].runs, before);
  // Settings that have changed are measured again, the others are not.
  const changed = planFor(server, "1s").replace('ms=1", repeat: 1', 'ms=2", repeat: 1');
  await Deno.writeTextFile(file, changed);
  const again = await runHayate(args);
  assertEquals([again.code, again.stderr], [
    3,
    `4 of 5 runs are in ${json} already\n[3/3] other\n`,
  ]);
});

Deno.test("load --plan says what is wrong before anything runs, and goes on after a run that cannot start", async () => {
  await using server = await ReferenceServer.start();
  await using folder = await tempFolder();
  const wrong = await folder.write("wrong.yaml", "runs:\n  - url: http://h/\n    conections: 3\n");
  const json = `${folder.path}/b.json`;
  for (
    const [flags, code, message] of [
      [["--plan", wrong], 2, `[${wrong}:3] unknown setting: conections: did you mean connections?`],
      [["--plan", "/no/such"], 1, "/no/such: no such file"],
      [["--plan", wrong, "-c", "3"], 2, "--plan and --connections cannot be combined"],
      [["--plan", wrong, "http://h/"], 2, "--plan takes no URL"],
      [["--plan", wrong, "--resume"], 2, "--resume needs --json FILE"],
      [["--resume", "http://h/"], 2, "--resume needs --plan"],
    ] as const
  ) {
    const result = await runHayate(["load", ...flags]);
    assertEquals(result.code, code, result.stderr);
    assertStringIncludes(result.stderr, message);
  }
  const partly = `runs:
  - {name: gone, url: "http://127.0.0.1:9/", duration: 100ms}
  - {name: unreadable, url: "http://h/", body-file: /no/such}
  - {name: there, url: "${server.url("/")}", requests: 10}
`;
  const file = await folder.write("partly.yaml", partly);
  const result = await runHayate(["load", "--plan", file, "--json", json]);
  assertEquals(result.code, 1);
  assertStringIncludes(result.stderr, "hayate load: unreadable: /no/such: no such file\n");
  assertEquals(readReport(json).entries[2].runs[0].requestsAnswered, 10);
  await Deno.writeTextFile(json, '{"schema": "hayate-load-plan/1", "entries": 5}');
  const broken = await runHayate(["load", "--plan", file, "--json", json, "--resume"]);
  assertEquals(broken.code, 1);
  assertStringIncludes(broken.stderr, `${json}: not a report of hayate load --plan: `);
});

Deno.test("the plan of Rhebok and Unicorn is one that load can read", async () => {
  const file = `${root}/scripts/experiments/rhebok_unicorn.yaml`;
  // Nothing listens there, so that each run fails at once; Ctrl-C is what ends it.
  const child = startHayate(["load", "--plan", file]);
  await child.waitForLine("rhebok, tcp, 1 of 3");
  assertEquals((await child.stop("SIGINT")).code, 130);
});
