/** Scripts of `hayate load`: every example of the help text, and what goes wrong. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { delay } from "@std/async/delay";
import type { ReportJson } from "../../../mod/load/report/json/report_json.ts";
import { scriptExamples } from "../../../mod/load/topics/script_examples.ts";
import { type ChildResult, runHayate, startHayate } from "../../support/binary.ts";
import { tempFolder } from "../../support/ports.ts";
import { ReferenceServer, type ReferenceStats } from "../../support/reference_server.ts";

interface ScriptRun extends ChildResult {
  readonly stats: ReferenceStats;
}

/** Runs `source` as a script against a server of its own. */
async function runScript(source: string, args: string[], name = "s.js"): Promise<ScriptRun> {
  await using server = await ReferenceServer.start();
  return await runScriptAt(server, source, args, name);
}

/** Runs `source` as a script against `server`, which counts for this run alone. */
async function runScriptAt(
  server: ReferenceServer,
  source: string,
  args: string[],
  name = "s.js",
): Promise<ScriptRun> {
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

Deno.test("script counter: a different request each time", async () => {
  const { stats } = await runExample("counter", "-n", "20", "-t1", "-c3");
  const expected = Array.from({ length: 20 }, (_, index) => [`GET /?n=${index + 1}`, 1]);
  assertEquals(stats.byTarget, Object.fromEntries(expected));
});

Deno.test("script pipeline: several requests at once", async () => {
  const { stats } = await runExample("pipeline", "-n", "30", "-t1", "-c2");
  assertEquals(stats.byTarget, { "GET /?a": 10, "GET /?b": 10, "GET /?c": 10 });
});

Deno.test("requests of a script beyond a connection's limit move to the next connection", async () => {
  const { stats } = await runExample(
    "pipeline",
    ...["-n", "30", "-t1", "-c2", "--requests-per-connection", "2"],
  );
  assertEquals(stats.byTarget, { "GET /?a": 10, "GET /?b": 10, "GET /?c": 10 });
  assertEquals(stats.responses, 30);
});

Deno.test("a script's own Connection: close ends each connection after its request", async () => {
  await using server = await ReferenceServer.start();
  const sources = [
    // Made for each request; one batch for all; alone within a pipeline.
    "export const request = () => ({ headers: { Connection: 'close' } });",
    "wrk.headers['Connection'] = 'close';",
    "export const request = () => [{}, { headers: { Connection: 'close' } }, {}];",
  ];
  for (const source of sources) {
    const { stdout, stats } = await runScriptAt(server, source, [
      "-n",
      "30",
      "-t1",
      "-c2",
      "--json",
      "-",
    ]);
    const [run] = (JSON.parse(stdout) as ReportJson).runs;
    assertEquals([run.requestsAnswered, run.requestsFailed, stats.requests], [30, 0, 30], source);
    // RFC 9112 9.6: at least one connection for each request that says so.
    assertEquals(run.connections.made >= (source.includes("[{}") ? 10 : 30), true, source);
  }
});

Deno.test("an answer to GET does not end where the same answer to HEAD did", async () => {
  const head = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const serving = answerInTwoParts(listener, head, "hello");
  await using folder = await tempFolder();
  const source = "let n = 0;\n" +
    "export const request = () => wrk.format(++n % 2 === 1 ? 'HEAD' : 'GET', '/');";
  const path = await folder.write("s.js", source);
  const url = `http://127.0.0.1:${listener.addr.port}/`;
  const args = ["load", "-s", path, "-n20", "-c1", "-t1", "--json", "-", url];
  const { stdout } = await runHayate(args);
  await serving;
  const [run] = (JSON.parse(stdout) as ReportJson).runs;
  const { requestsAnswered, requestsFailed, connections } = run;
  assertEquals([requestsAnswered, requestsFailed, connections.lost], [20, 0, 0]);
});

/** Serves one connection; the body follows the head when that has certainly been read by itself. */
async function answerInTwoParts(
  listener: Deno.TcpListener,
  head: string,
  body: string,
): Promise<void> {
  using connection = await listener.accept();
  connection.setNoDelay();
  const encoder = new TextEncoder(), buffer = new Uint8Array(4096);
  for (;;) {
    const count = await connection.read(buffer);
    if (count === null) return;
    await connection.write(encoder.encode(head));
    if (buffer[0] !== 0x47) continue;
    await delay(20);
    await connection.write(encoder.encode(body));
  }
}

Deno.test("bodies that take several writes arrive whole, whatever other connections send", async () => {
  const wrong: string[] = [];
  let count = 0;
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    async (request) => {
      const letter = new URL(request.url).pathname.slice(1);
      const body = await request.text();
      count++;
      if (body !== letter.repeat(2_000_000)) wrong.push(`${letter}: ${body.length}`);
      return new Response();
    },
  );
  await using folder = await tempFolder();
  const path = await folder.write(
    "s.js",
    "let n = 0;\nexport function request() {\n  const letter = 'abcdefgh'[n++ % 8];\n" +
      "  return wrk.format('POST', '/' + letter, {}, letter.repeat(2_000_000));\n}",
  );
  const url = `http://127.0.0.1:${server.addr.port}/`;
  const { code, stderr } = await runHayate(["load", "-s", path, "-n40", "-c5", "-t1", url]);
  assertEquals([code, stderr, count, wrong], [0, "", 40, []]);
});

