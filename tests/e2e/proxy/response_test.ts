/** How an upstream's response reaches a client. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { latin1 } from "../../support/raw_socket.ts";
import {
  always,
  fieldLines,
  parts,
  response,
  ScriptedUpstream,
  TestProxy,
} from "../../support/proxy.ts";
import { backends } from "../../support/serve.ts";

Deno.test("A response is forwarded without hop-by-hop fields, with our Server and the upstream's Date", async () => {
  const fields =
    "Server: theirs\r\nDate: Mon, 01 Jan 2024 00:00:00 GMT\r\nX-One: 1\r\nKeep-Alive: 5\r\n" +
    "X-Gone: 1\r\nProxy-Connection: x\r\nUpgrade: h2c\r\nX-Two: 2\r\nConnection: keep-alive, X-Gone\r\n";
  await using upstream = ScriptedUpstream.start(always(response("ok", fields)));
  await using proxy = await TestProxy.before(`http://127.0.0.1:${upstream.port}/`);
  const { status, head, body } = parts(await proxy.get("/"));
  assertEquals([status, body], [200, "ok"]);
  assertEquals(fieldLines(head).sort(), [
    "connection: close",
    "content-length: 2",
    "date: Mon, 01 Jan 2024 00:00:00 GMT",
    "server: hayate/0.1.0",
    "x-one: 1",
    "x-two: 2",
  ]);
});

Deno.test("A response without Date gets ours, and server-name changes the Server field", async () => {
  await using upstream = ScriptedUpstream.start(always(response("ok")));
  const url = `http://127.0.0.1:${upstream.port}/`;
  await using proxy = await TestProxy.before(url, [], "server-name: mine");
  const lines = fieldLines(parts(await proxy.get("/")).head);
  assertMatch(
    lines.find((line) => line.startsWith("date:")) ?? "",
    /^date: \w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT$/,
  );
  assert(lines.includes("server: mine"), lines.join());
  await using quiet = await TestProxy.before(url, [], "send-server-name: OFF");
  assertEquals(
    fieldLines(parts(await quiet.get("/")).head).some((line) => line.startsWith("server:")),
    false,
  );
});

Deno.test("A Location below the upstream's URL is rewritten for the client", async () => {
  let location = "";
  await using upstream = ScriptedUpstream.start(async (peer) => {
    while (await peer.readHead() !== null) {
      await peer.send(response("", `Location: ${location}\r\n`, "302 Found"));
    }
  });
  const own = `http://127.0.0.1:${upstream.port}`;
  await using proxy = await TestProxy.start(`listen: {port: PORT, host: 127.0.0.1}
hosts: {default: {paths: {/app/: {proxy.reverse.url: "${own}/base/"}}}}
`);
  const rows: [string, string][] = [
    [`${own}/base/x?q#f`, "http://h/app/x?q#f"],
    [`${own}/base/`, "http://h/app/"],
    [`${own}/other`, `${own}/other`],
    ["http://example.com/base/x", "http://example.com/base/x"],
    ["/base/x", "/base/x"],
    [`https://127.0.0.1:${upstream.port}/base/x`, `https://127.0.0.1:${upstream.port}/base/x`],
  ];
  for (const [sent, expected] of rows) {
    location = sent;
    const lines = fieldLines(parts(await proxy.get("/app/")).head);
    assertEquals(lines.find((line) => line.startsWith("location:")), `location: ${expected}`);
  }
});

Deno.test("A custom reason phrase of the upstream is kept", async () => {
  await using upstream = ScriptedUpstream.start(always(response("", "", "299 Odd One")));
  await using proxy = await TestProxy.before(`http://127.0.0.1:${upstream.port}/`);
  assertEquals((await proxy.get("/")).split("\r\n")[0], "HTTP/1.1 299 Odd One");
});

Deno.test("A chunked response is forwarded in chunks with its trailers, to HTTP/1.0 until the close", async () => {
  await using upstream = ScriptedUpstream.start(always(
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nX-Sum: 5\r\n\r\n",
  ));
  await using proxy = await TestProxy.before(`http://127.0.0.1:${upstream.port}/`);
  const chunked = parts(await proxy.get("/"));
  assert(fieldLines(chunked.head).includes("transfer-encoding: chunked"));
  assertMatch(chunked.body, /0\r\nX-Sum: 5\r\n\r\n$/);
  const old = parts(await proxy.exchange("GET / HTTP/1.0\r\n\r\n"));
  assertEquals(old.body, "abcde");
  assertEquals(fieldLines(old.head).some((line) => line.startsWith("transfer-encoding")), false);
});

Deno.test("A response delimited by the upstream's close is forwarded in chunks", async () => {
  await using upstream = ScriptedUpstream.start(async (peer) => {
    await peer.readHead();
    await peer.send("HTTP/1.1 200 OK\r\n\r\nto the end");
  });
  await using proxy = await TestProxy.before(`http://127.0.0.1:${upstream.port}/`);
  assertEquals(parts(await proxy.get("/")).body, "a\r\nto the end\r\n0\r\n\r\n");
});

Deno.test("Responses without a body (HEAD, 204 and 304) keep the connection in sync", async () => {
  await using upstream = ScriptedUpstream.start(async (peer) => {
    for (let head = await peer.readHead(); head !== null; head = await peer.readHead()) {
      if (head.startsWith("HEAD")) {
        await peer.send("HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n");
      } else if (head.includes("/204")) await peer.send("HTTP/1.1 204 No Content\r\n\r\n");
      else if (head.includes("/304")) {
        await peer.send("HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n");
      } else await peer.send(response("last"));
    }
  });
  await using proxy = await TestProxy.before(`http://127.0.0.1:${upstream.port}/`);
  using client = await proxy.connect();
  const line = " HTTP/1.1\r\nHost: h\r\n\r\n";
  await client.send(`HEAD /${line}GET /204${line}GET /304${line}GET /${line}`);
  const answer = await client.readUntil("last");
  assertEquals([...answer.matchAll(/HTTP\/1.1 (\d+)/g)].map((match) => match[1]), [
    "200",
    "204",
    "304",
    "200",
  ]);
  assertMatch(answer, /^HTTP\/1.1 200 OK\r\n(.*\r\n)*Content-Length: 1234\r\n/);
  assertEquals(upstream.connectionCount, 1);
});

const interims = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n" +
  "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\n" +
  "Keep-Alive: timeout=5\r\nUpgrade: h2c\r\nContent-Length: 5\r\nTrailer: x\r\nTE: gzip\r\n" +
  "Proxy-Connection: x\r\nServer: inner\r\n\r\n";

Deno.test("send-informational decides which clients get 103 (Early Hints)", async () => {
  await using upstream = ScriptedUpstream.start(always(interims + response("ok")));
  // h2o: `except-h1` is the default, and every client in this test speaks HTTP/1.
  for (const line of ["", "send-informational: except-h1", "send-informational: none"]) {
    await using proxy = await TestProxy.before(`http://127.0.0.1:${upstream.port}/`, [], line);
    assertMatch(await proxy.get("/"), /^HTTP\/1.1 200 OK\r\n/, line);
  }
  await using proxy = await TestProxy.before(
    `http://127.0.0.1:${upstream.port}/`,
    [],
    "send-informational: ALL",
  );
  // Nothing that is hop-by-hop, and no framing (RFC 9110 7.6.1, 8.6); 100 is sent by hayate itself.
  const expected = "HTTP/1.1 102 Processing\r\n\r\n" +
    "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 200 OK\r\n";
  const answer = await proxy.get("/");
  assertEquals(answer.slice(0, expected.length), expected);
  // RFC 9110 15.2: never to an HTTP/1.0 client.
  assertMatch(await proxy.exchange("GET / HTTP/1.0\r\n\r\n"), /^HTTP\/1.1 200 OK\r\n/);
});

for (const backend of backends) {
  Deno.test(`Endless interim responses are a 502 for the client (${backend})`, async () => {
    let isRefused = false;
    await using upstream = ScriptedUpstream.start(async (peer) => {
      await peer.readHead();
      const hints = `HTTP/1.1 103 Early Hints\r\nLink: <${"a".repeat(200)}>\r\n\r\n`;
      try {
        for (let sent = 0; sent < 64; sent++) await peer.send(hints.repeat(300));
      } catch {
        isRefused = true;
      }
    });
    for (const policy of ["all", "none"]) {
      await using proxy = await TestProxy.before(
        `http://127.0.0.1:${upstream.port}/`,
        [],
        `send-informational: ${policy}`,
        { env: { HAYATE_REACTOR: backend } },
      );
      isRefused = false;
      assertMatch(await proxy.get("/"), /(^|\r\n\r\n)HTTP\/1.1 502 Bad Gateway\r\n/, policy);
      assertEquals(isRefused, true, policy);
    }
  });
}

Deno.test("header.* and expires change the response", async () => {
  await using upstream = ScriptedUpstream.start(always(response("ok", "X-A: old\r\nX-B: 1\r\n")));
  await using proxy = await TestProxy.before(`http://127.0.0.1:${upstream.port}/`, [
    'header.set: "X-A: new"',
    'header.unset: "X-B"',
    'header.add: "X-C: 1"',
    "expires: 1 day",
  ]);
  const lines = fieldLines(
    parts(await proxy.get("/")).head,
    "date",
    "server",
    "connection",
    "content-length",
  );
  assertEquals(lines.sort(), ["cache-control: max-age=86400", "x-a: new", "x-c: 1"]);
});

Deno.test("A body is streamed before it is complete, and a slow client slows the upstream down", async () => {
  const chunk = "x".repeat(64 * 1024);
  let sentBytes = 0;
  await using upstream = ScriptedUpstream.start(async (peer) => {
    await peer.readHead();
    await peer.send(`HTTP/1.1 200 OK\r\nContent-Length: ${400 * chunk.length}\r\n\r\n`);
    for (let i = 0; i < 400; i++) {
      await peer.send(chunk);
      sentBytes += chunk.length;
    }
  });
  await using proxy = await TestProxy.before(`http://127.0.0.1:${upstream.port}/`);
  using client = await proxy.connect();
  await client.send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  await client.readUntil("\r\n\r\n");
  await new Promise((resolve) => setTimeout(resolve, 1000));
  const whileStalled = sentBytes;
  // The kernel's own socket buffers on three hops hold some megabytes; all of it would be 25.
  assert(whileStalled < 22 * 1024 * 1024, `${whileStalled} bytes were taken without a reader`);
  assert(residentBytes(proxy.child.pid) < 200 * 1024 * 1024, "memory grew");
  const body = await client.readAll({ idleMs: 20_000, totalMs: 60_000 });
  assertEquals(client.isClosedByPeer, true);
  assertEquals(body.length, 400 * chunk.length);
});

Deno.test("An upstream connection that a slow client slowed down serves the next request", async () => {
  const body = "x".repeat(8_000_000);
  await using upstream = ScriptedUpstream.start(always(response(body)));
  await using proxy = await TestProxy.before(`http://127.0.0.1:${upstream.port}/`);
  for (let round = 0; round < 3; round++) {
    using slow = await proxy.connect();
    await slow.send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    await slow.readUntil("\r\n\r\n");
    await new Promise((resolve) => setTimeout(resolve, 200));
    assertEquals((await slow.readAll({ idleMs: 20_000, totalMs: 60_000 })).length, body.length);
  }
  assertEquals(upstream.connectionCount, 1);
});

Deno.test("An upstream that disconnects within its body cuts the client's connection", async () => {
  await using upstream = ScriptedUpstream.start(async (peer) => {
    await peer.readHead();
    await peer.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart");
  });
  await using proxy = await TestProxy.before(`http://127.0.0.1:${upstream.port}/`);
  using client = await proxy.connect();
  await client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  const answer = latin1(await client.readAll({ idleMs: 2000 }));
  assertEquals(client.isClosedByPeer, true);
  assert(!answer.includes("502"), answer);
});

for (const backend of backends) {
  Deno.test(`Lines that end in LF alone reach the client with CRLF (${backend})`, async () => {
    await using upstream = ScriptedUpstream.start(always(
      "HTTP/1.1 200 OK\nX-One: 1 \nX-Two: 2\r\nX-Three:\nLocation: /x\nX-Four: 4\nContent-Length: 2\n\nok",
    ));
    await using proxy = await TestProxy.before(
      `http://127.0.0.1:${upstream.port}/`,
      [],
      "",
      { env: { HAYATE_REACTOR: backend } },
    );
    const answer = await proxy.get("/");
    assertEquals(answer.replaceAll("\r\n", "").includes("\n"), false, JSON.stringify(answer));
    assertEquals(
      fieldLines(answer.slice(0, answer.indexOf("\r\n\r\n"))).filter((line) => /^x-/.test(line)),
      ["x-one: 1", "x-two: 2", "x-three:", "x-four: 4"],
    );
    assertEquals(parts(answer).body, "ok");
  });

  Deno.test(`The received part of a response that is cut at once reaches the client (${backend})`, async () => {
    // Head, a part of the body and the FIN are one read of the proxy's.
    const answers = [
      "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\npart",
    ];
    for (const answer of answers) {
      await using upstream = ScriptedUpstream.start(async (peer) => {
        await peer.readHead();
        await peer.send(answer);
      });
      await using proxy = await TestProxy.before(
        `http://127.0.0.1:${upstream.port}/`,
        [],
        "",
        { env: { HAYATE_REACTOR: backend } },
      );
      using client = await proxy.connect();
      await client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
      assertEquals(await client.waitForClose(), true);
      assertEquals(client.resetError, null, answer);
      assertMatch(latin1(await client.readAll()), /^HTTP\/1.1 200 OK\r\n[^]*part(\r\n)?$/, answer);
      // Only a reset shows an HTTP/1.0 client that a chunked body is not complete.
      using old = await proxy.connect();
      await old.send("GET / HTTP/1.0\r\nHost: h\r\n\r\n");
      assertEquals(await old.waitForClose(), true);
      // Deno's own sockets, which the portable reactor uses, cannot send one.
      const isReset = backend === "epoll" && answer.includes("chunked");
      assertEquals(old.resetError !== null, isReset, answer);
    }
  });
}

function residentBytes(pid: number): number {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1024;
}
