/** `hayate load` against a server whose counts and behaviour are known. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { runHayate, sleep, startHayate } from "../../support/binary.ts";
import { freePort } from "../../support/ports.ts";
import { measure } from "../../support/load.ts";
import { ReferenceServer } from "../../support/reference_server.ts";

const amount = " +[\\d.]+(?:us|ms|s|m|k|M|) *";
const layout = new RegExp(
  [
    "^Running 1s test @ http://127\\.0\\.0\\.1:\\d+/",
    "  2 threads and 10 connections",
    "  Thread Stats   Avg      Stdev     Max   \\+/- Stdev",
    `    Latency${amount}${amount}${amount} +[\\d.]+%`,
    `    Req/Sec${amount}${amount}${amount} +[\\d.]+%`,
    "  Latency Distribution",
    `     50%${amount}`,
    `     75%${amount}`,
    `     90%${amount}`,
    `     99%${amount}`,
    "  \\d+ requests in 1\\.\\d\\ds, [\\d.]+[KM]B read",
    "Requests/sec: [ \\d]{5,}\\.\\d\\d",
    "Transfer/sec: [ \\d]{5,}\\.\\d\\d[KM]B\n",
  ].join("\n"),
);

Deno.test("load prints wrk's report, line by line", async () => {
  await using server = await ReferenceServer.start();
  const { stdout, code } = await runHayate([
    "load",
    "-t2",
    "-d",
    "1",
    "--latency",
    server.url("/"),
  ]);
  assertMatch(stdout, layout);
  assertEquals(code, 0);
});

for (
  const flags of [
    "-t1 -c7",
    "-t2 -c7",
    "-t2 -c4 --pipeline 5",
    "-t1 -c3 --no-keepalive",
    "-t1 -c3 --requests-per-connection 5",
    // The sixth request of a connection is in the middle of a batch.
    "-t1 -c3 --pipeline 4 --requests-per-connection 6",
    "-t2 -c3 --pipeline 9 --requests-per-connection 2 -X POST",
  ]
) {
  Deno.test(`load -n 1234 ${flags} sends 1234 requests and counts what the server counts`, async () => {
    await using server = await ReferenceServer.start();
    await server.stats();
    const run = await measure(...flags.split(" "), "-n", "1234", server.url("/"));
    const stats = await server.stats();
    assertEquals(stats.requests, 1234);
    assertEquals([run.requestsSent, run.requestsAnswered, run.requestsFailed], [1234, 1234, 0]);
    assertEquals([run.bytesSent, run.bytesRead], [stats.bytesIn, stats.bytesOut]);
    assertEquals([run.latency.count, run.requestsRetried], [1234, 0]);
  });
}

Deno.test("load -n 12345 arrives as 12345", async () => {
  await using server = await ReferenceServer.start();
  await server.stats();
  const run = await measure("-n", "12345", server.url("/"));
  assertEquals((await server.stats()).requests, 12345);
  assertEquals(run.requestsAnswered, 12345);
});

Deno.test("load -d counts requests like the server, those in flight at the end included", async () => {
  await using server = await ReferenceServer.start();
  await server.stats();
  const run = await measure("-d", "500ms", "-c", "20", server.url("/fixed?ms=20"));
  const stats = await server.stats();
  assertEquals(run.requestsSent, stats.requests);
  assertEquals(run.requestsAnswered + run.requestsInFlightAtEnd, stats.requests);
  assertEquals(run.requestsFailed, 0);
});

/** What wrk takes for read errors and is none. */
const harmless = ["/eof", "/close", "/chunked", "/hangup?after=3"];

Deno.test("load does not count EOF framing and closed kept connections as errors", async () => {
  await using server = await ReferenceServer.start();
  for (const path of harmless) {
    const run = await measure("-t1", "-c4", "-n", "200", "--retry", server.url(path));
    assertEquals([run.requestsAnswered, run.requestsFailed], [200, 0], path);
  }
});

Deno.test("load --retry reports how many requests it sent again because a kept connection was closed", async () => {
  await using server = await ReferenceServer.start();
  const flags = ["-t1", "-c1", "-n", "30", "--retry"];
  const run = await measure(...flags, server.url("/hangup?after=3"));
  assertEquals(run.requestsAnswered, 30);
  assertEquals(run.requestsRetried + run.connections.closedIdleByServer >= 9, true);
  // What may not be repeated is a failure.
  const post = await measure(...flags, "-X", "POST", server.url("/hangup?after=3"));
  assertEquals(post.requestsRetried, 0);
  assertEquals(post.requestsAnswered + post.requestsFailed, 30);
});

Deno.test("load changes its loopback address before ports are scarce", async () => {
  const port = freePort();
  await using server = startHayate([
    "serve",
    "--host",
    "127.0.0.1",
    "--port",
    `${port}`,
    "--text",
    "x",
  ]);
  await server.waitForLine(/listening on/);
  const flags = ["-t1", "-c4", "-n", "10100", "--no-keepalive"];
  const run = await measure(...flags, `http://127.0.0.1:${port}/`);
  assertEquals([run.requestsAnswered, run.requestsFailed], [10_100, 0]);
  assertEquals(run.connections.sourceAddressesAdded, 1);
});

