/** WebSockets through info.upgrade() and Deno.upgradeWebSocket. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { RawConnection, rawExchange, tcp } from "../../support/raw_socket.ts";
import { appWith, eachBackend, startServe } from "../../support/serve.ts";

const echo = `(request, info) => {
  if (request.headers.get("upgrade") !== "websocket") return new Response("no", { status: 426 });
  const { response, socket } = info.upgrade({ protocol: "chat" });
  socket.binaryType = "arraybuffer";
  socket.onopen = () => socket.send("hello");
  socket.onmessage = ({ data }) => data === "bye" ? socket.close(1000, "done") : socket.send(data);
  socket.addEventListener("close", ({ code, reason, wasClean }) =>
    console.error("closed", code, reason, wasClean));
  return response;
}`;

/** Collects a client's events. */
function watch(socket: WebSocket) {
  const messages: unknown[] = [];
  let wake = () => {};
  socket.binaryType = "arraybuffer";
  socket.onmessage = ({ data }) => {
    messages.push(data);
    wake();
  };
  const closed = new Promise<CloseEvent>((resolve) => socket.onclose = resolve);
  return {
    closed,
    async next(): Promise<unknown> {
      while (messages.length === 0) await new Promise<void>((resolve) => wake = resolve);
      return messages.shift();
    },
  };
}

eachBackend("a WebSocket carries text, bytes and large messages both ways", async (backend) => {
  await using served = await startServe({
    args: ["@app.js"],
    backend,
    files: { "app.js": appWith(echo) },
  });
  const socket = new WebSocket(`ws://127.0.0.1:${served.port}/`, "chat");
  const client = watch(socket);
  assertEquals(await client.next(), "hello");
  assertEquals(socket.protocol, "chat");
  for (const size of [0, 5, 125, 126, 65535, 65536, 1_000_000]) {
    const text = "ä".repeat(size >> 1);
    socket.send(text);
    assertEquals(await client.next() === text, true, String(size));
    const bytes = new Uint8Array(size).fill(7);
    socket.send(bytes);
    assertEquals(new Uint8Array(await client.next() as ArrayBuffer), bytes);
  }
  socket.send("bye");
  const { code, reason, wasClean } = await client.closed;
  assertEquals([code, reason, wasClean], [1000, "done", true]);
  await served.child.waitForLine("closed 1000 done true");
});

eachBackend("TERM closes WebSockets with 1001 and ends the server", async (backend) => {
  await using served = await startServe({
    args: ["@app.js"],
    backend,
    files: { "app.js": appWith(echo) },
  });
  const socket = new WebSocket(`ws://127.0.0.1:${served.port}/`);
  const client = watch(socket);
  await client.next();
  served.child.kill("SIGTERM");
  assertEquals((await client.closed).code, 1001);
  assertEquals((await served.child.result()).code, 0);
});

eachBackend("the client's close reaches the app", async (backend) => {
  await using served = await startServe({
    args: ["@app.js"],
    backend,
    files: { "app.js": appWith(echo) },
  });
  const socket = new WebSocket(`ws://127.0.0.1:${served.port}/`);
  const client = watch(socket);
  await client.next();
  socket.close(4000, "mine");
  assertEquals((await client.closed).code, 4000);
  await served.child.waitForLine("closed 4000 mine true");
});

const handshake = "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

eachBackend(
  "the handshake is that of RFC 6455, and its violations end the socket",
  async (backend) => {
    await using served = await startServe({
      args: ["@app.js"],
      backend,
      files: { "app.js": appWith(echo) },
    });
    const rows: [frame: number[], code: number, why: string][] = [
      [[0x81, 0x01, 0x41], 1002, "not masked"],
      [[0xc1, 0x80, 0, 0, 0, 0], 1002, "reserved bit"],
      [[0x83, 0x80, 0, 0, 0, 0], 1002, "unknown opcode"],
      [[0x80, 0x80, 0, 0, 0, 0], 1002, "continuation of nothing"],
      [[0x09, 0x80, 0, 0, 0, 0], 1002, "fragmented ping"],
      [[0x81, 0x81, 0, 0, 0, 0, 0xff], 1007, "not UTF-8"],
      [[0x82, 0xff, 0, 0, 0, 0, 0xff, 0, 0, 0, 0, 0, 0, 0], 1009, "too large"],
    ];
    for (const [frame, code, why] of rows) {
      using connection = await RawConnection.open(tcp(served.port));
      await connection.send(handshake);
      const head = await connection.readUntil("\r\n\r\n");
      assertMatch(head, /^HTTP\/1\.1 101 Switching Protocols\r\n/);
      assertMatch(head, /sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=\r\n/i);
      assertEquals(await connection.readUntil("hello"), "\x81\x05hello");
      await connection.send(new Uint8Array(frame));
      const answer = await connection.readBytes(4);
      assertEquals((answer.charCodeAt(2) << 8) | answer.charCodeAt(3), code, why);
      assert(await connection.waitForClose(), why);
    }
  },
);

eachBackend(
  "Deno.upgradeWebSocket works on a served request; other requests are refused",
  async (backend) => {
    await using served = await startServe({
      args: ["@app.js"],
      backend,
      files: {
        "app.js": appWith(`(request) => {
        const { response, socket } = Deno.upgradeWebSocket(request);
        socket.onmessage = ({ data }) => socket.send("got " + data);
        return response;
      }`),
      },
    });
    const socket = new WebSocket(`ws://127.0.0.1:${served.port}/`);
    const client = watch(socket);
    socket.onopen = () => socket.send("x");
    assertEquals(await client.next(), "got x");
    socket.close();
    await client.closed;
    const plain = await rawExchange(tcp(served.port), "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    assertMatch(plain, /^HTTP\/1\.1 500 /);
    await served.child.waitForLine(/TypeError: Cannot upgrade/);
  },
);

eachBackend(
  "A handshake with a body or in HTTP/1.0 is no upgrade, nor is a bare 101",
  async (backend) => {
    const app = `(request, info) => {
  if (request.url.endsWith("/bare")) return { status: 101, headers: new Headers(), body: null };
  try {
    return info.upgrade().response;
  } catch (error) {
    return new Response(error.message, { status: 426 });
  }
}`;
    await using served = await startServe({
      args: ["@app.js"],
      backend,
      files: { "app.js": appWith(app) },
    });
    const fields = "Host: h\r\nConnection: close, Upgrade\r\nUpgrade: websocket\r\n" +
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    for (
      const [request, expected] of [
        // RFC 6455 4.1: at least HTTP/1.1, and no body that could be taken for frames.
        [`GET / HTTP/1.0\r\n${fields}\r\n`, 426],
        [`GET / HTTP/1.1\r\n${fields}Content-Length: 6\r\n\r\n\x81\x80\0\0\0\0`, 426],
        [`GET / HTTP/1.1\r\n${fields}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, 426],
        [`GET / HTTP/1.1\r\n${fields.replace("websocket", "h2c")}\r\n`, 426],
        [`GET /bare HTTP/1.1\r\n${fields}\r\n`, 500],
        [`GET / HTTP/1.1\r\n${fields}\r\n`, 101],
      ] as const
    ) {
      const answer = await rawExchange(tcp(served.port), request);
      assertEquals(Number(answer.slice(9, 12)), expected, request);
    }
  },
);
