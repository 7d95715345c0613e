/** Failing upstreams: what is retried, and what the client gets. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { freePort } from "../../support/ports.ts";
import {
  always,
  parts,
  response,
  ScriptedUpstream,
  TestProxy,
  type UpstreamScript,
} from "../../support/proxy.ts";

/** A proxy in front of an upstream with these servers and further lines. */
function before(
  servers: readonly (string | ScriptedUpstream)[],
  lines: readonly string[] = [],
): Promise<TestProxy> {
  return TestProxy.beforeServers(servers, lines, ["proxy.timeout.io: 700"]);
}

const closesAtOnce: UpstreamScript = async (peer) => void await peer.readHead();
const silent: UpstreamScript = async (peer) => {
  await peer.readHead();
  await peer.raw.waitForClose();
};
const garbage: UpstreamScript = async (peer) => {
  await peer.readHead();
  await peer.send("SSH-2.0-OpenSSH_9.2\r\n\r\n");
};

Deno.test("A refused connection, an early close and a bad head are 502, a timeout is 504", async () => {
  const rows: [string, UpstreamScript | null, number][] = [
    ["refused", null, 502],
    ["closed", closesAtOnce, 502],
    ["garbage", garbage, 502],
    ["silent", silent, 504],
  ];
  for (const [label, script, expected] of rows) {
    await using upstream = ScriptedUpstream.start(script ?? always(""));
    const server = script === null ? `127.0.0.1:${freePort()}` : upstream;
    await using proxy = await before([server]);
    const { status, body } = parts(await proxy.get("/"));
    assertEquals(status, expected, label);
    assert(body.length > 5, label);
  }
});

Deno.test("A failed attempt goes to the next peer, which answers", async () => {
  for (const script of [null, closesAtOnce, silent]) {
    await using bad = ScriptedUpstream.start(script ?? always(""));
    await using good = ScriptedUpstream.start(always(response("good")));
    await using proxy = await before([script === null ? `127.0.0.1:${freePort()}` : bad, good]);
    for (let i = 0; i < 4; i++) assertEquals(parts(await proxy.get("/")).body, "good");
    // Temporarily disabled after its first failure (max_fails=1).
    assert(bad.heads.length <= 1, `${bad.heads.length} requests reached the bad peer`);
  }
});

Deno.test("A POST is retried only if it was not sent", async () => {
  await using bad = ScriptedUpstream.start(closesAtOnce);
  await using good = ScriptedUpstream.start(always(response("good")));
  const post = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nConnection: close\r\n\r\nab";
  await using proxy = await before([bad, good]);
  assertEquals(parts(await proxy.exchange(post)).status, 502);
  await using refused = await before([`127.0.0.1:${freePort()}`, good]);
  assertEquals(parts(await refused.exchange(post)).body, "good");
  assertEquals(await withBody(good), true);
  await using permitted = await before([bad, good], [
    "next_upstream: error timeout non_idempotent",
  ]);
  assertEquals(parts(await permitted.exchange(post)).body, "good");
});

/** Whether the last request that reached the upstream announced its body. */
function withBody(upstream: ScriptedUpstream): Promise<boolean> {
  return Promise.resolve(/content-length: 2/i.test(upstream.heads.at(-1) ?? ""));
}

Deno.test("A request with a body is sent again with all of it", async () => {
  const bodies: string[] = [];
  await using bad = ScriptedUpstream.start(async (peer) => {
    await peer.readHead();
    await peer.raw.readBytes(3);
  });
  await using good = ScriptedUpstream.start(async (peer) => {
    await peer.readHead();
    bodies.push(await peer.raw.readBytes(10));
    await peer.send(response("good"));
  });
  await using proxy = await before([bad, good]);
  using client = await proxy.connect();
  await client.send(
    "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\nConnection: close\r\n\r\n12345",
  );
  await new Promise((resolve) => setTimeout(resolve, 150));
  await client.send("67890");
  await client.readUntil("good");
  assertEquals(bodies, ["1234567890"]);
});

Deno.test("A status is retried at another peer only when next_upstream lists it", async () => {
  await using bad = ScriptedUpstream.start(always(response("bad", "", "503 Service Unavailable")));
  await using good = ScriptedUpstream.start(always(response("good")));
  await using plain = await before([bad, good]);
  assertEquals(parts(await plain.get("/")).status, 503);
  await using listed = await before([bad, good], ["next_upstream: error http_503"]);
  assertEquals(parts(await listed.get("/")).body, "good");
  // The last peer's response is forwarded unchanged.
  await using alone = await before([bad], ["next_upstream: error http_503"]);
  assertEquals(parts(await alone.get("/")).body, "bad");
});

Deno.test("next_upstream_tries bounds the attempts", async () => {
  await using first = ScriptedUpstream.start(closesAtOnce);
  await using second = ScriptedUpstream.start(closesAtOnce);
  await using third = ScriptedUpstream.start(always(response("good")));
  await using proxy = await before([first, second, third], ["next_upstream_tries: 2"]);
  assertEquals(parts(await proxy.get("/")).status, 502);
  assertEquals([first.heads.length, second.heads.length, third.heads.length], [1, 1, 0]);
});

