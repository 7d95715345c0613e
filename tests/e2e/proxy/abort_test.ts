/** Clients that disconnect before their response is complete. */
import { assertEquals, assertMatch } from "@std/assert";
import { libssl } from "../../../mod/sys/libssl.ts";
import { writeSelfSigned } from "../../../mod/tls/self_signed.ts";
import { sleep } from "../../support/child.ts";
import { freePort, tempFolder } from "../../support/ports.ts";
import { latin1, RawConnection } from "../../support/raw_socket.ts";
import { parts, response, ScriptedUpstream, TestProxy } from "../../support/proxy.ts";
import { eachBackend } from "../../support/serve.ts";

// Loaded here, so that libraries that stay open do not count as a leak of a single test.
libssl();

const head = "Host: h\r\n\r\n";
const body = (length: number, sent: number) =>
  `POST / HTTP/1.1\r\nHost: h\r\nContent-Length: ${length}\r\n\r\n${"x".repeat(sent)}`;

/** What a client has sent when it closes, and what its upstream is doing then. */
const departures: readonly [name: string, request: string, upstream: string, status: number][] = [
  ["a request that waits", `GET / HTTP/1.1\r\n${head}`, "silent", 499],
  ["an HTTP/1.0 request", `GET / HTTP/1.0\r\n${head}`, "silent", 499],
  ["pipelined requests", `GET / HTTP/1.1\r\n${head}`.repeat(30), "silent", 499],
  ["a body that is complete", body(3, 3), "silent", 499],
  ["a body that still arrives", body(100_000, 50_000), "silent", 499],
  // nginx logs the status that the client has been sent.
  ["a quiet stream", `GET / HTTP/1.1\r\n${head}`, "stream", 200],
];

/** Never completes a response; `gone` counts the connections that the proxy has closed. */
function endless(kind: string): { upstream: ScriptedUpstream; gone: () => number } {
  let gone = 0;
  const upstream = ScriptedUpstream.start(async (peer) => {
    const text = await peer.readHead();
    if (text?.includes("/ok")) return await peer.send(response("ok", "Connection: close\r\n"));
    if (kind === "stream") {
      await peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nevent\r\n");
    }
    await peer.raw.waitForClose(20_000);
    gone++;
  });
  return { upstream, gone: () => gone };
}

const lines = ['access-log: {path: "DIR/access.log", format: "%m %s %{error}x"}'];

async function logOf(proxy: TestProxy): Promise<string> {
  return await Deno.readTextFile(`${proxy.folder.path}/access.log`).catch(() => "");
}

eachBackend(
  "A client's FIN ends the request at the upstream and frees its place",
  async (backend) => {
    for (const buffer of ["", "request_buffer: memory=1m"]) {
      for (const [name, request, kind, status] of departures) {
        const { upstream, gone } = endless(kind);
        await using _upstream = upstream;
        await using proxy = await TestProxy.beforeServers(
          [`127.0.0.1:${upstream.port} max_conns=1`],
          buffer === "" ? [] : [buffer],
          lines,
          "",
          { env: { HAYATE_REACTOR: backend } },
        );
        const client = await proxy.connect();
        await client.send(request);
        // A body that is buffered reaches the upstream when it is complete, or never.
        const isHeld = buffer !== "" && name.includes("still arrives");
        if (!isHeld) await until(() => upstream.heads.length === 1);
        if (kind === "stream") await client.readUntil("event");
        client.close();
        if (!isHeld) await until(() => gone() === 1);
        assertEquals(parts(await proxy.get("/ok")).body, "ok", name);
        await proxy.child.stop();
        assertMatch(await logOf(proxy), new RegExp(`^(GET|POST) ${status} client closed`), name);
      }
    }
  },
);

eachBackend("A TLS client's close_notify ends the request at the upstream", async (backend) => {
  const { upstream, gone } = endless("silent");
  await using _upstream = upstream;
  await using folder = await tempFolder();
  const [crt, key] = [`${folder.path}/c.pem`, `${folder.path}/k.pem`];
  writeSelfSigned(["localhost"], crt, key);
  const port = freePort();
  await using _proxy = await TestProxy.before(
    `http://127.0.0.1:${upstream.port}/`,
    [],
    `listen: {port: ${port}, host: 127.0.0.1, ssl: {certificate-file: ${crt}, key-file: ${key}}}`,
    { env: { HAYATE_REACTOR: backend } },
  );
  const conn = await Deno.connectTls({
    hostname: "localhost",
    port,
    caCerts: [await Deno.readTextFile(crt)],
  });
  using client = new RawConnection(conn);
  await client.send(`GET / HTTP/1.1\r\n${head}`.repeat(2));
  await until(() => upstream.heads.length === 1);
  await client.halfClose();
  await until(() => gone() === 1);
  assertEquals(await client.waitForClose(), true);
});

eachBackend("http1-allow-half-open answers a client that has closed its side", async (backend) => {
  await using upstream = ScriptedUpstream.start(async (peer) => {
    while (await peer.readHead() !== null) {
      await sleep(200);
      await peer.send(response("late"));
    }
  });
  await using proxy = await TestProxy.before(
    `http://127.0.0.1:${upstream.port}/`,
    [],
    "http1-allow-half-open: ON",
    { env: { HAYATE_REACTOR: backend } },
  );
  using client = await proxy.connect();
  await client.send(`GET /1 HTTP/1.1\r\n${head}GET /2 HTTP/1.1\r\n${head}`);
  await client.halfClose();
  assertEquals(await client.waitForClose(), true);
  assertEquals(latin1(await client.readAll()).match(/\r\n\r\nlate/g)?.length, 2);
});

eachBackend("A tunnel forwards a FIN and still carries bytes the other way", async (backend) => {
  await using upstream = ScriptedUpstream.start(async (peer) => {
    await peer.readHead();
    await peer.send(
      "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
    );
    await peer.raw.waitForClose();
    await sleep(100);
    await peer.send("behind the FIN");
  });
  await using proxy = await TestProxy.before(
    `http://127.0.0.1:${upstream.port}/`,
    ["proxy.websocket: ON"],
    "",
    { env: { HAYATE_REACTOR: backend } },
  );
  using client = await proxy.connect();
  await client.send("GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" + head);
  await client.readUntil("\r\n\r\n");
  await client.halfClose();
  assertEquals(await client.waitForClose(), true);
  assertEquals(latin1(await client.readAll()), "behind the FIN");
});

/** Waits for a condition, for ten seconds at most. */
async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 1000 && !condition(); i++) await sleep(10);
  assertEquals(condition(), true);
}
