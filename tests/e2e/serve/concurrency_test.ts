/** hayate serve --max-concurrency and --queue. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { certificateFor } from "../../contract/tls_ends.ts";
import { runHayate } from "../../support/binary.ts";
import { sampleOf } from "../../support/metrics_reader.ts";
import { RawConnection, rawExchange, tcp } from "../../support/raw_socket.ts";
import { eachBackend, type Served, startServe } from "../../support/serve.ts";

/** /hold/NAME answers when the file NAME is there, /stream/NAME ends then; /ws is a WebSocket. */
const app = `
const folder = new URL(".", import.meta.url).pathname;
const isThere = (name) => { try { return Deno.statSync(folder + name).isFile; } catch { return false; } };
const wait = async (name) => {
  Deno.writeTextFileSync(folder + name + ".began", "");
  while (!isThere(name)) await new Promise((resolve) => setTimeout(resolve, 10));
};
export default { async fetch(request, info) {
  const [, kind, name] = new URL(request.url).pathname.split("/");
  if (kind === "hold") { await wait(name); return new Response(name); }
  if (kind === "ws") return info.upgrade().response;
  if (kind === "stream") {
    const end = wait(name);
    return new Response(new ReadableStream({
      start: (controller) => controller.enqueue(new TextEncoder().encode("first")),
      pull: async (controller) => { await end; controller.close(); },
    }));
  }
  if (kind === "post") return new Response(String((await request.bytes()).length));
  return new Response("free");
} };
`;

function start(args: string[], backend: "epoll" | "portable", more: string[] = []) {
  return startServe({ args: [...args, ...more, "@app.js"], backend, files: { "app.js": app } });
}

/** Lets the requests of this name go on. */
async function release(served: Served, name: string): Promise<void> {
  await Deno.writeTextFile(`${served.folder.path}/${name}`, "");
}

/** Waits until the app works on the request of this name. */
async function began(served: Served, name: string): Promise<void> {
  await served.child.waitUntil(`${name} has begun`, async () => {
    return await Deno.stat(`${served.folder.path}/${name}.began`).then(() => true, () => null);
  });
}

function hasBegun(served: Served, name: string): Promise<boolean> {
  return Deno.stat(`${served.folder.path}/${name}.began`).then(() => true, () => false);
}

async function send(served: Served, path: string, fields = ""): Promise<RawConnection> {
  const connection = await RawConnection.open(tcp(served.port));
  await connection.send(`GET ${path} HTTP/1.1\r\nHost: x\r\n${fields}\r\n`);
  return connection;
}

