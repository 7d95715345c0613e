/** How a server's connections end: deadlines, drain, clients that disconnect. Over every backend. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { Exchange } from "../../mod/conn/exchange/exchange.ts";
import { Framing } from "../../mod/http/message_head.ts";
import { latin1, type RawConnection } from "../support/raw_socket.ts";
import { sleep } from "../support/child.ts";
import { contractTest } from "./harness.ts";
import { answer, get, responses, TestServer } from "./server_harness.ts";

const encoder = new TextEncoder();

contractTest("an idle connection is closed after its time, silently", async (rig) => {
  const server = new TestServer(rig, {}, { idleTimeoutMs: 200 });
  using fresh = await server.connect();
  using used = await server.connect();
  await used.send(get("/a"));
  await used.readUntil("\r\n\r\n/a");
  assert(await fresh.waitForClose(5_000));
  assert(await used.waitForClose(5_000));
  assertEquals(latin1(await used.readAll()), "");
  assertEquals(server.http.connectionCount, 0);
});

contractTest("a head that arrives too slowly gets a 408 in time", async (rig) => {
  const server = new TestServer(rig, {}, { headTimeoutMs: 300 });
  using client = await server.connect();
  const drip = setInterval(() => void client.send("X").catch(() => clearInterval(drip)), 40);
  await client.send("GET / HTTP/1.1\r\n");
  const text = await client.readUntil("\r\n\r\n", 5_000);
  clearInterval(drip);
  assertMatch(text, /^HTTP\/1\.1 408 Request Timeout\r\n/);
});

contractTest("another protocol is hung up on, unless HTTP was spoken before", async (rig) => {
  const server = new TestServer(rig);
  using stranger = await server.connect();
  await stranger.send("INVALID CONNECTION PREFACE\r\n\r\n");
  assert(await stranger.waitForClose(5_000));
  assertEquals(latin1(await stranger.readAll()), "");
  for (const early of ["", `${get("/a")}`]) {
    using client = await server.connect();
    const method = early === "" ? "GET" : "BREW";
    await client.send(`${early}${method} / TEAPOT/1.0\r\n\r\n`);
    assertStringIncludes(await client.readUntil("HTTP/1.1 400 ", 5_000), "HTTP/1.1 400 ");
  }
});

contractTest("a body that stalls gets a 408, and its handler an abort", async (rig) => {
  const server = new TestServer(rig, {}, { bodyTimeoutMs: 200 });
  using client = await server.connect();
  await client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
  assertMatch(await client.readUntil("\r\n\r\n", 5_000), /^HTTP\/1\.1 408 /);
  assertEquals(server.aborts, ["ETIMEDOUT"]);
});

contractTest("a client that reads no output is cut after writeTimeoutMs", async (rig) => {
  const block = new Uint8Array(1 << 20);
  let current: Exchange | null = null;
  const server = new TestServer(rig, {
    "/big": (x) => {
      current = x;
      x.beginHead(200);
      x.endHead(Framing.length, 1000 * block.length);
      server.onDrain();
    },
  }, { writeTimeoutMs: 300 });
  server.onDrain = () => {
    while (current!.writeBody(block, 0, block.length));
  };
  using client = await server.connect();
  await client.send(get("/big"));
  await until(() => server.aborts.length > 0);
  assertEquals(server.aborts, ["ETIMEDOUT"]);
  assertEquals(server.http.connectionCount, 0);
});

contractTest("the idle deadline does not affect a late handler", async (rig) => {
  const server = new TestServer(rig, {}, { idleTimeoutMs: 100 });
  using client = await server.connect();
  await client.send(get("/later"));
  await sleep(500);
  answer(server.open[0].exchange, "worth the wait");
  assertStringIncludes(await client.readUntil("worth the wait"), "200 OK");
});

contractTest("a client that disconnects aborts its exchange", async (rig) => {
  const server = new TestServer(rig);
  const client = rig.connect(server.address);
  await client.until((c) => c.openCount === 1);
  client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
  await until(() => server.bodyBytes === 3);
  client.socket.abort();
  await until(() => server.aborts.length === 1);
  assertEquals(server.http.connectionCount, 0);
});

/** A pending request, with what is sent between it and the FIN. */
const departures: readonly [name: string, request: string][] = [
  ["a request", get("/later")],
  ["pipelined requests", get("/later") + get("/2").repeat(20)],
  ["a part of the next request", `${get("/later")}GET /2 HT`],
  ["a complete body", "POST /later HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"],
  ["a part of a body", "POST /later HTTP/1.1\r\nHost: a\r\nContent-Length: 30\r\n\r\nabc"],
  [
    "a body that the handler has paused",
    `POST /paused HTTP/1.1\r\nHost: a\r\nContent-Length: 30000\r\n\r\n${"x".repeat(30_000)}`,
  ],
];

