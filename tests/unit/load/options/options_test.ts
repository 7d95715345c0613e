import { assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../../../../mod/cli/mod.ts";
import { readLoadPlan } from "../../../../mod/load/options/options.ts";

const url = "http://h/";

function errorsOf(...argv: string[]): readonly string[] {
  const error = assertThrows(() => readLoadPlan(argv), UsageError);
  return (error as unknown as UsageError).errors;
}

Deno.test("readLoadPlan() has wrk's defaults, except for one thread", () => {
  const plan = readLoadPlan([url]);
  assertEquals(
    [plan.threads, plan.connections, plan.durationMs, plan.timeoutMs, plan.method],
    [1, 10, 10_000, 2000, "GET"],
  );
  assertEquals([plan.requestCount, plan.stages, plan.keepalive], [Infinity, null, true]);
});

Deno.test("readLoadPlan() reads wrk's letters", () => {
  const plan = readLoadPlan(["-c1k", "-d2m", "-t4", "-T500ms", "-L", "-P/s", "-HA: b", url]);
  assertEquals(
    [plan.connections, plan.durationMs, plan.threads, plan.timeoutMs],
    [1000, 120_000, 4, 500],
  );
  assertEquals([plan.output.latency, plan.unixSocket], [true, "/s"]);
  assertEquals(plan.headers, [{ name: "A", value: "b" }]);
});

Deno.test("readLoadPlan() sets no time limit with -n", () => {
  const plan = readLoadPlan(["-n", "1", url]);
  assertEquals([plan.requestCount, plan.durationMs], [1, Infinity]);
  assertEquals(readLoadPlan(["-n5", "-d1", url]).durationMs, 1000);
});

Deno.test("readLoadPlan() turns rates, ramps and steps into stages", () => {
  const flat = [{ durationMs: 10_000, rateStart: 50_000, rateEnd: 50_000 }];
  assertEquals(readLoadPlan(["-R50k", url]).stages, flat);
  const ramp = [{ durationMs: 4000, rateStart: 100, rateEnd: 300 }];
  assertEquals(readLoadPlan(["-R100:300", "-d4", url]).stages, ramp);
  const steps = readLoadPlan(["--stages", "10s:1k,500ms:0-5k", url]);
  assertEquals(steps.durationMs, 10_500);
  assertEquals(steps.stages, [
    { durationMs: 10_000, rateStart: 1000, rateEnd: 1000 },
    { durationMs: 500, rateStart: 0, rateEnd: 5000 },
  ]);
});

Deno.test("readLoadPlan() expands CIDR blocks of source addresses", () => {
  assertEquals(readLoadPlan(["--source", "10.0.0.5", "--source", "127.0.3.0/30", url]).sources, [
    "10.0.0.5",
    "127.0.3.1",
    "127.0.3.2",
  ]);
  assertEquals(readLoadPlan(["--source", "127.0.0.0/8", url]).sources.length, 1024);
  assertEquals(readLoadPlan(["--source", "fd00::/127", url]).sources, ["fd00::", "fd00::1"]);
});

Deno.test("readLoadPlan() makes a request with a body a POST", () => {
  assertEquals(readLoadPlan(["-b", "x", url]).method, "POST");
  assertEquals(readLoadPlan(["-b", "x", "-X", "PUT", url]).method, "PUT");
});

Deno.test("readLoadPlan() reports all contradictions at once", () => {
  const errors = errorsOf(
    ...["-R5", "--stages", "1s:5", "-d3", "-b", "x", "--body-file", "y", "-c1", "-t2"],
    ...["--pipeline", "3", "--no-keepalive", url, "--", "a"],
  );
  for (
    const part of [
      "--rate and --stages",
      "--body and --body-file",
      "--stages and --duration",
      "--connections 1",
      "--pipeline needs a closed loop",
      "--pipeline needs kept connections",
      "arguments after --",
    ]
  ) assertEquals(errors.some((error) => error.includes(part)), true, part);
  assertEquals(errorsOf(), ["URL is missing"]);
});

Deno.test("readLoadPlan() explains an invalid value", () => {
  for (
    const [flag, value] of [
      ["-R", "0"],
      ["-R", "1:2:3"],
      ["--stages", "10s"],
      ["--stages", "1s:0"],
      ["--percentiles", "50,101"],
      ["--source", "127.0.0.0/33"],
      ["--source", "name"],
      ["--connect-to", ":"],
      ["--start-at", "soon"],
      ["-X", "G T"],
      ["-H", "A: b\nC: d"],
      ["--fail-if", "p99>5"],
      ["--fail-if", "speed>5"],
    ]
  ) assertEquals(errorsOf(flag, value, url).length, 1, `${flag} ${value}`);
});

Deno.test("readLoadPlan() says what --sse cannot be combined with", () => {
  const plan = readLoadPlan(["--sse", "--reconnect", url]);
  assertEquals(plan.eventStreams, { reconnects: true });
  assertEquals(plan.headers, [{ name: "Accept", value: "text/event-stream" }]);
  const own = [{ name: "accept", value: "text/x" }];
  assertEquals(readLoadPlan(["--sse", "-H", "accept: text/x", url]).headers, own);
  assertEquals(readLoadPlan([url]).eventStreams, null);
  const rows: readonly (readonly [argv: string, error: string])[] = [
    ["--reconnect", "--reconnect needs --sse"],
    ["--fail-if events<5", "--fail-if events<5: needs --sse"],
    ["--fail-if gap-p99>1s", "--fail-if gap-p99>1s: needs --sse"],
    [
      "--sse -s a.js",
      "--sse and --script cannot be combined: a script's response() has whole responses",
    ],
    [
      "--sse --pipeline 2",
      "--sse and --pipeline cannot be combined: a stream does not end before the next response",
    ],
    ["--sse --group-by a", "--sse and --group-by cannot be combined: it counts whole responses"],
    [
      "--sse --reconnect -R 5",
      "--reconnect needs a closed loop: with --rate the schedule opens streams",
    ],
    ["--sse --reconnect --template", "--reconnect and --template cannot be combined"],
    [
      "--sse --reconnect -H last-event-ID:5",
      "--reconnect sends Last-Event-ID itself: remove --header 'Last-Event-ID: ...'",
    ],
  ];
  for (const [argv, error] of rows) {
    assertEquals(errorsOf(...argv.split(" "), url), [error]);
  }
});

Deno.test("readLoadPlan() makes a load of WebSockets of ws and wss URLs", () => {
  const plan = readLoadPlan(["-b", "x", "-H", "Origin: a", "--answer", "echo", "wss://h/p"]);
  assertEquals(plan.webSocket, { answer: "echo", binary: false, holds: false });
  assertEquals([plan.method, plan.targets[0].scheme], ["GET", "https"]);
  assertEquals(
    plan.headers.map(({ name }) => name),
    ["Origin", "Connection", "Upgrade", "Sec-WebSocket-Version", "Sec-WebSocket-Key"],
  );
  assertEquals(readLoadPlan(["--answer", "none", "ws://h/"]).webSocket?.holds, true);
  assertEquals(readLoadPlan(["--answer", "none", "-R5", "ws://h/"]).webSocket?.holds, false);
  assertEquals(readLoadPlan([url]).webSocket, null);
  const both = (flag: string, why: string) =>
    `a WebSocket and --${flag} cannot be combined: ${why}`;
  const own = (name: string) =>
    `--header ${name}: the handshake has it by itself, and offers no extension`;
  const rows: readonly (readonly [argv: string, error: string])[] = [
    ["--answer any http://h/", "--answer needs a URL with ws:// or wss://"],
    ["--binary http://h/", "--binary needs a URL with ws:// or wss://"],
    ["--fail-if messages<5 http://h/", "--fail-if messages<5: needs a URL with ws:// or wss://"],
    ["ws://h/ http://h/", "all URLs must be ws or wss, or none of them"],
    ["--http2 ws://h/", both("http2", "WebSockets over HTTP/2 (RFC 8441) are not supported")],
    ["--sse ws://h/", both("sse", "they are different protocols")],
    ["-X PUT ws://h/", both("method", "the handshake is a GET")],
    ["--no-keepalive ws://h/", both("no-keepalive", "sockets are held")],
    ["-s a.js ws://h/", both("script", "a script makes requests")],
    ["-H Sec-WebSocket-Extensions:a ws://h/", own("Sec-WebSocket-Extensions")],
    ["-H upgrade:a ws://h/", own("upgrade")],
    [
      "--answer none -n 5 ws://h/",
      "--answer none sends nothing without --rate: --requests has no meaning",
    ],
  ];
  for (const [argv, error] of rows) assertEquals(errorsOf(...argv.split(" ")), [error], argv);
  assertEquals(readLoadPlan(["-H", "Sec-WebSocket-Protocol: a", "ws://h/"]).headers.length, 5);
});
