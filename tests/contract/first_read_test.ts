/** Contract: what a client sent before its connection was accepted is delivered like all else. */
import { assertEquals } from "@std/assert";
import { connectTo, RawConnection } from "../support/raw_socket.ts";
import { contractTest, plainTransports, type Rig, streamTest, type Transport } from "./harness.ts";

/** A connection that waits to be accepted, with `count` bytes in it. */
async function early(rig: Rig, transport: Transport, count: number) {
  const listener = rig.listen(await rig.address(transport), { paused: true });
  const conn = await connectTo(listener.address);
  const raw = new RawConnection(conn);
  await raw.send("x".repeat(count));
  const accept = async () => {
    listener.resume();
    rig.reactor.wake();
    await rig.untilAccepted(1);
    return rig.accepted[0];
  };
  return { raw, accept };
}

// Around the size of a read ahead, and around that of a large read.
for (const count of [0, 1, 2047, 2048, 2049, 65_536, 65_537, 150_000]) {
  streamTest(
    `${count} early bytes arrive, then later ones, then the end`,
    async (rig, transport) => {
      const { raw, accept } = await early(rig, transport, count);
      using _raw = raw;
      const server = await accept();
      await server.until((s) => s.byteCount === count);
      await raw.send("later");
      await server.until((s) => s.byteCount === count + 5);
      server.send("answer");
      assertEquals(await raw.readBytes(6), "answer");
      await raw.halfClose();
      await server.until((s) => s.endCount === 1);
      assertEquals([server.byteCount, server.closeCount], [count + 5, 0]);
    },
    plainTransports,
  );

  streamTest(`${count} early bytes and the end arrive together`, async (rig, transport) => {
    const { raw, accept } = await early(rig, transport, count);
    using _raw = raw;
    await raw.halfClose();
    const server = await accept();
    await server.until((s) => s.endCount === 1);
    assertEquals([server.byteCount, server.closeCount], [count, 0]);
    server.send("answer");
    assertEquals(await raw.readBytes(6), "answer");
  }, plainTransports);
}

streamTest("early bytes for a handler that pauses wait for resume()", async (rig, transport) => {
  const listener = rig.listen(await rig.address(transport), { paused: true }, (socket) => {
    const server = rig.recorder();
    server.socket = socket;
    socket.pause();
    rig.accepted.push(server);
    return server;
  });
  using raw = new RawConnection(await connectTo(listener.address));
  await raw.send("early");
  listener.resume();
  rig.reactor.wake();
  const client = rig.connect(listener.address);
  await client.until((c) => c.openCount === 1);
  client.send("second");
  while (rig.accepted.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
  const [first, second] = rig.accepted;
  second.socket.resume();
  rig.reactor.wake();
  await second.until((s) => s.text === "second");
  assertEquals(first.byteCount, 0);
  first.socket.resume();
  rig.reactor.wake();
  await first.until((s) => s.text === "early");
}, plainTransports);

contractTest("200 early clients that say they are done get whole answers", async (rig) => {
  const answer = new TextEncoder().encode("y".repeat(3000));
  const listener = rig.listen(await rig.address("tcp4"), { paused: true }, (socket) => {
    const server = rig.recorder();
    server.socket = socket;
    server.onBytes = () => {
      assertEquals(socket.write(answer, 0, answer.length, true), answer.length);
      socket.close();
    };
    return server;
  });
  const clients = await Promise.all(Array.from({ length: 200 }, async () => {
    const raw = await RawConnection.open(listener.address);
    await raw.send("done");
    return raw;
  }));
  listener.resume();
  rig.reactor.wake();
  for (const raw of clients) {
    assertEquals((await raw.readBytes(3000)).length, 3000);
    assertEquals(await raw.waitForClose(), true);
    assertEquals(raw.resetError, null);
    raw.close();
  }
});
