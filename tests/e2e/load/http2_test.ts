/** `hayate load --http2` against a server that the test scripts frame by frame. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { RunJson } from "../../../mod/load/report/json/report_json.ts";
import { runHayate, sleep } from "../../support/binary.ts";
import { Code, type Http2Peer, Http2Server, Setting } from "../../support/http2_server.ts";
import { measure } from "../../support/load.ts";
import { ReferenceServer } from "../../support/reference_server.ts";

/** Requests sent, answered and failed. */
function counts(run: RunJson): number[] {
  return [run.requestsSent, run.requestsAnswered, run.requestsFailed];
}

function failures(run: RunJson): string[] {
  return run.failures.map(({ kind, code, count }) => `${kind} ${code} ${count}`);
}

async function measure2(server: Http2Server, flags: string, ...more: string[]): Promise<RunJson> {
  return await measure("--http2", ...flags.split(" "), ...more, server.url);
}

for (const flags of ["-c1", "-c3 -m5", "-t2 -c4 -m32", "-c2 -m3 --requests-per-connection 7"]) {
  Deno.test(`load --http2 -n 123 ${flags} sends and counts 123 requests`, async () => {
    await using server = new Http2Server();
    const run = await measure2(server, `-n 123 ${flags}`);
    assertEquals(counts(run), [123, 123, 0]);
    assertEquals(server.requestCount, 123);
    const streams = Number(/-m(\d+)/.exec(flags)?.[1] ?? 1);
    for (const { openMax } of server.connections) assert(openMax <= streams, `${openMax}`);
    if (flags.includes("per-connection")) {
      assert(server.connections.every(({ requestCount }) => requestCount <= 7));
    } else assertEquals(run.connections.made, server.connections.length);
  });
}

Deno.test("load --http2 works on the portable reactor", async () => {
  await using server = new Http2Server();
  const args = ["load", "--http2", "-n", "50", "-c2", "-m4", server.url];
  const { stdout, code } = await runHayate(args, { env: { HAYATE_REACTOR: "portable" } });
  assertEquals(code, 0);
  assertStringIncludes(stdout, "  50 requests in ");
  assertStringIncludes(stdout, "Protocol: HTTP/2, 4 at once on each of 2 connections\n");
});

Deno.test("load opens no more streams than the server allows, and all lanes have their turn", async () => {
  let waiting: number[] = [];
  await using server = new Http2Server({
    settings: [[Setting.maxConcurrentStreams, 3]],
    onRequest: (connection, id) => {
      // The last two have no third one to wait for.
      if (waiting.push(id) < 3 && connection.requestCount < 198) return;
      for (const each of waiting) connection.answer(each);
      waiting = [];
    },
  });
  const run = await measure2(server, "-n 200 -c1 -m10");
  assertEquals(counts(run), [200, 200, 0]);
  assertEquals(server.connections[0].openMax, 3);
});

Deno.test("load follows a limit that the server lowers and raises under way", async () => {
  const limits = [2, 1, 6];
  await using server = new Http2Server({
    settings: [[Setting.maxConcurrentStreams, 5]],
    onRequest: (connection, id) => {
      if (connection.requestCount % 20 === 0) {
        const limit = limits[connection.requestCount / 20 % limits.length];
        connection.settings([[Setting.maxConcurrentStreams, limit]]);
      }
      connection.answer(id);
    },
  });
  const run = await measure2(server, "-n 300 -c1 -m8");
  assertEquals(counts(run), [300, 300, 0]);
  assert(server.connections[0].openMax <= 6);
});

/** Streams above the last one of its GOAWAY are ignored, as RFC 9113 6.8 has it. */
function goawayAfter(lastRequest: number, isGentle: boolean) {
  const processed: number[] = [];
  const onRequest = (connection: Http2Peer, id: number) => {
    const number = (id + 1) / 2;
    if (number > lastRequest && !isGentle) return;
    processed.push(id);
    if (number === lastRequest && isGentle) connection.goaway(2 ** 31 - 1);
    if (number === lastRequest && !isGentle) connection.goaway(id);
    connection.answer(id);
  };
  return { processed, onRequest };
}

for (const isGentle of [false, true]) {
  Deno.test(`load moves to a new connection after a GOAWAY${isGentle ? " of 2^31-1" : ""}`, async () => {
    const { processed, onRequest } = goawayAfter(20, isGentle);
    await using server = new Http2Server({ onRequest });
    const run = await measure2(server, "-n 200 -c2 -m8");
    assertEquals(counts(run), [200, 200, 0]);
    assertEquals([processed.length, run.requestsRetried], [200, 0]);
    const { made, closedAfterResponse, closedIdleByServer, lost } = run.connections;
    assertEquals([made, lost], [server.connections.length, 0]);
    assert(closedAfterResponse + closedIdleByServer >= made - 2);
  });
}

