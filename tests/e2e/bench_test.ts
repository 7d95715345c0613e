import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { root, runProgram } from "../support/binary.ts";
import { peerTest } from "../support/peers.ts";
import { tempFolder } from "../support/ports.ts";

const bench = `${root}/scripts/bench`;

peerTest(
  ["wrk", "nginx", "taskset"],
  "scripts/bench measures a row and writes its figures",
  async () => {
    await using folder = await tempFolder();
    const [json, svg] = [`${folder.path}/a.json`, `${folder.path}/a.svg`];
    const args = ["--only", "serve", "--quick", "--runs", "1", "--json", json, "--svg", svg];
    const { code, stdout, stderr } = await runProgram(bench, args, { waitTimeoutMs: 90_000 });
    assertEquals([code, stderr], [0, ""], stdout);
    assertStringIncludes(stdout, "tcp, 50 connections, driven by wrk");
    assertStringIncludes(stdout, "unix, 50 connections, driven by hayate load");
    assert(!stdout.includes("ERRORS"), stdout);
    const report = JSON.parse(await Deno.readTextFile(json));
    assertEquals(report.rows.length, 2);
    for (const row of report.rows) {
      for (const contender of row.contenders) {
        assertEquals([contender.missing, contender.trials.length], [null, 1], contender.name);
        assert(contender.figures.requestsPerSecond.median > 0, contender.name);
        assert(contender.figures.cpu.median > 0, contender.name);
      }
    }
    const chart = await Deno.readTextFile(svg);
    assert(chart.startsWith("<svg ") && chart.trimEnd().endsWith("</svg>"));
  },
);

Deno.test("scripts/bench says in one line what it does not understand", async () => {
  const { code, stdout, stderr } = await runProgram(bench, ["--only", "nothing"]);
  assertEquals([code, stdout], [2, ""]);
  assert(stderr.startsWith("bench: --only nothing: no such comparison, there are load, serve"));
});

Deno.test("scripts/bench says that a peer is missing", async () => {
  await using folder = await tempFolder();
  // A program that cannot be found anywhere: hayate's own place is moved away.
  const env = { HAYATE_BINARY: `${folder.path}/none` };
  const { code, stderr } = await runProgram(bench, ["--only", "serve"], { env });
  assertEquals([code, stderr], [1, "bench: hayate is missing: run scripts/build\n"]);
});