Deno.test("A kept connection that the upstream has closed fails no request", async () => {
  await using upstream = ScriptedUpstream.start(async (peer) => {
    // Answers once, then closes when the next request arrives.
    await peer.readHead();
    await peer.send(response(`from ${peer.index}`));
    await peer.readHead();
  });
  await using proxy = await before([upstream]);
  for (let i = 1; i <= 3; i++) assertMatch(await proxy.get("/"), /from \d$/);
  assertEquals(upstream.connectionCount, 3);
  // A POST may have been processed, so it is not sent twice.
  const post = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
  assertEquals(parts(await proxy.exchange(post)).status, 502);
});

Deno.test("Without a live peer the response is 502, or 503 with Retry-After if configured", async () => {
  await using proxy = await before(["127.0.0.1:1 down", "127.0.0.1:2 down"]);
  const plain = parts(await proxy.get("/"));
  assertEquals([plain.status, plain.body], [502, "no live upstreams\n"]);
  await using chosen = await before(["127.0.0.1:1 down"], ["no_live: 503"]);
  const { status, head } = parts(await chosen.get("/"));
  assertEquals(status, 503);
  assertMatch(head, /\r\nRetry-After: \d+\r\n/);
});

Deno.test("A backup answers when the primaries fail", async () => {
  await using backup = ScriptedUpstream.start(always(response("backup")));
  await using proxy = await before([`127.0.0.1:${freePort()}`, `127.0.0.1:${backup.port} backup`]);
  assertEquals(parts(await proxy.get("/")).body, "backup");
});

Deno.test("max_conns sends no further requests to a busy peer", async () => {
  let release = () => {};
  const released = new Promise<void>((resolve) => release = resolve);
  await using slow = ScriptedUpstream.start(async (peer) => {
    await peer.readHead();
    await released;
    await peer.send(response("slow"));
  });
  await using proxy = await before([`127.0.0.1:${slow.port} max_conns=1`]);
  using first = await proxy.connect();
  await first.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  await proxy.child.waitUntil("the first request", () => slow.heads.length > 0 || null);
  assertEquals(parts(await proxy.get("/")).status, 502);
  release();
  await first.readUntil("slow");
});

Deno.test("A client that disconnects cancels the upstream request", async () => {
  let sawClose = false;
  await using upstream = ScriptedUpstream.start(async (peer) => {
    await peer.readHead();
    await peer.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\npart");
    sawClose = await peer.raw.waitForClose();
  });
  await using proxy = await before([upstream]);
  const client = await proxy.connect();
  await client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  await client.readUntil("part");
  client.close();
  await proxy.child.waitUntil("the upstream to be closed", () => sawClose || null);
});

Deno.test("Upstream responses that smuggle another one are refused", async () => {
  const rows = [
    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nab",
    "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nX-A: b\r\n c\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nX-A: b\rContent-Length: 0\r\n\r\n",
  ];
  for (const bytes of rows) {
    await using upstream = ScriptedUpstream.start(always(bytes));
    await using proxy = await before([upstream]);
    assertEquals(parts(await proxy.get("/")).status, 502, JSON.stringify(bytes));
  }
});

Deno.test("Bytes after a response are discarded, and the connection is not used again", async () => {
  await using upstream = ScriptedUpstream.start(async (peer) => {
    while (await peer.readHead() !== null) {
      await peer.send(response(`n${peer.index}`) + response("smuggled"));
    }
  });
  await using proxy = await before([upstream]);
  using client = await proxy.connect();
  for (let i = 1; i <= 2; i++) {
    await client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    assertMatch(await client.readUntil(`n${i}`), /^HTTP\/1.1 200 OK/);
  }
  assertEquals(new TextDecoder().decode(await client.readAll()), "");
});

Deno.test("proxy.timeout.first_byte runs from the end of the request to the first byte", async () => {
  await using upstream = ScriptedUpstream.start(async (peer) => {
    const head = await peer.readHead();
    if (head?.includes("/silent")) return void await peer.raw.waitForClose();
    if (head?.includes("/slow-upload")) await peer.raw.readUntil("end");
    await peer.send("HTTP/1.1 200 OK\r\n");
    // The rest is bounded by proxy.timeout.io.
    if (head?.includes("/slow-head")) await new Promise((resolve) => setTimeout(resolve, 2500));
    await peer.send("Content-Length: 2\r\nConnection: close\r\n\r\nok");
  });
  await using proxy = await TestProxy.before(`http://127.0.0.1:${upstream.port}/`, [
    "proxy.timeout.io: 20000",
    "proxy.timeout.first_byte: 1000",
  ]);
  assertEquals(parts(await proxy.get("/silent")).status, 504);
  assertEquals(parts(await proxy.get("/slow-head")).body, "ok");
  using client = await proxy.connect();
  await client.send("POST /slow-upload HTTP/1.1\r\nHost: h\r\nContent-Length: 8\r\n\r\nbegin");
  await new Promise((resolve) => setTimeout(resolve, 2500));
  await client.send("end");
  assertMatch(await client.readUntil("ok"), /^HTTP\/1.1 200 OK\r\n/);
});
