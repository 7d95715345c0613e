/** What a client may make a WebSocket hold: memory, messages, time. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { makeFrame, Opcode } from "../../../mod/web_socket/frames.ts";
import { withTimeout } from "../../support/child.ts";
import { RawConnection, tcp } from "../../support/raw_socket.ts";
import { appWith, eachBackend, type Served, startServe } from "../../support/serve.ts";

const handshake = "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/** Room for the buffers of the kernel's and our own that any connection may have. */
const growthBytesMax = 100 * 1024 ** 2;

/** An app with `body` run for each socket, whose events are logged. */
function app(body: string): Record<string, string> {
  return {
    "app.js": appWith(`(request, info) => {
      if (request.headers.get("upgrade") === null) return new Response("hello");
      const { response, socket } = info.upgrade();
      socket.binaryType = "arraybuffer";
      socket.addEventListener("error", ({ message }) => console.error("error", message));
      socket.addEventListener("close", ({ code }) => console.error("closed", code));
      ${body}
      return response;
    }`),
  };
}

const quiet = app("");
const echo = app("socket.onmessage = ({ data }) => socket.send(data);");

async function open(served: Served): Promise<RawConnection> {
  const connection = await RawConnection.open(tcp(served.port));
  await connection.send(handshake);
  assertMatch(await connection.readUntil("\r\n\r\n"), /^HTTP\/1\.1 101 /);
  return connection;
}

/** A client's frame with a key of zeros, which leaves the payload as it is. */
function clientFrame(opcode: number, payload: Uint8Array | string, isLast = true): Uint8Array {
  const bytes = typeof payload === "string" ? new TextEncoder().encode(payload) : payload;
  const plain = makeFrame(opcode, bytes);
  const headBytes = plain.length - bytes.length;
  const frame = new Uint8Array(plain.length + 4);
  frame.set(plain.subarray(0, headBytes));
  frame.set(bytes, headBytes + 4);
  if (!isLast) frame[0] &= 0x7f;
  frame[1] |= 0x80;
  return frame;
}

function repeat(frame: Uint8Array, count: number): Uint8Array {
  const whole = new Uint8Array(frame.length * count);
  for (let i = 0; i < count; i++) whole.set(frame, i * frame.length);
  return whole;
}

/** The code of the close frame that comes next. */
async function closeCode(connection: RawConnection): Promise<number> {
  const frame = await connection.readBytes(4);
  assertEquals(frame.charCodeAt(0), 0x88);
  return (frame.charCodeAt(2) << 8) | frame.charCodeAt(3);
}

function residentBytes(pid: number): number {
  const match = /^VmRSS:\s+(\d+) kB$/m.exec(Deno.readTextFileSync(`/proc/${pid}/status`));
  return Number(match![1]) * 1024;
}

async function assertStillServes(served: Served): Promise<void> {
  assertEquals(await (await fetch(served.url)).text(), "hello");
}

/** Sends `piece` `count` times, or until the server ends the connection. */
async function flood(connection: RawConnection, piece: Uint8Array, count: number): Promise<void> {
  try {
    for (let i = 0; i < count; i++) await connection.send(piece);
  } catch (error) {
    // The server has closed, which the tests wait for, or the test has.
    const { BadResource, BrokenPipe, ConnectionReset, Interrupted } = Deno.errors;
    assert(
      [BadResource, BrokenPipe, ConnectionReset, Interrupted].some((one) => error instanceof one),
    );
  }
}

eachBackend("empty fragments without end: 1009, no memory", async (backend) => {
  await using served = await startServe({ args: ["@app.js"], files: quiet, backend });
  using connection = await open(served);
  const before = residentBytes(served.child.pid);
  await connection.send(clientFrame(Opcode.text, "", false));
  await flood(connection, repeat(clientFrame(Opcode.continuation, "", false), 10_000), 400);
  assert(residentBytes(served.child.pid) - before < growthBytesMax);
  assertEquals(await closeCode(connection), 1009);
  await served.child.waitForLine("closed 1009");
  await assertStillServes(served);
});

eachBackend("pings to a client that does not read: no memory, then a reset", async (backend) => {
  const args = ["--write-timeout", "1s", "@app.js"];
  await using served = await startServe({ args, files: quiet, backend });
  using connection = await open(served);
  const before = residentBytes(served.child.pid);
  const piece = repeat(clientFrame(Opcode.ping, "x".repeat(125)), 500);
  const flooding = flood(connection, piece, 1000);
  await served.child.waitForLine("error the client has read nothing within the write timeout");
  await served.child.waitForLine("closed 1006");
  assert(residentBytes(served.child.pid) - before < growthBytesMax);
  await assertStillServes(served);
  // Deno closes a connection only once a write under way has ended: there the client sees the reset
  // no sooner than the process ends.
  if (backend === "portable") await served.child.stop();
  assert(await withTimeout(flooding.then(() => true), 30_000));
});

eachBackend("pings to a client that reads are all answered, in order", async (backend) => {
  await using served = await startServe({ args: ["@app.js"], files: quiet, backend });
  using connection = await open(served);
  const count = 2000;
  const pings = Array.from({ length: count }, (_, i) => String(i).padStart(5, "0"));
  for (const ping of pings) await connection.send(clientFrame(Opcode.ping, ping));
  const answer = await connection.readBytes(7 * count);
  assertEquals(answer, pings.map((ping) => `\x8a\x05${ping}`).join(""));
});

