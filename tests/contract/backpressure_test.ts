/** Contract: writing to a peer that reads slowly, or not at all. */
import { assert, assertEquals } from "@std/assert";
import { sleep } from "../support/child.ts";
import { connectTo } from "../support/raw_socket.ts";
import { plainTransports, type Recorder, type Rig, streamTest, type Transport } from "./harness.ts";

/** More than the kernel buffers of both ends hold (tcp_wmem and tcp_rmem are at most a few MB). */
const heldBytesMax = 48 * 1024 * 1024;

/** Bytes that identify their stream position: a counter whose period divides no buffer size. */
function pattern(length: number, from = 0): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = (from + i) % 251;
  return bytes;
}

/** Checks that a recorder received the pattern from its beginning. */
function expectPattern(recorder: Recorder): { count: number; wrongAt: number } {
  const seen = { count: 0, wrongAt: -1 };
  recorder.keepsBytes = false;
  recorder.onBytes = (bytes, start, end) => {
    for (let i = start; i < end; i++, seen.count++) {
      if (bytes[i] !== seen.count % 251 && seen.wrongAt < 0) seen.wrongAt = seen.count;
    }
  };
  return seen;
}

/** Writes the pattern until a write is short; returns how many bytes were accepted. */
function fill(recorder: Recorder, from = 0): number {
  let accepted = from;
  const chunkBytes = 251 * 100;
  const chunk = pattern(chunkBytes);
  while (accepted - from < heldBytesMax) {
    // The chunk starts at the current position of the pattern.
    const offset = accepted % 251;
    const count = recorder.socket.write(chunk, offset, chunkBytes);
    accepted += count;
    if (count < chunkBytes - offset) return accepted - from;
  }
  return accepted - from;
}

/** Fills until the kernel accepts nothing more either: a backend may first queue output itself. */
async function fillToTheBrim(recorder: Recorder): Promise<number> {
  let accepted = 0;
  for (let idle = 0; idle < 10;) {
    const count = fill(recorder, accepted);
    accepted += count;
    idle = count === 0 ? idle + 1 : 0;
    assert(accepted < heldBytesMax, `${accepted} bytes accepted for a peer that reads nothing`);
    await sleep(10);
  }
  return accepted;
}

streamTest(
  "a peer that does not read stops write(), and gets everything later in order",
  async (rig, transport) => {
    const { client, server } = await rig.pair(transport);
    const seen = expectPattern(server);
    server.socket.pause();
    const accepted = await fillToTheBrim(client);
    assert(accepted > 0);
    assertEquals(client.socket.write(pattern(100), 0, 100), 0, "short writes stay short");
    await sleep(50);
    const drainsBefore = client.drainCount;
    assertEquals(client.socket.write(pattern(100), 0, 100), 0, "short writes stay short");
    server.socket.resume();
    rig.reactor.wake();
    await server.until(() => seen.count === accepted);
    assertEquals(seen.wrongAt, -1, "the bytes came in order");
    await client.until((c) => c.drainCount > drainsBefore);
    const more = fill(client, accepted);
    assert(more > 0, "after onDrain there is room again");
    await server.until(() => seen.count === accepted + more);
    assertEquals(seen.wrongAt, -1, "the bytes came in order");
  },
);

streamTest("a plain Deno peer that does not read stops write() too", async (rig, transport) => {
  const listener = rig.listen(await rig.address(transport));
  using conn = await connectTo(listener.address);
  await rig.untilAccepted(1);
  const accepted = await fillToTheBrim(rig.accepted[0]);
  const buffer = new Uint8Array(1 << 20);
  let count = 0;
  while (count < accepted) {
    const read = await conn.read(buffer);
    if (read === null) throw new Error(`the stream ended after ${count} bytes`);
    for (let i = 0; i < read; i++, count++) {
      if (buffer[i] !== count % 251) throw new Error(`byte ${count} is not what was written`);
    }
  }
  assertEquals(count, accepted);
}, plainTransports);

streamTest(
  "onDrain is called once per short write, and not without one",
  async (rig, transport) => {
    const { client, server } = await rig.pair(transport);
    client.send("fits");
    await server.until((s) => s.byteCount === 4);
    await sleep(20);
    assertEquals(client.drainCount, 0, "no onDrain after a write that fits");
    server.keepsBytes = false;
    const total = await sendAll(client, 30 * 1024 * 1024);
    await server.until((s) => s.byteCount === 4 + total.bytes);
    await sleep(20);
    assertEquals(client.drainCount, total.shortCount);
  },
);