for (const [name, request] of departures) {
  // nginx sends no response (499) and ends the request at its upstream; node and hyper also end it.
  contractTest(`a FIN after ${name} aborts the exchange`, async (rig) => {
    const server = new TestServer(rig, {
      "/paused": (x) => {
        x.pauseBody();
        server.open.push({ exchange: x, serial: x.serial });
      },
    });
    using client = await server.connect();
    await client.send(request);
    await until(() => server.open.length === 1);
    assertEquals(server.aborts, []);
    await client.halfClose();
    await until(() => server.aborts.length === 1);
    assertEquals(server.aborts, ["EEOF"]);
    assertEquals(server.http.connectionCount, 0);
  });
}

contractTest("a FIN while a response pauses aborts the exchange", async (rig) => {
  const server = new TestServer(rig, {
    "/stream": (x) => {
      x.beginHead(200);
      x.endHead(Framing.chunked);
      x.writeBody(encoder.encode("event"), 0, 5);
    },
  });
  using client = await server.connect();
  await client.send(get("/stream"));
  await client.readUntil("event\r\n");
  await client.halfClose();
  await until(() => server.aborts.length === 1);
  assertEquals(server.aborts, ["EEOF"]);
});

contractTest("complete responses reach a client after its FIN", async (rig) => {
  const body = encoder.encode("x".repeat(4_000_000));
  const server = new TestServer(rig, {
    "/large": (x) => {
      x.beginHead(200);
      x.endHead(Framing.length, body.length);
      x.writeBody(body, 0, body.length);
      x.endBody();
    },
  });
  using client = await server.connect();
  await client.send(get("/1") + get("/large"));
  await client.halfClose();
  const text = latin1(await client.readAll({ idleMs: 5000, totalMs: 15_000 }));
  assertEquals(text.match(/HTTP\/1\.1 200 OK/g)?.length, 2);
  assert(text.endsWith("x".repeat(100)) && client.isClosedByPeer);
  assertEquals(server.aborts, []);
});

contractTest("allowHalfOpen: every request before the FIN gets its response", async (rig) => {
  const server = new TestServer(rig, {}, { allowHalfOpen: true });
  using client = await server.connect();
  const post = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc";
  await client.send(get("/later") + get("/2") + post + "GET /4 HT");
  await client.halfClose();
  await until(() => server.open.length === 1);
  await sleep(50);
  answer(server.open[0].exchange, "late");
  const got = responses(latin1(await client.readAll()));
  assertEquals(got.map((r) => r.body), ["late", "/2", "abc"]);
  assertEquals(server.aborts, []);
  assert(client.isClosedByPeer);
  using short = await server.connect();
  await short.send(post.slice(0, -1));
  await short.halfClose();
  await until(() => server.aborts.length === 1);
});

contractTest("requestsMax closes after the last request it allows", async (rig) => {
  const server = new TestServer(rig, {}, { requestsMax: 2 });
  using client = await server.connect();
  await client.send(get("/1") + get("/2"));
  const text = latin1(await client.readAll());
  assertEquals(text.match(/Connection: close/g)?.length, 1);
  assertStringIncludes(text, "\r\n\r\n/2");
  assert(client.isClosedByPeer);
});

contractTest(
  "a drain serves requests in progress and those that still arrive, then ends",
  async (rig) => {
    const server = new TestServer(rig, {}, { drainIdleMs: 600 });
    using busy = await server.connect();
    using idle = await server.connect();
    using racing = await server.connect();
    await busy.send(get("/later"));
    await racing.send(get("/before"));
    await racing.readUntil("\r\n\r\n/before");
    await until(() => server.open.length === 1);
    server.listener.close();
    const drained = server.http.drain(10_000);
    await racing.send(get("/after"));
    assertStringIncludes(latin1(await racing.readAll()), "Connection: close\r\n\r\n/after");
    answer(server.open[0].exchange, "done");
    assertStringIncludes(latin1(await busy.readAll()), "Connection: close\r\n\r\ndone");
    assert(await closes(idle), "an idle connection is closed");
    await drained;
    assertEquals(server.http.connectionCount, 0);
    assertEquals(server.aborts, []);
  },
);

contractTest("a drain cuts the exchanges that exceed its timeout", async (rig) => {
  const server = new TestServer(rig, {}, { drainIdleMs: 50 });
  using client = await server.connect();
  await client.send(get("/later"));
  await until(() => server.open.length === 1);
  await server.http.drain(300);
  assert(await closes(client));
  assertEquals(server.aborts, ["ESHUTDOWN"]);
});

async function closes(client: RawConnection): Promise<boolean> {
  return await client.waitForClose(5_000);
}

/** Waits for a condition; the test's own limit ends it if it never becomes true. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(10);
}
