/** Upgraded connections: bytes both ways until either side ends. */
import { assertEquals, assertMatch } from "@std/assert";
import { latin1 } from "../support/raw_socket.ts";
import { fieldLines, parts, response, ScriptedUpstream, TestProxy } from "./proxy_support.ts";

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

Deno.test("An upgrade that the upstream accepts joins the two connections", async () => {
  await using upstream = echo();
  await using proxy = await TestProxy.before(`http://127.0.0.1:${upstream.port}/`, [
    "proxy.tunnel: ON",
  ]);
  using client = await proxy.connect();
  // Bytes right behind the head belong to the tunnel.
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