/** A client that has sent close sends nothing more on the connection (RFC 9112 9.6). */
const closing: readonly string[][] = [
  ["-H", "Connection: close"],
  ["-H", "connection: X-Other , CLOSE"],
  ["--no-keepalive"],
  ["--http1.0", "-H", "Connection: X-Other"],
];

Deno.test("load sends nothing on a connection after its own Connection: close", async () => {
  await using server = await ReferenceServer.start();
  for (const flags of closing) {
    for (const method of ["GET", "POST"]) {
      await server.stats();
      // It closes without having announced it, as nothing obliges it to.
      const url = server.url("/hangup?after=1");
      const run = await measure("-t1", "-c4", "-n", "300", "-X", method, ...flags, url);
      const { requests, connections } = await server.stats();
      const what = `${method} ${flags}`;
      assertEquals(
        [run.requestsAnswered, run.requestsFailed, run.requestsRetried],
        [300, 0, 0],
        what,
      );
      // One connection each, one for the question, and those made as the last response came.
      assertEquals(requests, 300, what);
      assertEquals(connections >= 301 && connections <= 305, true, `${what}: ${connections}`);
    }
  }
  const refused = await runHayate([
    ...["load", "--pipeline", "2", "--requests-per-connection", "3"],
    ...["-H", "Connection: close", "http://h/"],
  ]);
  assertEquals(refused.code, 2);
  assertStringIncludes(refused.stderr, "remove --header 'Connection: close'");
});

Deno.test("load counts refused connections and keeps trying", async () => {
  const port = freePort();
  const url = `http://127.0.0.1:${port}/`;
  const run = await measure("-t1", "-c2", "-d", "500ms", url);
  assertEquals(run.failures.map(({ kind, code }) => `${kind} ${code}`), ["refused ECONNREFUSED"]);
  assertEquals(run.requestsFailed, run.failedByKind["refused"]);
  assertEquals(run.requestsFailed > 2, true);
});

Deno.test("load exits with one line when a name cannot be resolved", async () => {
  const { code, stdout, stderr } = await runHayate(["load", "http://no-such-name.invalid/"]);
  assertEquals([code, stdout], [1, ""]);
  assertEquals(
    stderr,
    "hayate load: cannot resolve host name no-such-name.invalid: no such name\n",
  );
});

Deno.test("load reaches a unix socket by flag and by URL, without looking the host up", async () => {
  await using server = await ReferenceServer.start();
  const targets = [
    ["-P", server.socketPath, "http://no-such-name.invalid/"],
    [`http://unix:${server.socketPath}:/`],
    [`http://[unix:${server.socketPath}]/`],
  ];
  for (const target of targets) {
    await server.stats();
    const run = await measure("-n", "50", ...target);
    assertEquals(run.requestsAnswered, 50);
    assertEquals((await server.stats()).byTarget, { "GET /": 50 });
  }
});

Deno.test("load sends the given method, fields and body; HEAD works", async () => {
  await using server = await ReferenceServer.start();
  const head = await measure("-X", "HEAD", "-n", "20", server.url("/"));
  assertEquals(head.requestsAnswered, 20);
  await server.stats();
  await measure("-H", "X-A: b", "-b", "hello", "-n", "4", server.url("/"));
  const stats = await server.stats();
  assertEquals(stats.byTarget, { "POST /": 4 });
  assertEquals(
    stats.bytesIn / 4,
    `POST / HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\n`.length +
      "X-A: b\r\nContent-Length: 5\r\n\r\nhello".length,
  );
});

Deno.test("load rotates through several URLs and the lines of --urls", async () => {
  await using server = await ReferenceServer.start();
  const path = await Deno.makeTempFile();
  await Deno.writeTextFile(path, `# two\nHEAD ${server.url("/")}\n\n${server.url("/chunked")}\n`);
  await server.stats();
  await measure("-t1", "-c1", "-n", "30", "--urls", path, server.url("/status?code=200"));
  const { byTarget } = await server.stats();
  assertEquals(byTarget, { "GET /status?code=200": 10, "HEAD /": 10, "GET /chunked": 10 });
  await Deno.remove(path);
});

Deno.test("load keeps the order of several URLs when requests are pipelined", async () => {
  await using server = await ReferenceServer.start();
  const urls = ["a", "b", "c", "d"].map((name) => server.url(`/?${name}`));
  await server.stats();
  await measure("-t1", "-c1", "-n", "14", "--pipeline", "3", ...urls);
  const { byTarget } = await server.stats();
  assertEquals(byTarget, { "GET /?a": 4, "GET /?b": 4, "GET /?c": 3, "GET /?d": 3 });
});

