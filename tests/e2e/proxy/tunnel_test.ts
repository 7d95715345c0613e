/** Upgraded connections: bytes both ways until either side ends. */
import { assertEquals, assertMatch } from "@std/assert";
import { latin1 } from "../../support/raw_socket.ts";
import { eachBackend } from "../../support/serve.ts";
import { fieldLines, parts, response, ScriptedUpstream, TestProxy } from "../../support/proxy.ts";

const upgrade = "GET /chat HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
  "Sec-WebSocket-Key: k\r\n\r\n";

/** Switches protocols and echoes in upper case. */
function echo(): ScriptedUpstream {
  return ScriptedUpstream.start(async (peer) => {
    const head = await peer.readHead();
    if (!head?.toLowerCase().includes("upgrade: websocket")) {
      return await peer.send(response("plain"));
    }
    await peer.send(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nready;",
    );
    while (!peer.raw.isClosedByPeer) {
      const word = await peer.raw.readUntil(";");
      await peer.send(word.toUpperCase());
      if (word === "bye;") return;
    }
  });
}

Deno.test("An upgrade that the upstream accepts connects client and upstream", async () => {
  await using upstream = echo();
  await using proxy = await TestProxy.before(`http://127.0.0.1:${upstream.port}/`, [
    "proxy.tunnel: ON",
  ]);
  using client = await proxy.connect();
  // Bytes directly after the head belong to the tunnel.
  await client.send(`${upgrade}early;`);
  const head = await client.readUntil("\r\n\r\n");
  assertMatch(head, /^HTTP\/1.1 101 Switching Protocols\r\n/);
  assertEquals(fieldLines(head).filter((line) => line === "upgrade: websocket").length, 1);
  assertEquals(await client.readUntil("READY;".toLowerCase()), "ready;");
  assertEquals(await client.readUntil("EARLY;"), "EARLY;");
  const long = "x".repeat(300_000) + ";";
  await client.send(long);
  assertEquals((await client.readUntil(";")).length, long.length);
  await client.send("bye;");
  assertEquals(await client.readUntil("BYE;"), "BYE;");
  assertEquals(await client.waitForClose(), true);
  assertEquals(fieldLines(upstream.heads[0]).includes("upgrade: websocket"), true);
});

Deno.test("Without proxy.tunnel an upgrade is an ordinary request", async () => {
  await using upstream = echo();
  await using proxy = await TestProxy.before(`http://127.0.0.1:${upstream.port}/`);
  const answer = parts(
    await proxy.exchange(upgrade.replace("Connection: ", "Connection: close, ")),
  );
  assertEquals([answer.status, answer.body], [200, "plain"]);
});

Deno.test("A tunnel in use survives TERM until the drain timeout", async () => {
  await using upstream = echo();
  await using proxy = await TestProxy.before(
    `http://127.0.0.1:${upstream.port}/`,
    ["proxy.websocket: ON"],
    "drain-timeout: 2",
  );
  using client = await proxy.connect();
  await client.send(upgrade);
  await client.readUntil("ready;");
  proxy.child.kill("SIGTERM");
  await proxy.child.waitForLine("gracefully shutting down");
  await client.send("still here;");
  assertEquals(await client.readUntil("STILL HERE;"), "STILL HERE;");
  assertEquals(await client.waitForClose(5000), true);
  assertEquals((await proxy.child.status).code, 0);
  assertEquals(latin1(await client.readAll()), "");
});

/** A request, and whether h2o 2.2.5 passes its Upgrade on; null: h2o does, RFC 6455 4.1 forbids it. */
const handshakes: readonly [request: string, isTunnel: boolean | null][] = [
  ["GET /1.1 HTTP/1.1|Connection: Upgrade|Upgrade: websocket", true],
  ["GET /case HTTP/1.1|Connection: keep-alive, UPGRADE|Upgrade: WebSocket", true],
  [
    "GET /h2c HTTP/1.1|Connection: Upgrade, HTTP2-Settings|Upgrade: h2c|HTTP2-Settings: AAMAAABk",
    false,
  ],
  ["GET /tls HTTP/1.1|Connection: Upgrade|Upgrade: TLS/1.0", false],
  ["GET /tcp HTTP/1.1|Connection: Upgrade|Upgrade: tcp", false],
  ["GET /list HTTP/1.1|Connection: Upgrade|Upgrade: websocket, h2c", false],
  ["GET /list2 HTTP/1.1|Connection: Upgrade|Upgrade: h2c, websocket", false],
  ["GET /version HTTP/1.1|Connection: Upgrade|Upgrade: websocket/13", false],
  ["GET /twice HTTP/1.1|Connection: Upgrade|Upgrade: websocket|Upgrade: h2c", false],
  ["GET /no-option HTTP/1.1|Upgrade: websocket", false],
  ["GET /1.0 HTTP/1.0|Connection: Upgrade|Upgrade: websocket", null],
  ["POST /body HTTP/1.1|Connection: Upgrade|Upgrade: websocket|Content-Length: 3||abc", null],
  [
    "GET /chunked HTTP/1.1|Connection: Upgrade|Upgrade: websocket|Transfer-Encoding: chunked||0||",
    null,
  ],
];

/** `|` ends a line. */
function lines(text: string): string {
  const [head, ...body] = text.replace("|", "|Host: h|").split("||");
  return `${head}||${body.join("||")}`.replaceAll("|", "\r\n");
}

eachBackend(
  "Only a WebSocket handshake opens a tunnel; other requests are forwarded without one",
  async (backend) => {
    await using upstream = ScriptedUpstream.start(async (peer) => {
      while (await peer.readHead() !== null) await peer.send(response("plain"));
    });
    await using proxy = await TestProxy.before(
      `http://127.0.0.1:${upstream.port}/`,
      ["proxy.tunnel: ON"],
      "",
      { env: { HAYATE_REACTOR: backend } },
    );
    for (const [request, isTunnel] of handshakes) {
      using client = await proxy.connect();
      await client.send(lines(request));
      assertMatch(await client.readUntil("plain"), /^HTTP\/1\.1 200 OK\r\n/, request);
      const sent = fieldLines(upstream.heads.at(-1)!)
        .filter((line) => /^(connection|upgrade|http2-settings):/.test(line));
      const expected = isTunnel === true ? ["connection: upgrade", "upgrade: websocket"] : [];
      assertEquals(sent, expected, request);
    }
  },
);

eachBackend("An unsolicited 101, or one to another protocol, is a 502", async (backend) => {
  for (const [request, protocol] of [["h2c", "h2c"], ["none", "websocket"], ["websocket", "h2c"]]) {
    await using upstream = ScriptedUpstream.start(async (peer) => {
      await peer.readHead();
      await peer.send(
        `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n\r\nraw`,
      );
      await peer.raw.waitForClose();
    });
    await using proxy = await TestProxy.before(
      `http://127.0.0.1:${upstream.port}/`,
      ["proxy.tunnel: ON"],
      "",
      { env: { HAYATE_REACTOR: backend } },
    );
    using client = await proxy.connect();
    const fields = request === "none" ? "" : `Connection: Upgrade\r\nUpgrade: ${request}\r\n`;
    await client.send(`GET / HTTP/1.1\r\nHost: h\r\n${fields}\r\nGET /admin HTTP/1.1\r\n\r\n`);
    const answer = latin1(await client.readAll());
    assertMatch(answer, /^HTTP\/1\.1 502 /, request);
    // The following bytes are the client's next request and go to no tunnel.
    assertEquals(upstream.heads.length, 1, request);
    assertEquals(answer.includes("raw"), false, request);
  }
});
