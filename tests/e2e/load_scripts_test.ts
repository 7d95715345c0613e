/** Scripts of `hayate load`: every example of the help text, and what goes wrong. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { ReportJson } from "../../mod/load/report_json.ts";
import { scriptExamples } from "../../mod/load/topics/script_examples.ts";
import { type ChildResult, runHayate } from "../support/binary.ts";
import { tempFolder } from "../support/ports.ts";
import { ReferenceServer, type ReferenceStats } from "../support/reference_server.ts";

interface ScriptRun extends ChildResult {
  readonly stats: ReferenceStats;
}

/** Runs `source` as a script against a server of its own. */
async function runScript(source: string, args: string[], name = "s.js"): Promise<ScriptRun> {
  await using server = await ReferenceServer.start();
  await using folder = await tempFolder();
  const path = await folder.write(name, source);
  const [before, after = []] = split(args);
  await server.stats();
  const result = await runHayate(["load", "-s", path, ...before, server.url("/"), ...after]);
  return { ...result, stats: await server.stats() };
}

function split(args: string[]): string[][] {
  const at = args.indexOf("--");
  return at < 0 ? [args] : [args.slice(0, at), args.slice(at)];
}

async function runExample(name: string, ...args: string[]): Promise<ScriptRun> {
  const run = await runScript(scriptExamples[name], args);
  assertEquals([run.stderr, run.code], ["", 0]);
  return run;
}

Deno.test("script post: a method, fields and a body for every request", async () => {
  const { stats } = await runExample("post", "-n", "20");
  assertEquals(stats.byTarget, { "POST /": 20 });
  assertEquals(stats.responses, 20);
});

Deno.test("script counter: another request each time", async () => {
  const { stats } = await runExample("counter", "-n", "20", "-t1", "-c3");
  const expected = Array.from({ length: 20 }, (_, index) => [`GET /?n=${index + 1}`, 1]);
  assertEquals(stats.byTarget, Object.fromEntries(expected));
});

Deno.test("script pipeline: several requests at once", async () => {
  const { stats } = await runExample("pipeline", "-n", "30", "-t1", "-c2");
  assertEquals(stats.byTarget, { "GET /?a": 10, "GET /?b": 10, "GET /?c": 10 });
});

Deno.test("a connection that may not carry all that a script asks at once leaves the rest to the next", async () => {
  const { stats } = await runExample(
    "pipeline",
    ...["-n", "30", "-t1", "-c2", "--requests-per-connection", "2"],
  );
  assertEquals(stats.byTarget, { "GET /?a": 10, "GET /?b": 10, "GET /?c": 10 });
  assertEquals(stats.responses, 30);
});

Deno.test("a script's own Connection: close ends each connection behind its request", async () => {
  const sources = [
    // Made anew for each request; one batch for all; alone within a pipeline.
    "export const request = () => ({ headers: { Connection: 'close' } });",
    "wrk.headers['Connection'] = 'close';",
    "export const request = () => [{}, { headers: { Connection: 'close' } }, {}];",
  ];
  for (const source of sources) {
    const { stdout, stats } = await runScript(source, ["-n", "30", "-t1", "-c2", "--json", "-"]);
    const [run] = (JSON.parse(stdout) as ReportJson).runs;
    assertEquals([run.requestsAnswered, run.requestsFailed, stats.requests], [30, 0, 30], source);
    // RFC 9112 9.6: at least one connection for each request that says so.
    assertEquals(run.connections.made >= (source.includes("[{}") ? 10 : 30), true, source);
  }
});

Deno.test("script auth: what a response said goes into later requests", async () => {
  const { stats } = await runExample("auth", "-n", "20", "-t1", "-c1");
  assertEquals(stats.byTarget, { "GET /": 1, "GET /?in": 19 });
});

Deno.test("script delay: waits before each request", async () => {
  const { stats } = await runExample("delay", "-d", "600ms", "-t1", "-c1");
  assertEquals(stats.requests >= 8 && stats.requests <= 60, true);
});

Deno.test("script setup: threads get variables and hand theirs over", async () => {
  const { stdout, stats } = await runExample("setup", "-n", "100", "-t2", "-c4");
  assertEquals(stats.requests, 100);
  assertMatch(stdout, /Transfer\/sec.*\nthread 1 got 50 responses\nthread 2 got 50 responses\n$/);
});

Deno.test("script stop: threads end by themselves", async () => {
  const { stdout, stats } = await runExample("stop", "-d", "30", "-t2", "-c2");
  assertEquals(stats.responses >= 200 && stats.responses <= 202, true);
  assertStringIncludes(stdout, "requests in");
});

Deno.test("script addr: each thread goes to its address", async () => {
  const { stdout } = await runExample("addr", "-n", "10", "-t2", "-c2");
  assertMatch(stdout, /thread 1 goes to 127\.0\.0\.1:\d+\n/);
  assertMatch(stdout, /thread 2 goes to 127\.0\.0\.1:\d+\n/);
});

Deno.test("script report: reads summary and latency", async () => {
  const { stdout } = await runExample("report", "-n", "50");
  assertMatch(
    stdout,
    /\nlatency,microseconds\np50,\d+\np90,\d+\np99,[\d.]+\np99.999,[\d.]+\nfailed,0\n$/,
  );
});

Deno.test("a TypeScript script sees the words behind -- and its cost is reported", async () => {
  const source = `
    let path: string = "/";
    export function init(args: readonly string[]): void { path += "?" + args.slice(1).join("+"); }
    export function request(): { path: string } { return { path }; }
  `;
  const run = await runScript(source, ["-n", "5", "--json", "-", "--", "one", "two"], "s.ts");
  assertEquals(run.stats.byTarget, { "GET /?one+two": 5 });
  const report = JSON.parse(run.stdout) as ReportJson;
  assertEquals(typeof report.runs[0].client.scriptMs, "number");
});

/** Source, and what the one line on stderr says behind the script's path. */
const failing: readonly [source: string, complaint: RegExp][] = [
  [
    "export function request() {\n  return x.y;\n}",
    /s\.js:2:\d+: in request\(\): ReferenceError: x is not/,
  ],
  [
    "export function init() {\n\n  throw new Error('no');\n}",
    /s\.js:3:\d+: in init\(\): Error: no\n$/,
  ],
  [
    "export function response() { null.x; }",
    /s\.js:1:\d+: in response\(\): TypeError: Cannot read/,
  ],
  ["export function done() { null.x; }", /s\.js:1:\d+: in done\(\): TypeError/],
  ["export const request = () => 'GET /';", /in request\(\): TypeError: .*incomplete request/],
  ["export const request = () => 5;", /in request\(\): TypeError: request\(\) returned 5/],
  ["export const request = () => ({ headers: { 'A': 'b\\r\\nC: d' } });", /a line break/],
  ["export const request = 5;", /export request is no function/],
  ["export const = 5;", /s\.js: .*token/],
];

Deno.test("a script that fails ends the run with exit 1 and one line that names its place", async () => {
  for (const [source, complaint] of failing) {
    const { code, stderr } = await runScript(source, ["-n", "5", "-t1", "-c1"]);
    assertEquals(code, 1, source);
    assertMatch(stderr, complaint);
    assertEquals(stderr.trimEnd().split("\n").length, 1, stderr);
  }
});

Deno.test("a missing script is one line", async () => {
  const { code, stderr } = await runHayate(["load", "-s", "/no/such.js", "http://127.0.0.1:9/"]);
  assertEquals([code, stderr], [1, "hayate load: /no/such.js: no such file\n"]);
});
