/** Contract: pausing, half-close, close and abort. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { sleep } from "../support/child.ts";
import { connectTo, RawConnection } from "../support/raw_socket.ts";
import { contractTest, plainTransports, streamTest } from "./harness.ts";

streamTest("pause() holds bytes back, resume() delivers them", async (rig, transport) => {
  const { client, server } = await rig.pair(transport);
  server.socket.pause();
  client.send("held");
  await sleep(50);
  assertEquals(server.byteCount, 0);
  server.socket.resume();
  rig.reactor.wake();
  await server.until((s) => s.text === "held");
  client.send(" and more");
  await server.until((s) => s.text === "held and more");
});

streamTest("pause() inside onData takes effect at once", async (rig, transport) => {
  const { client, server } = await rig.pair(transport);
  server.onBytes = () => server.socket.pause();
  client.send("first");
  await server.until((s) => s.byteCount === 5);
  client.send("second");
  await sleep(50);
  assertEquals(server.text, "first");
  server.onBytes = () => {};
  server.socket.resume();
  rig.reactor.wake();
  await server.until((s) => s.text === "firstsecond");
});

streamTest(
  "pause() and resume() in quick succession lose and repeat nothing",
  async (rig, transport) => {
    const { client, server } = await rig.pair(transport);
    server.onBytes = () => {
      server.socket.pause();
      server.socket.resume();
      server.socket.pause();
      rig.reactor.setTimer(1, () => server.socket.resume());
    };
    let expected = "";
    for (let i = 0; i < 50; i++) {
      client.send(`${i};`);
      expected += `${i};`;
      if (i % 7 === 0) await sleep(1);
    }
    await server.until((s) => s.byteCount === expected.length);
    assertEquals(server.text, expected);
  },
);

streamTest("pause() before onOpen holds", async (rig, transport) => {
  const listener = rig.listen(await rig.address(transport));
  const client = rig.connect(listener.address);
  client.socket.pause();
  await rig.untilAccepted(1);
  await client.until((c) => c.openCount === 1);
  rig.accepted[0].send("early");
  await sleep(50);
  assertEquals(client.byteCount, 0);
  client.socket.resume();
  rig.reactor.wake();
  await client.until((c) => c.byteCount === 5);
});

streamTest("a paused socket can write", async (rig, transport) => {
  const { client, server } = await rig.pair(transport);
  server.socket.pause();
  server.send("out");
  await client.until((c) => c.text === "out");
});

streamTest(
  "half-close: either side may keep sending after the other's end",
  async (rig, transport) => {
    for (const closer of ["client", "server"] as const) {
      const pair = await rig.pair(transport);
      const [first, second] = closer === "client"
        ? [pair.client, pair.server]
        : [pair.server, pair.client];
      first.send("last words");
      first.socket.shutdown();
      await second.until((s) => s.endCount === 1);
      assertEquals(second.text, "last words");
      assert(second.socket.isOpen && first.socket.isOpen);
      second.send("answer");
      await first.until((f) => f.text === "answer");
      assertEquals(first.endCount, 0);
      second.socket.shutdown();
      await first.until((f) => f.endCount === 1);
      await sleep(20);
      assertEquals([first.endCount, second.endCount], [1, 1], "onEnd is called once");
      assertEquals([first.closeCount, second.closeCount], [0, 0], "both are open until close");
      assert(second.socket.isOpen && first.socket.isOpen);
      first.socket.close();
      second.socket.close();
    }
  },
);

streamTest("write() after shutdown() accepts nothing", async (rig, transport) => {
  const { client, server } = await rig.pair(transport);
  client.socket.shutdown();
  client.socket.shutdown();
  assertEquals(client.socket.write(new Uint8Array(4), 0, 4), 0);
  await server.until((s) => s.endCount === 1);
  assertEquals(server.byteCount, 0);
});

streamTest(
  "the peer sees close() as an end; it causes no callback on our side",
  async (rig, transport) => {
    const { client, server } = await rig.pair(transport);
    client.send("bye");
    client.socket.close();
    assert(!client.socket.isOpen);
    await server.until((s) => s.endCount + s.closeCount === 1);
    assertEquals([server.text, server.endCount], ["bye", 1]);
    assertEquals([client.endCount, client.closeCount], [0, 0]);
  },
);

streamTest("after close() every method does nothing", async (rig, transport) => {
  const { client, server } = await rig.pair(transport);
  client.socket.close();
  client.socket.close();
  client.socket.abort();
  client.socket.shutdown();
  client.socket.pause();
  client.socket.resume();
  assertEquals(client.socket.write(new Uint8Array(4), 0, 4), 0);
  await server.until((s) => s.endCount + s.closeCount === 1);
  await sleep(20);
  assertEquals([client.endCount, client.closeCount, client.drainCount], [0, 0, 0]);
});

streamTest("bytes for a closed socket are not delivered", async (rig, transport) => {
  const { client, server } = await rig.pair(transport);
  client.send("too late");
  server.socket.close();
  await sleep(30);
  assertEquals([server.byteCount, server.endCount, server.closeCount], [0, 0, 0]);
  await client.until((c) => c.endCount + c.closeCount > 0);
});

streamTest(
  "the peer sees abort() as a reset, or at least as an end",
  async (rig, transport) => {
    const { client, server } = await rig.pair(transport);
    client.socket.abort();
    assert(!client.socket.isOpen);
    await server.until((s) => s.endCount + s.closeCount === 1);
    // A unix socket has no reset unless bytes were left unread; Deno has no SO_LINGER.
    if (rig.reactor.backend === "epoll" && transport !== "unix") {
      assertEquals(server.error?.code, "ECONNRESET");
      assertEquals(server.error?.message, "connection reset by peer");
      assert(!server.error!.retrySafe);
      assert(!server.socket.isOpen);
    }
    await sleep(20);
    assertEquals([client.endCount, client.closeCount], [0, 0]);
  },
);

streamTest("abort() drops pending output and ends at once", async (rig, transport) => {
  const { client, server } = await rig.pair(transport);
  server.socket.pause();
  const bytes = new Uint8Array(1 << 20);
  while (client.socket.write(bytes, 0, bytes.length) === bytes.length);
  client.socket.abort();
  server.keepsBytes = false;
  server.socket.resume();
  rig.reactor.wake();
  await server.until((s) => s.endCount + s.closeCount === 1);
  await sleep(20);
  assertEquals([client.endCount, client.closeCount, client.drainCount], [0, 0, 0]);
});

streamTest(
  "a plain Deno peer sees the end of close() and of shutdown()",
  async (rig, transport) => {
    const listener = rig.listen(await rig.address(transport));
    using first = await RawConnection.open(listener.address);
    using second = await RawConnection.open(listener.address);
    await rig.untilAccepted(2);
    rig.accepted[0].send("one");
    rig.accepted[0].socket.close();
    rig.accepted[1].send("two");
    rig.accepted[1].socket.shutdown();
    assertEquals(new TextDecoder().decode(await first.readAll()), "one");
    assertEquals(new TextDecoder().decode(await second.readAll()), "two");
    assert(first.isClosedByPeer && second.isClosedByPeer);
  },
  plainTransports,
);

streamTest(
  "writing to a closed peer ends in onClose with EPIPE or ECONNRESET",
  async (rig, transport) => {
    const listener = rig.listen(await rig.address(transport));
    const conn = await connectTo(listener.address);
    await rig.untilAccepted(1);
    const server = rig.accepted[0];
    conn.close();
    await server.until((s) => s.endCount + s.closeCount === 1);
    const timer = setInterval(() => {
      server.socket.write(new Uint8Array(100), 0, 100);
      rig.reactor.wake();
    }, 5);
    await server.until((s) => s.closeCount === 1);
    clearInterval(timer);
    assertMatch(server.error!.code, /^(EPIPE|ECONNRESET)$/);
    assert(!server.socket.isOpen);
    assertEquals(server.socket.write(new Uint8Array(1), 0, 1), 0);
  },
  plainTransports,
);

streamTest(
  "bytes that a peer sent before closing are delivered although a write failed",
  async (rig, transport) => {
    // An upstream that refuses a large body responds and then closes: the response must not be
    // lost.
    const { client, server } = await rig.pair(transport);
    const trigger = await rig.pair(transport);
    trigger.server.onBytes = () => {
      server.send("413 too large");
      server.socket.close();
      // The first write reaches a closed socket, which answers with a reset; the second write
      // fails.
      client.socket.write(new Uint8Array(100), 0, 100);
      client.socket.write(new Uint8Array(100), 0, 100);
    };
    trigger.client.send("now");
    await client.until((c) => c.byteCount > 0 || c.closeCount + c.endCount > 0);
    assertEquals(client.text, "413 too large");
  },
);

contractTest(
  "with both directions ended and nothing closed, the reactor does not spin",
  async (rig) => {
    for (const transport of ["tcp4", "unix"] as const) {
      const { client, server } = await rig.pair(transport);
      client.socket.shutdown();
      server.socket.shutdown();
      await client.until((c) => c.endCount === 1);
      await server.until((s) => s.endCount === 1);
    }
    await assertRests(rig.reactor);
  },
);

contractTest("a paused socket with a closed peer does not make the reactor spin", async (rig) => {
  for (const transport of ["tcp4", "unix"] as const) {
    for (const how of ["close", "abort", "shutdown"] as const) {
      const { client, server } = await rig.pair(transport);
      server.socket.pause();
      client.send("unread");
      client.socket[how]();
    }
  }
  await assertRests(rig.reactor);
});

contractTest(
  "a paused socket gets bytes and end after resume(), even if the peer has closed",
  async (rig) => {
    for (const transport of ["tcp4", "unix"] as const) {
      const { client, server } = await rig.pair(transport);
      server.socket.pause();
      client.send("unread");
      client.socket.close();
      await sleep(50);
      assertEquals([server.byteCount, server.endCount, server.closeCount], [0, 0, 0]);
      server.socket.resume();
      rig.reactor.wake();
      await server.until((s) => s.endCount === 1);
      assertEquals(server.text, "unread");
    }
  },
);

/** Fails if the reactor spins: a tick handler counts ticks for 300 ms. */
async function assertRests(
  reactor: import("../../mod/net/reactor.ts").Reactor,
): Promise<void> {
  await sleep(100);
  let ticks = 0;
  reactor.tickHandler = {
    onTick() {
      ticks++;
      return Infinity;
    },
  };
  reactor.wake();
  await sleep(300);
  reactor.tickHandler = null;
  assert(ticks < 50, `${ticks} ticks in 300 ms at rest`);
}