Deno.test("script auth: data of a response is used in later requests", async () => {
  const { stats } = await runExample("auth", "-n", "20", "-t1", "-c1");
  assertEquals(stats.byTarget, { "GET /": 1, "GET /?in": 19 });
});

Deno.test("script delay: waits before each request", async () => {
  // 10 to 50 ms before each of ten requests on one connection.
  const { stdout } = await runExample("delay", "-n", "10", "-t1", "-c1", "--json", "-");
  const [run] = (JSON.parse(stdout) as ReportJson).runs;
  assertEquals([run.requestsAnswered, run.measuredMs >= 90], [10, true]);
});

Deno.test("script setup: threads get variables and return theirs", async () => {
  const { stdout, stats } = await runExample("setup", "-n", "100", "-t2", "-c4");
  assertEquals(stats.requests, 100);
  assertMatch(stdout, /Transfer\/sec.*\nthread 1 got 50 responses\nthread 2 got 50 responses\n$/);
});

Deno.test("script stop: threads stop themselves", async () => {
  const { stdout, stats } = await runExample("stop", "-d", "30", "-t2", "-c2");
  assertEquals(stats.responses >= 200 && stats.responses <= 202, true);
  assertStringIncludes(stdout, "requests in");
});

Deno.test("script addr: each thread connects to its address", async () => {
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

Deno.test("a TypeScript script sees the arguments after -- and its cost is reported", async () => {
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

/** Source, and what the one line on stderr says after the script's path. */
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
  [
    "export const request = () => ({ headers: { 'A': 'b\\r\\nC: d' } });",
    /line breaks are not allowed/,
  ],
  ["export const request = 5;", /export request is not a function/],
  ["export const = 5;", /s\.js: .*token/],
];

Deno.test("a failing script ends the run with exit code 1 and one line with its location", async () => {
  await using server = await ReferenceServer.start();
  for (const [source, complaint] of failing) {
    const { code, stderr } = await runScriptAt(server, source, ["-n", "5", "-t1", "-c1"]);
    assertEquals(code, 1, source);
    assertMatch(stderr, complaint);
    assertEquals(stderr.trimEnd().split("\n").length, 1, stderr);
  }
});

/** As users of wrk write them: what is sent. */
const wrkStyle: readonly [source: string, targets: Record<string, number>][] = [
  ["function request() {\n  return wrk.format(null, '/a');\n}\n", { "GET /a": 6 }],
  ["const path = '/b';\nconst request = () => wrk.format('GET', path);", { "GET /b": 6 }],
  ["request = function () { return wrk.format('PUT', '/c', {}, 'x'); };", { "PUT /c": 6 }],
  ["globalThis.request = () => ({ path: '/d' });", { "GET /d": 6 }],
  [
    "let r;\nfunction init(args) { wrk.init(args); r = wrk.format(null, '/e'); }\n" +
    "function request() { return r; }",
    { "GET /e": 6 },
  ],
  ["wrk.init = function (args) { wrk.path = '/f'; };", { "GET /f": 6 }],
  ["export default { request() { return { path: '/g' }; } };", { "GET /g": 6 }],
  ["const request = () => ({ path: '/h' });\nexport { request };", { "GET /h": 6 }],
];

Deno.test("functions of a script are found in each form that wrk's users write", async () => {
  await using server = await ReferenceServer.start();
  for (const [source, targets] of wrkStyle) {
    const { stderr, code, stats } = await runScriptAt(server, source, ["-n", "6", "-t1", "-c1"]);
    assertEquals([stderr, code], ["", 0], source);
    assertEquals(stats.byTarget, targets, source);
  }
  const typed = "function request(): string { return wrk.format(null, '/t'); }";
  const { stats } = await runScriptAt(server, typed, ["-n", "3", "-t1", "-c1"], "s.ts");
  assertEquals(stats.byTarget, { "GET /t": 3 });
});

Deno.test("response() gets its body as text and as bytes", async () => {
  const { stdout, stderr } = await runScript(
    "export function response(status, headers, body, bytes) {\n" +
      "  console.log(status, body === 'ok', body.includes('k'), bytes.length, bytes[0]);\n}",
    ["-n", "1", "-t1", "-c1"],
  );
  assertEquals(stderr, "");
  assertStringIncludes(stdout, "200 true true 2 111\n");
});

Deno.test("headers of a script can be an object, Headers or pairs, and replace wrk's", async () => {
  await using server = await ReferenceServer.start();
  const shapes = [
    "{ 'X-A': 'b', 'x-n': 5 }",
    "[['X-A', 'b'], ['x-n', '5']]",
    "new Headers({ 'X-A': 'b', 'x-n': '5' })",
  ];
  for (const shape of shapes) {
    const source = "wrk.headers['x-a'] = 'old';\n" +
      `export const request = () => ({ headers: ${shape} });`;
    const { stderr, stats } = await runScriptAt(server, source, ["-n", "2", "-t1", "-c1"]);
    assertEquals(stderr, "", shape);
    const port = stats.requests === 2 ? String(stats.bytesIn / 2) : "";
    // The server's port has five digits: "GET / HTTP/1.1", both fields, Host.
    const length = "GET / HTTP/1.1\r\nX-A: b\r\nx-n: 5\r\nHost: 127.0.0.1:12345\r\n\r\n".length;
    assertEquals(port, String(length), shape);
  }
});

/** Scripts that would send something else than their author thinks, and what is said about them. */
const wrongShapes: readonly [source: string, complaint: RegExp, name?: string][] = [
  [
    "",
    /s\.js:1: the script would change nothing: define one of setup, .* hayate help load scripts/,
  ],
  ["console.error;\n", /s\.js:1: the script would change nothing/],
  [
    "\nexport function requests() {}",
    /s\.js:2: requests is not one of wrk's .*did you mean request\?/,
  ],
  ["export function respones() {}\nexport const delay = () => 0;", /did you mean response\?/],
  ["\n\nexport default function () {}", /s\.js:3: export default function is k6's/],
  ["wrk.methd = 'POST';", /s\.js:1: wrk\.methd does not exist: did you mean method\?/],
  ["export async function request() { return {}; }", /s\.js:1: request\(\) must not be async/],
  ["export async function response() {}", /s\.js:1: response\(\) must not be async/],
  ["export function* request() {}", /s\.js:1: request\(\) must not be a generator/],
  ["\nexport const request = () => Promise.resolve({});", /s\.js:2: in request\(\): .*a promise/],
  [
    "export const request = () => new Request('http://h/');",
    /returned a Request: expected a string/,
  ],
  ["export const request = () => ({ url: '/' });", /an object with url \(allowed: method, path/],
  ["\nexport const request = () => '';", /s\.js:2: in request\(\): .*returned nothing/],
  ["export const request = () => null;", /returned null/],
  ["export const request = () => [];", /returned nothing/],
  [
    "export const request = () => ({ body: { a: 1 } });",
    /the body is an object: .*JSON\.stringify/,
  ],
  ["wrk.body = { a: 1 };", /the body is an object/],
  ["export const request = () => ({ path: 5 });", /the path is 5: expected text/],
  ["export const request = () => ({ path: '' });", /the path is empty/],
  ["export const request = () => ({ method: 7 });", /7 is not an HTTP method/],
  ["export const request = () => ({ headers: { A: {} } });", /header "A" is an object/],
  ["export const request = () => ({ headers: 'A: b' });", /headers are "A: b"/],
  ["export const request = () => ({ headers: ['A: b'] });", /headers hold "A: b": expected a pair/],
  ["export const delay = () => 'abc';", /in delay\(\): .*returned "abc": expected milliseconds/],
  ["export const delay = () => NaN;", /delay\(\) returned NaN/],
  ["export const delay = () => -5;", /delay\(\) returned -5/],
  ["export const delay = () => Infinity;", /delay\(\) returned Infinity/],
  ["export const delay = () => {};", /delay\(\) returned undefined/],
  ["export const response = () => Promise.resolve();", /response\(\) returned a promise/],
  ['wrk.method = "POST"\n', /a Lua script for wrk: .*help load scripts/, "post.lua"],
  [
    "local n = 0\nrequest = function()\n  n = n + 1\n  return wrk.format()\nend\n",
    /a Lua script for wrk/,
    "counter",
  ],
];

Deno.test("a script of the wrong shape ends the run with one line that has its file and line", async () => {
  await using server = await ReferenceServer.start();
  for (const [source, complaint, name] of wrongShapes) {
    const { code, stderr, stats } = await runScriptAt(
      server,
      source,
      ["-n", "5", "-t1", "-c1"],
      name,
    );
    assertMatch(stderr, complaint);
    assertEquals([code, stderr.trimEnd().split("\n").length], [1, 1], `${source}: ${stderr}`);
    // delay() is asked before, response() behind the first request.
    assertEquals(stats.requests <= 1, true, source);
  }
});

Deno.test("output of a script does not mix with a report on stdout", async () => {
  await using server = await ReferenceServer.start();
  const source = "console.log('top');\nprocess.stdout.write('raw ');\n" +
    "export function init() { console.info('init'); console.dir({ a: 1 }); }\n" +
    "export function setup() { console.debug('setup'); console.table([[1]]); }\n" +
    "export function done() { console.log('done'); Deno.stdout.writeSync(new Uint8Array([104, 105])); }";
  for (const option of ["--json", "--csv", "--timeseries"]) {
    const { code, stdout, stderr } = await runScriptAt(server, source, [
      "-n",
      "5",
      "-t1",
      option,
      "-",
    ]);
    assertEquals(code, 0, stderr);
    for (const word of ["top", "init", "setup", "done", "hi", "raw"]) {
      assertStringIncludes(stderr, word, option);
    }
    if (option === "--json") assertEquals(JSON.parse(stdout).schema, "hayate-load/1");
    assertEquals(/top|init|done|raw/.test(stdout.replaceAll("initial", "")), false, option);
  }
});

/** Where process.exit(7) is called, and what is said. */
const exits: readonly [source: string, line: RegExp][] = [
  ["process.exit(7);", /process\.exit\(7\)/],
  [
    "export function setup() {\n  process.exit(7);\n}",
    /s\.js:2:11: in setup\(\): process\.exit\(7\)\n$/,
  ],
  ["export function init() { Deno.exit(7); }", /s\.js:1:\d+: in init\(\): process\.exit\(7\)\n$/],
  [
    "export function request() { process.exit(7); }",
    /s\.js:1:\d+: in request\(\): process\.exit\(7\)/,
  ],
  ["export function request() { try { process.exit(7); } catch {} return {}; }", /in request\(\)/],
  ["export function response() { process.exit(7); }", /in response\(\): process\.exit\(7\)/],
  ["export function init() { setTimeout(() => process.exit(7), 50); }", /process\.exit\(7\)/],
  ["export function done() { process.exit(7); }", /^$/],
];

Deno.test("process.exit() in a script ends the run with its code", async () => {
  await using server = await ReferenceServer.start();
  for (const [source, line] of exits) {
    const { code, stderr } = await runScriptAt(server, source, [
      "-d",
      "2",
      "-t2",
      "-c2",
      "--json",
      "-",
    ]);
    assertMatch(stderr, line);
    assertEquals(code, 7, source);
  }
});

const loop = "console.error('looping'); for (;;);";
const loops: readonly [source: string, place: string][] = [
  [`export function request() { ${loop} }`, "request()"],
  [`export function response() { ${loop} }`, "response()"],
  [`export function delay() { ${loop} }`, "delay()"],
  [`export function init() { ${loop} }`, "init()"],
  [`export function setup() { ${loop} }`, "setup()"],
  [loop, "the top level"],
];

Deno.test("-d ends an endless loop of a script and names the script", async () => {
  const runs = loops.map(async ([source, place]) => {
    const { code, stderr } = await runScript(source, ["-d", "1", "-t2", "-c2"]);
    assertMatch(stderr, /s\.js: .* did not end: an endless loop\?\n$/);
    assertStringIncludes(stderr, `s.js: ${place} did`);
    assertEquals(code, 1);
  });
  await Promise.all(runs);
});

Deno.test("the first Ctrl-C ends an endless loop of a script and names the script", async () => {
  await using server = await ReferenceServer.start();
  await using folder = await tempFolder();
  const done = `export function done() { ${loop} }`;
  for (const [source, place] of [...loops, [done, "done()"]]) {
    const path = await folder.write("s.js", source);
    const time = place === "done()" ? "500ms" : "60";
    const child = startHayate(["load", "-s", path, "-d", time, "-c2", server.url("/")]);
    await child.waitForLine("looping");
    const { code, stderr } = await child.stop("SIGINT");
    assertEquals(code, 130, place);
    assertStringIncludes(stderr, `s.js: ${place} did not end`);
  }
});

Deno.test("the first Ctrl-C ends an init() that never settles and names it", async () => {
  await using folder = await tempFolder();
  const path = await folder.write(
    "s.js",
    'export function init() { console.log("waiting"); return new Promise(() => {}); }\n',
  );
  const child = startHayate(["load", "-s", path, "-d1", "-t2", "http://127.0.0.1:9/"]);
  await child.waitForLine("waiting");
  const { code, stderr } = await child.stop("SIGINT");
  assertEquals([code, stderr], [130, `hayate load: ${path}: init() was still waiting\n`]);
});

Deno.test("a folder as a script is an error in one line", async () => {
  await using folder = await tempFolder();
  const { code, stderr } = await runHayate(["load", "-s", folder.path, "http://127.0.0.1:9/"]);
  const line = `hayate load: ${folder.path}: is a folder, not a script\n`;
  assertEquals([code, stderr], [1, line]);
});

Deno.test("a missing script is an error in one line", async () => {
  const { code, stderr } = await runHayate(["load", "-s", "/no/such.js", "http://127.0.0.1:9/"]);
  assertEquals([code, stderr], [1, "hayate load: /no/such.js: no such file\n"]);
});
