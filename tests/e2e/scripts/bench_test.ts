// Runs alone: it measures, and binds programs to both CPUs.
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { root, runProgram } from "../../support/binary.ts";
import { peerTest } from "../../support/peers.ts";
import { tempFolder } from "../../support/ports.ts";

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
    assert(/goals: \d of 2 reached/.test(stdout), stdout);
    for (const row of report.rows) {
      assert(row.goal >= 1.2 && typeof row.verdict.isMet === "boolean", JSON.stringify(row));
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

peerTest("nginx", "scripts/bench measures gauges and judges them", async () => {
  await using folder = await tempFolder();
  const json = `${folder.path}/a.json`;
  const args = ["--only", "start", "--quick", "--json", json];
  const { code, stdout, stderr } = await runProgram(bench, args, { waitTimeoutMs: 90_000 });
  assertEquals([code, stderr], [0, ""], stdout);
  assertStringIncludes(stdout, "a fixed body, a master with two workers");
  const report = JSON.parse(await Deno.readTextFile(json));
  for (const { contenders, goal, setting, verdict } of report.rows) {
    const [ours] = contenders;
    assert(ours.samples.length >= 5 && ours.figure.median > 0, setting);
    assertEquals(verdict.isMet, ours.figure.median <= goal.max, setting);
  }
});

Deno.test("scripts/bench lists every comparison in its help", async () => {
  const { code, stdout } = await runProgram(bench, ["--help"]);
  assertEquals(code, 0);
  for (const name of ["load-close", "handshakes-resumed", "files-10m", "proxy-laden", "restarts"]) {
    assertStringIncludes(stdout, `\n  ${name} `);
  }
});

Deno.test("scripts/bench reports unknown words in one line", async () => {
  const { code, stdout, stderr } = await runProgram(bench, ["--only", "nothing"]);
  assertEquals([code, stdout], [2, ""]);
  assert(
    stderr.startsWith("bench: --only nothing: no such comparison, there are load, load-unix"),
  );
});

Deno.test("scripts/bench reports a missing peer", async () => {
  await using folder = await tempFolder();
  // A program that cannot be found anywhere: hayate's own place is moved away.
  const env = { HAYATE_BINARY: `${folder.path}/none` };
  const { code, stderr } = await runProgram(bench, ["--only", "serve"], { env });
  assertEquals([code, stderr], [1, "bench: hayate is missing: run scripts/build\n"]);
});
