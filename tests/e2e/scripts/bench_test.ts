// Runs alone: it measures, and binds programs to both CPUs.
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { delay } from "@std/async/delay";
import { attackedFiles } from "../../../scripts/benchmarks/gauges/neighbours.ts";
import { attacks } from "../../../scripts/benchmarks/http2/attacks.ts";
import { binaryPath, root, runProgram } from "../../support/binary.ts";
import { peerTest } from "../../support/peers.ts";
import { tempFolder } from "../../support/ports.ts";
import { startServe } from "../../support/serve.ts";

const bench = `${root}/scripts/bench`;

peerTest(
  ["wrk", "nginx", "taskset", "cc"],
  "scripts/bench measures a row and writes its figures",
  async () => {
    await using folder = await tempFolder();
    const [json, svg] = [`${folder.path}/a.json`, `${folder.path}/a.svg`];
    const names = ["load-same", "load-templates", "tls-serve-same"];
    const quick = ["--quick", "--runs", "1", ...names.flatMap((name) => ["--only", name])];
    const args = [...quick, "--json", json, "--svg", svg];
    const { code, stdout, stderr } = await runProgram(bench, args, { waitTimeoutMs: 180_000 });
    assertEquals([code, stderr], [0, ""], stdout);
    assert(!stdout.includes("ERRORS"), stdout);
    assert(/goals: [0-2] of 2 reached/.test(stdout), stdout);
    const report = JSON.parse(await Deno.readTextFile(json));
    assertEquals(report.rows.map(({ comparison }: { comparison: string }) => comparison), names);
    for (const row of report.rows) {
      for (const contender of row.contenders) {
        assertEquals([contender.missing, contender.trials.length], [null, 1], contender.name);
        assert(contender.figures.requestsPerSecond.median > 0, contender.name);
        assert(contender.figures.cpu.median > 0, contender.name);
        const times = contender.floorMultiple?.median;
        if (row.comparison === "load-same") assert(contender.isFloor ? times === 1 : times > 0);
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
  const { code, stdout, stderr } = await runProgram(bench, args, { waitTimeoutMs: 180_000 });
  assertEquals([code, stderr], [0, ""], stdout);
  assertStringIncludes(stdout, "a fixed body, a master with two workers");
  const report = JSON.parse(await Deno.readTextFile(json));
  for (const { contenders, goal, setting, verdicts } of report.rows) {
    const [ours] = contenders;
    assert(ours.samples.length >= 5 && ours.figure.median > 0, setting);
    assertEquals(verdicts[0].isMet, ours.figure.median <= goal.max, setting);
  }
});

/** Rows of one short run each. */
async function measuredRows(names: readonly string[]) {
  await using folder = await tempFolder();
  const json = `${folder.path}/a.json`;
  const only = names.flatMap((name) => ["--only", name]);
  const args = ["--quick", "--runs", "1", ...only, "--json", json];
  const { code, stdout, stderr } = await runProgram(bench, args, { waitTimeoutMs: 300_000 });
  assertEquals([code, stderr], [0, ""], stdout);
  assert(!stdout.includes("ERRORS"), stdout);
  return { stdout, rows: JSON.parse(await Deno.readTextFile(json)).rows };
}

peerTest("wrk", "scripts/bench measures apps beside Deno.serve and Bun.serve", async () => {
  const names = ["app-hono", "app-json", "app-sse", "app-upload", "app-websocket"];
  const { stdout, rows } = await measuredRows(names);
  for (const unit of ["per event sent", "per upload", "per message"]) {
    assertStringIncludes(stdout, unit);
  }
  assertEquals(rows.map(({ comparison }: { comparison: string }) => comparison), names);
  for (const { comparison, contenders, verdicts } of rows) {
    for (const { name, missing, figures } of contenders) {
      // Bun may not be installed, and hono comes from npm.
      if (missing === null) assert(figures.cpu.median > 0, `${comparison}: ${name}`);
      else assert(/^bun is missing$|^npm's registry does not give hono$/.test(missing), missing);
    }
    assertEquals(verdicts.length, 2, comparison);
  }
});

Deno.test("scripts/bench measures starts of an app with and without what is cached", async () => {
  const { rows } = await measuredRows(["app-start"]);
  const [cold, edited, warm] = rows;
  assertEquals([cold.goal.beside, edited.goal, warm.goal.ratioMax], ["deno serve", null, 1]);
  for (const { setting, contenders } of rows) {
    for (const { name, missing, samples } of contenders) {
      assert(missing !== null || samples.length >= 5, `${setting}: ${name}`);
    }
  }
});

Deno.test("scripts/bench lists every comparison in its help", async () => {
  const { code, stdout } = await runProgram(bench, ["--help"]);
  assertEquals(code, 0);
  for (
    const name of [
      "load-formats",
      "load-texts",
      "load-close",
      "handshakes-resumed",
      "files-10m",
      "proxy-laden",
      "restarts",
    ]
  ) {
    assertStringIncludes(stdout, `\n  ${name} `);
  }
});

Deno.test("scripts/bench reports unknown words in one line", async () => {
  const { code, stdout, stderr } = await runProgram(bench, ["--only", "nothing"]);
  assertEquals([code, stdout], [2, ""]);
  assert(
    stderr.startsWith("bench: --only nothing: no such comparison, there are load, load-same"),
  );
});

Deno.test("scripts/bench reports a missing peer", async () => {
  await using folder = await tempFolder();
  // A program that cannot be found anywhere: hayate's own place is moved away.
  const env = { HAYATE_BINARY: `${folder.path}/none` };
  const { code, stderr } = await runProgram(bench, ["--only", "serve"], { env });
  assertEquals([code, stderr], [1, "bench: hayate is missing: run scripts/build\n"]);
});

/** The requests that a client sends to a server of ours, each once. */
async function headsOf(program: string, args: (url: string) => string[]): Promise<string[]> {
  const heads = new Set<string>();
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    async (request) => {
      const { pathname, search } = new URL(request.url);
      const names = ["host", "user-agent", "accept", "accept-language", "cookie", "content-type"];
      const fields = names.map((name) => request.headers.get(name));
      const body = await request.text();
      if (body !== "") JSON.parse(body);
      heads.add(JSON.stringify([request.method, pathname, search, ...fields, body]));
      return new Response("ok");
    },
  );
  const url = `http://127.0.0.1:${server.addr.port}/`;
  const { code, stdout, stderr } = await runProgram(program, args(url));
  assertEquals(code, 0, stdout + stderr);
  return [...heads].sort();
}

peerTest("wrk", "wrk and hayate load send the same varied heads", async () => {
  const script = `${root}/scripts/benchmarks/contenders/varied_requests`;
  for (
    const words of [
      ["hosts=7"],
      ["hosts=7", "path=/"],
      ["hosts=7", "items=28"],
      ["hosts=7", "items=28", "make=format"],
      ["hosts=7", "make=format"],
      ["hosts=7", "make=text"],
    ]
  ) {
    // A thousand each, whatever the machine's pace.
    const theirs = await headsOf(
      "wrk",
      (url) => ["-t1", "-c1", "-d3s", "-s", `${script}.lua`, url, "--", ...words],
    );
    const ours = await headsOf(
      binaryPath,
      (url) => ["load", "-c1", "-n1000", "-s", `${script}.js`, url, "--", ...words],
    );
    assertEquals(ours.length, 1000);
    assertEquals(theirs, ours);
    assert(Math.min(...ours.map(({ length }) => length)) > 600, "user agents have 500 bytes");
  }
});

Deno.test("the attackers of scripts/bench attack, and floods meet the server's guards", async () => {
  await using server = await startServe({ args: ["@documents"], files: attackedFiles });
  for (const { name, connections } of attacks) {
    const attacker = new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "-A", "--quiet", "--no-check", "--config", `${root}/deno.json`],
        ...[`${root}/scripts/benchmarks/http2/attacker.ts`, name, String(server.port)],
      ],
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    await delay(4000);
    attacker.kill("SIGTERM");
    const { stderr } = await attacker.output();
    const { opened, ended } = JSON.parse(new TextDecoder().decode(stderr));
    assert(opened >= connections, `${name}: ${opened} opened`);
    if (name.endsWith("flood") || name === "rapid-reset") assert(ended > 0, `${name}: none ended`);
  }
});