eachBackend("a message is at most --max-message, 16 MiB by default", async (backend) => {
  await using served = await startServe({
    args: ["@app.js"],
    files: app("socket.onmessage = ({ data }) => socket.send(String(data.byteLength));"),
    backend,
  });
  const largest = new Uint8Array(16 * 1024 ** 2);
  for (const pieces of [1, 1024]) {
    using connection = await open(served);
    const size = largest.length / pieces;
    for (let i = 0; i < pieces; i++) {
      const opcode = i === 0 ? Opcode.binary : Opcode.continuation;
      await connection.send(clientFrame(opcode, largest.subarray(0, size), i === pieces - 1));
    }
    assertEquals(await connection.readBytes(10), "\x81\x0816777216");
  }
  // The close frame arrives though the client is still sending.
  for (const isLast of [true, false]) {
    using connection = await open(served);
    const frame = isLast
      ? clientFrame(Opcode.binary, new Uint8Array(largest.length + 1))
      : clientFrame(Opcode.binary, largest, false);
    await flood(connection, frame, 1);
    if (!isLast) await connection.send(clientFrame(Opcode.continuation, "x"));
    assertEquals(await closeCode(connection), 1009);
    assert(await connection.waitForClose());
    assertEquals(connection.resetError, null);
  }
});

eachBackend("--max-message sets another limit", async (backend) => {
  const args = ["--max-message", "1k", "@app.js"];
  await using served = await startServe({ args, files: echo, backend });
  using connection = await open(served);
  await connection.send(clientFrame(Opcode.text, "x".repeat(1024)));
  assertEquals((await connection.readBytes(1028)).slice(4), "x".repeat(1024));
  await connection.send(clientFrame(Opcode.text, "x".repeat(1025)));
  assertEquals(await closeCode(connection), 1009);
});

eachBackend(
  "an app that sends to a client that does not read loses the client",
  async (backend) => {
    await using served = await startServe({
      args: ["@app.js"],
      files: app(`socket.onopen = () => {
        const piece = new Uint8Array(1 << 20);
        const more = () => {
          if (socket.readyState !== socket.OPEN) return;
          socket.send(piece);
          setTimeout(more, 1);
        };
        more();
      };`),
      backend,
    });
    const before = residentBytes(served.child.pid);
    using _connection = await open(served);
    await served.child.waitForLine(/error the client reads too slowly: \d+ bytes are queued/);
    await served.child.waitForLine("closed 1006");
    assert(residentBytes(served.child.pid) - before < 2 * growthBytesMax);
    await assertStillServes(served);
  },
);

eachBackend("a client that takes nothing for --write-timeout is reset", async (backend) => {
  await using served = await startServe({
    args: ["--write-timeout", "500ms", "@app.js"],
    files: app(`socket.onopen = () => {
        for (let i = 0; i < 30; i++) socket.send(new Uint8Array(1 << 20));
      };`),
    backend,
  });
  using _connection = await open(served);
  await served.child.waitForLine("error the client has read nothing within the write timeout");
  await served.child.waitForLine("closed 1006");
});

eachBackend("ten thousand messages in one piece come back in order", async (backend) => {
  await using served = await startServe({ args: ["@app.js"], files: echo, backend });
  using connection = await open(served);
  const texts = Array.from({ length: 10_000 }, (_, i) => String(i).padStart(5, "0"));
  const frames = texts.map((text) => clientFrame(Opcode.text, text));
  const whole = new Uint8Array(frames.length * frames[0].length);
  frames.forEach((frame, i) => whole.set(frame, i * frame.length));
  const sending = connection.send(whole);
  const answer = await connection.readBytes(7 * texts.length);
  await sending;
  assert(answer === texts.map((text) => `\x81\x05${text}`).join(""));
});

eachBackend("frames that precede a late answer are read", async (backend) => {
  await using served = await startServe({
    args: ["@app.js"],
    files: {
      "app.js": appWith(`async (request, info) => {
        await new Promise((resolve) => setTimeout(resolve, 200));
        const { response, socket } = info.upgrade();
        socket.onmessage = ({ data }) => socket.send(data);
        return response;
      }`),
    },
    backend,
  });
  using connection = await RawConnection.open(tcp(served.port));
  await connection.send(handshake);
  for (const text of ["one", "two"]) await connection.send(clientFrame(Opcode.text, text));
  await connection.readUntil("\r\n\r\n");
  assertEquals(await connection.readBytes(10), "\x81\x03one\x81\x03two");
  await connection.send(clientFrame(Opcode.text, "six"));
  assertEquals(await connection.readBytes(5), "\x81\x03six");
});

eachBackend("close() ahead of the response, and blobs between texts", async (backend) => {
  await using served = await startServe({
    args: ["@app.js"],
    files: app(`
      if (request.url.endsWith("/close")) socket.close(3001, "early");
      socket.onopen = () => {
        socket.send("a");
        socket.send(new Blob(["bc"]));
        socket.send("d");
        socket.close(1000);
      };`),
    backend,
  });
  {
    using connection = await open(served);
    // WHATWG WebSockets, send(): messages keep their order, a blob too; close() follows them.
    const expected = "\x81\x01a\x82\x02bc\x81\x01d\x88\x02\x03\xe8";
    assertEquals(await connection.readBytes(expected.length), expected);
  }
  using connection = await RawConnection.open(tcp(served.port));
  await connection.send(handshake.replace("GET /", "GET /close"));
  await connection.readUntil("\r\n\r\n");
  assertEquals(await closeCode(connection), 3001);
});