Deno.test("a request that was turned away does not wait for lanes that have none", async () => {
  const { processed, onRequest } = goawayAfter(20, false);
  const settings = [[Setting.maxConcurrentStreams, 2]] as const;
  await using server = new Http2Server({ onRequest, settings });
  const run = await measure2(server, "-n 500 -c3 -m8");
  assertEquals(counts(run), [500, 500, 0]);
  assertEquals(processed.length, 500);
});

Deno.test("load follows GOAWAYs with -R, and sends every request once", async () => {
  const { processed, onRequest } = goawayAfter(10, false);
  await using server = new Http2Server({ onRequest });
  const run = await measure2(server, "-R 200 -n 100 -c2 -m4");
  assertEquals(counts(run), [100, 100, 0]);
  assertEquals(processed.length, 100);
});

Deno.test("a server that turns every stream away fails the requests in the end", async () => {
  await using server = new Http2Server({ onRequest: (connection) => connection.goaway(0) });
  const run = await measure2(server, "-n 6 -c1 -m3");
  assertEquals(failures(run), ["streamRefused GOAWAY 6"]);
  assertEquals(counts(run), [6, 0, 6]);
});

Deno.test("streams that the server resets or refuses are failures of their own kinds", async () => {
  await using server = new Http2Server({
    onRequest: (connection, id) => {
      const number = (id + 1) / 2;
      if (number % 4 === 0) connection.reset(id, Code.internalError);
      else if (number % 4 === 1) connection.reset(id, Code.refusedStream);
      else connection.answer(id);
    },
  });
  const run = await measure2(server, "-n 100 -c1 -m4");
  assertEquals(failures(run), ["streamReset INTERNAL_ERROR 25", "streamRefused REFUSED_STREAM 25"]);
  assertEquals(counts(run), [100, 50, 50]);
  assertEquals(run.connections.made, 1);
  const args = ["load", "--http2", "-n8", "-c1", "--fail-if", "streamReset>1", server.url];
  const { code, stdout } = await runHayate(args);
  assertEquals(code, 3);
  assertMatch(stdout, /Failed requests: 4: streamReset 2 \(INTERNAL_ERROR\), streamRefused 2/);
});

Deno.test("with --retry a refused stream is sent again, once", async () => {
  await using server = new Http2Server({
    onRequest: (connection, id) =>
      id % 8 === 1 ? connection.reset(id, Code.refusedStream) : connection.answer(id),
  });
  const run = await measure2(server, "-n 60 -c1 -m1 --retry");
  assertEquals([run.requestsAnswered, run.requestsFailed, run.requestsRetried], [60, 0, 20]);
});

for (
  const [what, kind, act] of [
    ["before its response", "read EEOF", (_peer: Http2Peer, _id: number) => {}],
    ["in the middle of it", "truncated EEOF", (peer: Http2Peer, id: number) => peer.head(id)],
  ] as const
) {
  Deno.test(`a connection that ends ${what} fails the requests on it`, async () => {
    await using server = new Http2Server({
      onRequest: async (connection, id) => {
        if (connection.number > 0) return connection.answer(id);
        act(connection, id);
        if (connection.openCount === 4) await connection.close();
      },
    });
    const run = await measure2(server, "-n 40 -c1 -m4");
    assertEquals(failures(run), [`${kind} 4`]);
    assertEquals(counts(run), [40, 36, 4]);
    assertEquals([run.connections.made, run.connections.lost], [2, 1]);
  });
}

Deno.test("a GOAWAY with an error names the failure of what was under way", async () => {
  await using server = new Http2Server({
    onRequest: async (connection, id) => {
      if (connection.number > 0) return connection.answer(id);
      connection.goaway(2 ** 31 - 1, 11);
      await connection.close();
    },
  });
  const run = await measure2(server, "-n 10 -c1");
  assertEquals(failures(run), ["read GOAWAY ENHANCE_YOUR_CALM 1"]);
});

Deno.test("a body waits for the server's windows, however small", async () => {
  await using server = new Http2Server({
    settings: [[Setting.initialWindowSize, 100]],
    onHead: (connection, id) => {
      // What is open already gets the difference, too (RFC 9113 6.9.2).
      if (id === 1) connection.settings([[Setting.initialWindowSize, 1000]]);
      connection.windowUpdate(0, 10_000);
      for (let given = 0; given < 10_000; given += 250) connection.windowUpdate(id, 250);
    },
  });
  const run = await measure2(server, "-n 20 -c1 -m2 -b", "x".repeat(9999));
  assertEquals(counts(run), [20, 20, 0]);
  assertEquals([...server.connections[0].bodyBytes.values()], new Array(20).fill(9999));
});