function ask(served: Served, path = "/"): Promise<string> {
  return rawExchange(
    tcp(served.port),
    `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
  );
}

const refused = /^HTTP\/1\.1 503 .*\r\nRetry-After: 1\r\n.*503 Service Unavailable\n$/s;

/** Waits until a request is answered: places are given back in a turn of the loop. */
async function waitForPlace(served: Served): Promise<void> {
  await served.child.waitUntil("a free place", async () => {
    return /^HTTP\/1\.1 200 /.test(await ask(served)) ? true : null;
  });
}

eachBackend("N requests run, M wait in their order, the others get 503", async (backend) => {
  await using served = await start(["--max-concurrency", "2", "--queue", "2"], backend);
  const running = [await send(served, "/hold/a"), await send(served, "/hold/b")];
  for (const name of ["a", "b"]) await began(served, name);
  const c = await send(served, "/hold/c");
  const body = "x".repeat(200_000);
  const post = await RawConnection.open(tcp(served.port));
  await post.send(`POST /post HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n`);
  // The refusal shows that both wait; until then one of them may still be on its way.
  await served.child.waitUntil("a full queue", async () => {
    const connection = await RawConnection.open(tcp(served.port));
    await connection.send("GET /hold/a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    const answer = await connection.readAll({ idleMs: 200, totalMs: 200 });
    connection.close();
    return new TextDecoder().decode(answer).includes(" 503 ") ? true : null;
  });
  assertMatch(await ask(served), refused);
  const kept = await RawConnection.open(tcp(served.port));
  await kept.send("POST /post HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc");
  assertMatch(await kept.readUntil("Unavailable\n"), /^HTTP\/1\.1 503 /);
  await kept.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  assertMatch(await kept.readUntil("Unavailable\n"), /^HTTP\/1\.1 503 /);
  kept.close();
  assertEquals(await hasBegun(served, "c"), false);
  await post.send(body);
  await release(served, "a");
  assertMatch(await running[0].readUntil("\r\n\r\na"), /^HTTP\/1\.1 200 /);
  await began(served, "c");
  await release(served, "b");
  await running[1].readUntil("\r\n\r\nb");
  assertMatch(await post.readUntil("\r\n\r\n200000"), /^HTTP\/1\.1 200 /);
  await release(served, "c");
  await c.readUntil("\r\n\r\nc");
  await waitForPlace(served);
  for (const connection of [...running, c, post]) connection.close();
});

eachBackend("a client that leaves frees its place, also in the queue", async (backend) => {
  await using served = await start(["--max-concurrency", "1", "--queue", "1"], backend);
  const first = await send(served, "/hold/a");
  await began(served, "a");
  const second = await send(served, "/hold/b");
  await served.child.waitUntil("a full queue", async () => {
    const probe = await send(served, "/hold/z", "Connection: close\r\n");
    const answer = await probe.readAll({ idleMs: 200, totalMs: 200 });
    probe.close();
    return new TextDecoder().decode(answer).includes(" 503 ") ? true : null;
  });
  second.close();
  const third = await served.child.waitUntil("a place in the queue", async () => {
    const probe = await send(served, "/hold/c");
    const answer = await probe.readAll({ idleMs: 200, totalMs: 200 });
    if (answer.length === 0) return probe;
    probe.close();
    return null;
  });
  first.close();
  await began(served, "c");
  assertEquals(await hasBegun(served, "b"), false);
  await release(served, "c");
  await third.readUntil("\r\n\r\nc");
  third.close();
  await waitForPlace(served);
});

eachBackend("a streamed response and a WebSocket count until they end", async (backend) => {
  await using served = await start(["--max-concurrency", "1"], backend);
  const stream = await send(served, "/stream/a");
  await stream.readUntil("first");
  assertMatch(await ask(served), refused);
  await release(served, "a");
  await stream.readUntil("\r\n0\r\n\r\n");
  stream.close();
  await waitForPlace(served);
  const socket = await send(
    served,
    "/ws",
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
  );
  assertMatch(await socket.readUntil("\r\n\r\n"), /^HTTP\/1\.1 101 /);
  assertMatch(await ask(served), refused);
  socket.close();
  await waitForPlace(served);
  const left = await send(served, "/stream/b");
  await left.readUntil("first");
  left.close();
  await waitForPlace(served);
});

eachBackend("streams of HTTP/2 count one by one", async (backend) => {
  const own = certificateFor("127.0.0.1", "localhost");
  await using served = await start(
    ["--max-concurrency", "1", "--tls", "--cert", own.certificateFile, "--key", own.keyFile],
    backend,
  );
  using client = Deno.createHttpClient({
    caCerts: [Deno.readTextFileSync(own.certificateFile)],
    http1: false,
    http2: true,
  });
  const get = (path: string) => fetch(`https://localhost:${served.port}${path}`, { client });
  const held = get("/hold/a");
  await began(served, "a");
  const answers = await Promise.all([get("/"), get("/"), get("/")]);
  for (const answer of answers) {
    assertEquals([answer.status, answer.headers.get("retry-after")], [503, "1"]);
    await answer.body?.cancel();
  }
  await release(served, "a");
  assertEquals(await (await held).text(), "a");
});

Deno.test("what waits and what was refused is in /metrics, and a stop answers what waits", async () => {
  await using served = await start(
    ["--max-concurrency", "1", "--queue", "1"],
    "epoll",
    ["--status-listen", "@s"],
  );
  const first = await send(served, "/hold/a");
  await began(served, "a");
  const second = await send(served, "/hold/b");
  await served.child.waitUntil("the queue in /metrics", async () => {
    const text = await rawExchange(
      { kind: "unix", path: `${served.folder.path}/s` },
      "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    );
    return sampleOf(text, "hayate_worker_queued_requests", 'slot="0"') === 1 ? true : null;
  });
  assertMatch(await ask(served), refused);
  await served.child.waitUntil("the refusal in /metrics", async () => {
    const text = await rawExchange(
      { kind: "unix", path: `${served.folder.path}/s` },
      "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    );
    return sampleOf(text, "hayate_shed_requests_total") === 1 ? true : null;
  });
  served.child.kill("SIGTERM");
  await release(served, "a");
  await first.readUntil("\r\n\r\na");
  await began(served, "b");
  await release(served, "b");
  await second.readUntil("\r\n\r\nb");
  assert((await served.child.result()).code === 0);
  for (const connection of [first, second]) connection.close();
});

Deno.test("--max-concurrency and --queue refuse what they cannot mean", async () => {
  const cases: [args: string[], expected: RegExp][] = [
    [["--queue", "5", "app.js"], /--queue needs --max-concurrency N/],
    [["--max-concurrency", "5", "."], /--max-concurrency is for apps/],
    [["--max-concurrency", "0", "app.js"], /--max-concurrency 0: /],
  ];
  for (const [args, expected] of cases) {
    const { code, stderr } = await runHayate(["serve", "--port", "0", ...args]);
    assertEquals(code, 2);
    assertMatch(stderr, expected);
  }
});
