/** Upstream bytes that could pass for the response to another request; see also tests/vectors. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { sleep } from "../../support/binary.ts";
import {
  parts,
  response,
  ScriptedUpstream,
  TestProxy,
  type UpstreamScript,
} from "../../support/proxy.ts";

const smuggled = response("smuggled");

async function proxyBefore(script: UpstreamScript) {
  const upstream = ScriptedUpstream.start(script);
  const proxy = await TestProxy.before(`http://127.0.0.1:${upstream.port}/`);
  return {
    upstream,
    proxy,
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]();
      await upstream[Symbol.asyncDispose]();
    },
  };
}

const headOf = (fields: string, status = "200 OK") => `HTTP/1.1 ${status}\r\n${fields}\r\n`;

Deno.test("Ambiguous upstream framing is a 502", async () => {
  const chunks = "0\r\n\r\n";
  const rows = [
    headOf("Content-Length: 0\r\nTransfer-Encoding: chunked\r\n") + chunks,
    headOf("Transfer-Encoding: chunked\r\nContent-Length: 0\r\n") + chunks,
    headOf("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n") + chunks,
    headOf("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n") + chunks,
    headOf("Transfer-Encoding: identity\r\n") + chunks,
    headOf("Transfer-Encoding: xchunked\r\n") + chunks,
    headOf("Transfer-Encoding: \x0bchunked\r\n") + chunks,
    headOf("Transfer-Encoding: chunked\x0b\r\n") + chunks,
    headOf("Transfer-Encoding: chunked;q=1\r\n") + chunks,
    headOf("Transfer-Encoding: chunked, gzip\r\n") + chunks,
    headOf("Transfer-Encoding:\r\n") + chunks,
    headOf("Transfer-Encoding : chunked\r\n") + chunks,
    headOf("Transfer-Encoding\r\n") + chunks,
    headOf("Content-Length: 0\r\nContent-Length: 0\r\n"),
    headOf("Content-Length: 1, 1\r\n") + "x",
    headOf("Content-Length: 0x1\r\n") + "x",
    headOf("Content-Length: 1 1\r\n") + "x",
    headOf("Content-Length: 1e0\r\n") + "x",
    headOf("Content-Length: \x0b1\r\n") + "x",
    headOf("Content-Length: 18446744073709551617\r\n") + "x",
    headOf("Content-Length : 1\r\n") + "x",
    headOf("\x00Content-Length: 1\r\n") + "x",
    headOf(": 1\r\n") + "x",
    headOf("X Y: 1\r\n") + "x",
    headOf("X\x7f: 1\r\n") + "x",
    headOf("X(: 1\r\n") + "x",
    headOf("X: \x00\r\n") + "x",
    headOf("X: a\x1fb\r\n") + "x",
    headOf("X: a\rContent-Length: 1\r\n") + "x",
    headOf("X: a\r\n\tb\r\n") + "x",
  ];
  let bytes = "";
  await using world = await proxyBefore(async (peer) => {
    if (await peer.readHead() !== null) await peer.send(bytes);
  });
  for (bytes of rows) {
    assertEquals(parts(await world.proxy.get("/")).status, 502, JSON.stringify(bytes));
  }
});

Deno.test("Bytes after any kind of response close the upstream connection and reach no client", async () => {
  const chunked = "Transfer-Encoding: chunked\r\n";
  const rows: readonly (readonly [string, string, string])[] = [
    ["GET", response("own"), "a length"],
    ["GET", `${headOf(chunked)}3\r\nown\r\n0\r\n\r\n`, "chunks"],
    ["GET", headOf("", "204 No Content"), "204"],
    ["GET", headOf("Content-Length: 3\r\n", "304 Not Modified"), "304"],
    ["HEAD", headOf("Content-Length: 3\r\n"), "HEAD"],
    ["HEAD", headOf(chunked), "HEAD and chunks"],
  ];
  for (const [method, own, name] of rows) {
    await using world = await proxyBefore(async (peer) => {
      while (await peer.readHead() !== null) await peer.send(own + smuggled);
    });
    using client = await world.proxy.connect();
    for (let i = 1; i <= 3; i++) {
      await client.send(`${method} / HTTP/1.1\r\nHost: h\r\n\r\n`);
      assertMatch(await client.readUntil("\r\n\r\n"), /^HTTP\/1\.1 (200|204|304) /, name);
      if (own.endsWith("own")) await client.readUntil("own");
      if (own.endsWith("0\r\n\r\n")) await client.readUntil("0\r\n\r\n");
      assertEquals(world.upstream.connectionCount, i, name);
    }
    assertEquals(new TextDecoder().decode(await client.readAll()), "", name);
  }
});

Deno.test("Unrequested bytes on an idle upstream connection close it; the next request uses another", async () => {
  let lost = 0;
  await using world = await proxyBefore(async (peer) => {
    if (await peer.readHead() === null) return;
    await peer.send(response(`own ${peer.index}`));
    if (peer.index > 2) return;
    await sleep(50);
    await peer.send(smuggled);
    if (await peer.readHead() === null) lost++;
  });
  for (let i = 1; i <= 3; i++) {
    using client = await world.proxy.connect();
    await client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    const answer = await client.readUntil(`own ${i}`);
    assertEquals(answer.includes("smuggled"), false);
    await world.proxy.child.waitUntil("the connection with unrequested bytes", () => {
      return lost >= Math.min(i, 2) || null;
    });
  }
  assertEquals(world.upstream.heads.length, 3);
});

Deno.test("A response before the end of the request answers only that request", async () => {
  await using world = await proxyBefore(async (peer) => {
    if (await peer.readHead() === null) return;
    await peer.send(response(`early ${peer.index}`, "", "413 Too Large") + smuggled);
    await peer.raw.waitForClose();
  });
  for (let i = 1; i <= 2; i++) {
    using client = await world.proxy.connect();
    await client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nabc");
    assertMatch(await client.readUntil(`early ${i}`), /^HTTP\/1\.1 413 /);
    await client.send("d".repeat(97)).catch(() => null);
    assertEquals((await client.readAll()).length, 0);
  }
});

Deno.test("An unrequested switch of protocols is a 502", async () => {
  await using world = await proxyBefore(async (peer) => {
    if (await peer.readHead() === null) return;
    const upgrade = "Connection: upgrade\r\nUpgrade: x\r\n";
    await peer.send(headOf(upgrade, "101 Switching Protocols") + smuggled);
    await peer.raw.waitForClose();
  });
  const answer = await world.proxy.get("/");
  assertEquals(parts(answer).status, 502);
  assert(!answer.includes("smuggled"));
});