Deno.test("an answer before the end of the upload counts, and ends the upload", async () => {
  await using server = new Http2Server({
    settings: [[Setting.initialWindowSize, 10]],
    onHead: (connection, id) => connection.answer(id),
  });
  const run = await measure2(server, "-n 10 -c1 -m2 -b", "x".repeat(999));
  assertEquals(counts(run), [10, 10, 0]);
  assertEquals(run.connections.made, 1);
  assert(server.connections[0].resets.every(([, code]) => code === Code.cancel));
});

Deno.test("a late response costs its stream; a silent connection is replaced", async () => {
  await using server = new Http2Server({
    // The second stream of the first connection is never answered, others a little later.
    onRequest: async (connection, id) => {
      if (connection.number === 0 && id === 3) return;
      await sleep(5);
      connection.answer(id);
    },
  });
  const run = await measure2(server, "-n 300 -c1 -m2 --timeout 300ms");
  assertEquals(failures(run), ["timeout ETIMEDOUT 1"]);
  assertEquals(counts(run), [300, 299, 1]);
  assertEquals(server.connections.length, 1);
  assertEquals(server.connections[0].resets, [[3, Code.cancel]]);

  await using silent = new Http2Server({
    onRequest: (connection, id) => connection.number === 0 ? undefined : connection.answer(id),
  });
  const other = await measure2(silent, "-n 20 -c1 -m2 --timeout 300ms");
  // The acknowledgement of the client's SETTINGS may arrive after the first two requests were sent.
  assertMatch(failures(other).join(), /^timeout ETIMEDOUT [24]$/);
  assertEquals([other.connections.made, other.connections.lost], [2, 1]);
});

Deno.test("with -R latency begins when a request was due, while a stall holds all streams", async () => {
  let stalled = Promise.resolve();
  await using server = new Http2Server({
    onRequest: async (connection, id) => {
      if (id === 41) stalled = sleep(700);
      await stalled;
      connection.answer(id);
    },
  });
  const run = await measure2(server, "-R 100 -d 2s -c1 -m2");
  assert(run.latency.maxUs! >= 600_000, `${run.latency.maxUs}`);
  // 70 of 200 requests were due in the stall; two were sent in it.
  assert(run.latency.percentilesUs["p90"]! >= 200_000, JSON.stringify(run.latency));
  assert(run.schedule!.requestsDue >= 199);
  assertEquals(run.requestsFailed, 0);
});

Deno.test("a malformed response is a failure of its stream, a malformed frame of its connection", async () => {
  await using server = new Http2Server({
    onRequest: (connection, id) => {
      // A field name in upper case: a literal without indexing (RFC 7541 6.2.2, RFC 9113 8.2.1).
      if (id === 3) connection.frame(1, 5, id, Uint8Array.of(0x88, 0, 1, 0x41, 1, 0x62));
      else if (id === 9) connection.frame(6, 0, 0, Uint8Array.of(1));
      else connection.answer(id);
    },
  });
  const run = await measure2(server, "-n 20 -c1");
  assertEquals(run.failedByKind["protocol"], run.requestsFailed);
  assertMatch(failures(run).join(), /FRAME_SIZE_ERROR/);
  assert(run.requestsFailed >= 2);
});

Deno.test("load --http2 says in one line that a server does not speak HTTP/2", async () => {
  await using server = await ReferenceServer.start();
  const { code, stderr } = await runHayate(["load", "--http2", "-c1", server.url("/")]);
  assertEquals(code, 1);
  assertMatch(stderr, /^hayate load: 127\.0\.0\.1:\d+ does not speak HTTP\/2: it [^\n]*\n$/);
});

Deno.test("--json says the protocol, and the flags refuse what cannot be combined", async () => {
  await using server = new Http2Server();
  const { stdout } = await runHayate(
    ["load", "--http2", "-m3", "-n5", "-c1", "--json", "-", server.url],
  );
  const { plan } = JSON.parse(stdout);
  assertEquals([plan.protocol, plan.streamsPerConnection], ["HTTP/2", 3]);
  const rows: [string[], string][] = [
    [["-m", "2"], "--streams needs --http2"],
    [["--http2", "--pipeline", "2"], "--http2 and --pipeline cannot be combined: use --streams"],
    [["--http2", "--http1.0"], "--http2 and --http1.0 cannot be combined"],
    [["--http2", "-m2", "--no-keepalive"], "--streams needs kept connections"],
  ];
  for (const [flags, line] of rows) {
    const { code, stderr } = await runHayate(["load", ...flags, server.url]);
    assertEquals(code, 2);
    assertStringIncludes(stderr, line);
  }
});