streamTest(
  "a reader that pauses after each piece holds one piece of 64 KB at most",
  async (rig, transport) => {
    const { client, server } = await rig.pair(transport);
    const seen = expectPattern(server);
    const check = server.onBytes;
    let largestBytes = 0;
    let hasPaused = false;
    server.onBytes = (bytes, start, end) => {
      // Before the first pause, a peer that never stops may be read in larger pieces.
      if (hasPaused) largestBytes = Math.max(largestBytes, end - start);
      check(bytes, start, end);
      if (seen.count < 1_000_000) return;
      hasPaused = true;
      server.socket.pause();
      rig.reactor.setTimer(1, () => server.socket.resume());
    };
    const length = 4_000_000;
    const bytes = pattern(length);
    let at = 0;
    const push = () => {
      at += client.socket.write(bytes, at, length);
    };
    client.onDrained = push;
    push();
    await server.until(() => seen.count === length);
    assertEquals(seen.wrongAt, -1, "the bytes came in order");
    assert(largestBytes > 0 && largestBytes <= 65_536, `a piece of ${largestBytes} bytes`);
  },
);

/** Writes `length` bytes, continuing at each onDrain. */
async function sendAll(
  recorder: Recorder,
  length: number,
): Promise<{ bytes: number; shortCount: number }> {
  const bytes = new Uint8Array(256 * 1024);
  const total = { bytes: 0, shortCount: 0 };
  const push = () => {
    while (total.bytes < length) {
      const wanted = Math.min(bytes.length, length - total.bytes);
      const count = recorder.socket.write(bytes, 0, wanted);
      total.bytes += count;
      if (count === wanted) continue;
      total.shortCount++;
      return;
    }
  };
  recorder.onDrained = push;
  push();
  await recorder.until(() => total.bytes === length);
  return total;
}

streamTest(
  "write() copies [start, end) and keeps no reference",
  async (rig, transport) => {
    const { client, server } = await rig.pair(transport);
    const bytes = new TextEncoder().encode("--middle--");
    assertEquals(client.socket.write(bytes, 2, 8), 6);
    bytes.fill(0x21);
    await server.until((s) => s.byteCount === 6);
    assertEquals(server.text, "middle");
    assertEquals(client.socket.write(bytes, 4, 4), 0, "an empty write accepts nothing");
    await sleep(20);
    assertEquals(client.drainCount, 0, "and causes no onDrain");
  },
);

streamTest("many writes in one callback arrive in order", async (rig, transport) => {
  const { client, server } = await rig.pair(transport);
  server.onBytes = () => {
    server.onBytes = () => {};
    for (let i = 0; i < 100; i++) server.send(`${i},`);
  };
  client.send("go");
  const expected = Array.from({ length: 100 }, (_, i) => `${i},`).join("");
  await client.until((c) => c.byteCount === expected.length);
  assertEquals(client.text, expected);
});

streamTest("close() after a large write delivers everything accepted", async (rig, transport) => {
  const { client, server } = await rig.pair(transport);
  const seen = expectPattern(server);
  server.socket.pause();
  const accepted = fill(client);
  client.socket.close();
  assertEquals(client.socket.write(pattern(9), 0, 9), 0, "nothing is accepted after close()");
  await sleep(50);
  server.socket.resume();
  rig.reactor.wake();
  await server.until((s) => s.endCount + s.closeCount === 1);
  assertEquals([seen.count, seen.wrongAt, server.endCount], [accepted, -1, 1]);
  assertEquals(client.drainCount, 0);
});

streamTest(
  "shutdown() after a large write sends everything accepted, then the end",
  async (rig, transport) => {
    const { client, server } = await rig.pair(transport);
    const seen = expectPattern(server);
    server.socket.pause();
    const accepted = fill(client);
    client.socket.shutdown();
    await sleep(50);
    assertEquals(server.endCount, 0, "paused: neither bytes nor the end");
    server.socket.resume();
    rig.reactor.wake();
    await server.until((s) => s.endCount === 1);
    assertEquals([seen.count, seen.wrongAt], [accepted, -1]);
    server.send("answer");
    await client.until((c) => c.byteCount === 6);
  },
);

streamTest("a slow peer does not delay the others", async (rig, transport) => {
  const [slow, quick] = await rig.pairs(2, transport);
  slow.server.socket.pause();
  fill(slow.client);
  await pingPong(rig, quick, 200);
});

async function pingPong(
  _rig: Rig,
  pair: { client: Recorder; server: Recorder },
  rounds: number,
): Promise<void> {
  pair.server.onBytes = () => pair.server.send("x");
  for (let round = 1; round <= rounds; round++) {
    pair.client.send("x");
    await pair.client.until((c) => c.byteCount === round);
  }
}

streamTest(
  "memory does not grow while the peer does not read",
  async (rig, transport: Transport) => {
    const pairs = await rig.pairs(20, transport);
    for (const { server } of pairs) server.socket.pause();
    await Promise.all(pairs.map(({ client }) => fillToTheBrim(client)));
    const before = Deno.memoryUsage();
    const bytes = new Uint8Array(16384);
    for (let round = 0; round < 200; round++) {
      for (const { client } of pairs) {
        assertEquals(client.socket.write(bytes, 0, bytes.length), 0);
      }
      if (round % 50 === 0) await sleep(1);
    }
    const after = Deno.memoryUsage();
    const grown = after.external + after.heapUsed - before.external - before.heapUsed;
    // 65 MB were offered; the test's own allocations are small.
    assert(grown < 16 * 1024 * 1024, `grew by ${grown} bytes`);
  },
  ["tcp4", "unix"],
);