Deno.test("load makes one connection per request, also from other addresses and with resets", async () => {
  await using server = await ReferenceServer.start();
  for (const flags of [[], ["--linger0"], ["--source", "127.0.3.0/30"]]) {
    await server.stats();
    const run = await measure(
      "-t1",
      "-c3",
      "-n",
      "100",
      "--no-keepalive",
      ...flags,
      server.url("/"),
    );
    assertEquals([run.requestsAnswered, run.requestsFailed], [100, 0]);
    assertEquals(run.connections.made >= 100 && run.connections.made <= 103, true);
  }
});

Deno.test("load --requests-per-connection replaces connections", async () => {
  await using server = await ReferenceServer.start();
  const run = await measure(
    ...["-t1", "-c1", "-n", "100", "--requests-per-connection", "10", server.url("/")],
  );
  assertEquals([run.requestsAnswered, run.requestsFailed], [100, 0]);
  assertEquals(run.connections.made, 10);
});

Deno.test("load sends user:password of a URL as Basic credentials", async () => {
  await using server = await ReferenceServer.start();
  const host = `127.0.0.1:${server.port}`;
  // RFC 7617 2: user-id and password, colon between them, in base64.
  const field = `Authorization: Basic ${btoa("me:a b")}\r\n`;
  const plain = `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
  const own = ["-H", "Authorization: own"];
  const rows: [string[], number][] = [[[], plain.length + field.length], [own, plain.length + 20]];
  for (const [flags, length] of rows) {
    await server.stats();
    await measure("-n", "4", ...flags, `http://me:a%20b@${host}/`);
    assertEquals((await server.stats()).bytesIn / 4, length, `${flags}`);
  }
});

Deno.test("load --fail-if exits with 3 and a line for each condition that holds", async () => {
  await using server = await ReferenceServer.start();
  const { code, stderr } = await runHayate([
    ...["load", "-n", "20", "--fail-if", "p99>1us", "--fail-if", "errors>0"],
    ...["--fail-if", "rps<1M", server.url("/")],
  ]);
  assertEquals(code, 3);
  assertMatch(
    stderr,
    /^threshold failed: p99>1us \(measured [\d.]+[um]s\)\nthreshold failed: rps<1M \(measured [\d.]+\)\n$/,
  );
});

Deno.test("load reports its measurements at Ctrl-C and exits at the second one", async () => {
  await using server = await ReferenceServer.start();
  const first = startHayate(["load", "-d", "60", server.url("/fixed?ms=5")]);
  await first.waitForLine("threads and");
  await sleep(500);
  const ended = await first.stop("SIGINT");
  assertEquals(ended.code, 130);
  assertMatch(ended.stdout, /\n {2}\d\d+ requests in [\d.]+m?s, .*\nRequests\/sec: /);
  const waiting = startHayate(["load", "--start-at", "@4102444800", server.url("/")]);
  await sleep(300);
  assertEquals((await waiting.stop("SIGINT")).code, 130);
});

Deno.test("load starts at the time of --start-at, and refuses one in the past", async () => {
  await using server = await ReferenceServer.start();
  const startAtMs = Date.now() + 4000;
  const at = (startAtMs / 1000).toFixed(3);
  const run = await measure("-n", "5", "--start-at", at, server.url("/"));
  assertEquals(Date.parse(run.startedAt) >= startAtMs, true, run.startedAt);
  await server.stats();
  const late = await runHayate(["load", "-n", "5", "--start-at", "@1", server.url("/")]);
  assertMatch(
    late.stderr,
    /^hayate load: --start-at @1: this time was \d+ days, .* ago: it must be in the future\n/,
  );
  assertEquals([late.code, late.stdout, (await server.stats()).requests], [2, "", 0]);
});

Deno.test("load refuses source addresses that reach no target", async () => {
  // 192.0.2.1 is in TEST-NET-1, which no host uses (RFC 5737).
  const faults: [string[], string][] = [
    [["127.0.0.9", "192.0.2.1"], "192.0.2.1: not an address of this machine"],
    [["127.0.0.9", "::1"], "::1: 127.0.0.9 is of another family"],
    [["::1"], "::1: 127.0.0.1 has no IPv6 address"],
  ];
  for (const [sources, fault] of faults) {
    const flags = sources.flatMap((source) => ["--source", source]);
    const result = await runHayate(["load", "-n", "5", ...flags, "http://127.0.0.1:1/"]);
    assertEquals(result.stderr, `hayate load: --source ${fault}\n`);
    assertEquals([result.stdout, result.code], ["", 1]);
  }
});

Deno.test("load refuses wrong usage with every error at once", async () => {
  const { code, stderr } = await runHayate([
    ...["load", "-H", "A: b\r\nC: d", "-R", "fast", "--fail-if", "p99", "--conections", "3"],
    "http://h/",
  ]);
  assertEquals(code, 2);
  for (
    const part of ["line break", "not a rate", "not like p99>5ms", "did you mean --connections?"]
  ) assertStringIncludes(stderr, part);
  const late = await runHayate(["load", "-c1", "-t2", "http://h:99999/", "ftp://h/"]);
  for (const part of ["port 99999", "scheme ftp", "--connections 1 is less than --threads 2"]) {
    assertStringIncludes(late.stderr, part);
  }
});
