/** Contract: TCP listeners. */
import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { type Address } from "../../mod/base/address.ts";
import { StartError } from "../../mod/base/errors.ts";
import { sleep } from "../support/child.ts";
import { connectTo } from "../support/raw_socket.ts";
import { contractTest, plainTransports, portOf, streamTest } from "./harness.ts";

const anyPort: Address = { kind: "tcp", host: "127.0.0.1", port: 0 };

streamTest("listen() reports its address and accepts connections", async (rig, transport) => {
  const listener = rig.listen(await rig.address(transport));
  if (listener.address.kind === "tcp") {
    assert(listener.address.port > 0, "port 0 is replaced by the real one");
    assertEquals(listener.address.host, transport === "tcp4" ? "127.0.0.1" : "::1");
  }
  using conn = await connectTo(listener.address);
  await rig.untilAccepted(1);
  assertEquals(listener.acceptedCount, 1);
  await conn.write(new TextEncoder().encode("hello"));
  await rig.accepted[0].until((r) => r.byteCount === 5);
  assertEquals(rig.accepted[0].text, "hello");
  assertEquals(rig.accepted[0].openCount, 0, "onOpen is for connect only");
}, plainTransports);

streamTest("an accepted socket knows both addresses", async (rig, transport) => {
  const listener = rig.listen(await rig.address(transport));
  using conn = await connectTo(listener.address);
  await rig.untilAccepted(1);
  const { socket } = rig.accepted[0];
  assertEquals(socket.localAddress(), listener.address);
  if (transport === "unix") {
    assertEquals(socket.peerAddress(), { kind: "unix", path: "" });
    // Absent from the portable reactor.
    if (socket.peerUid !== undefined) assertEquals(socket.peerUid(), Deno.uid());
  } else {
    assertEquals(socket.peerUid?.() ?? null, null);
    const local = conn.localAddr as Deno.NetAddr;
    assertEquals(socket.peerAddress(), { kind: "tcp", host: local.hostname, port: local.port });
  }
}, plainTransports);

contractTest("listen() on a port in use throws one clear line", async (rig) => {
  const { address } = rig.listen(anyPort);
  const error = assertThrows(() => rig.listen(address), StartError);
  assertMatch(error.message, /in use/);
  assertMatch(error.message, new RegExp(`127\\.0\\.0\\.1:${portOf(address)}`));
  assert(!error.message.includes("\n"));
  await Promise.resolve();
});

contractTest("listen() on an address of another host throws one clear line", async (rig) => {
  // 192.0.2.0/24 is for documentation (RFC 5737): no host uses it.
  const address: Address = { kind: "tcp", host: "192.0.2.1", port: 0 };
  const error = assertThrows(() => rig.listen(address), StartError);
  assertMatch(error.message, /192\.0\.2\.1:0.*no such address/);
  await Promise.resolve();
});

contractTest("reusePort lets two listeners share a port", async (rig) => {
  const first = rig.listen(anyPort, { reusePort: true });
  const second = rig.listen(first.address, { reusePort: true });
  assertEquals(second.address, first.address);
  assertThrows(() => rig.listen(first.address), StartError, "in use");
  const conns = await Promise.all(Array.from({ length: 40 }, () => connectTo(first.address)));
  await rig.untilAccepted(40);
  for (const conn of conns) conn.close();
  assert(first.acceptedCount > 0, "the kernel spreads 40 connections over both");
  assert(second.acceptedCount > 0, "the kernel spreads 40 connections over both");
  assertEquals(first.acceptedCount + second.acceptedCount, 40);
});

contractTest(
  "[::] and 0.0.0.0 can be bound to one port, if the backend has v6Only",
  async (rig) => {
    const v6 = rig.listen({ kind: "tcp", host: "::", port: 0 });
    const v4: Address = { kind: "tcp", host: "0.0.0.0", port: portOf(v6.address) };
    if (rig.reactor.backend === "portable") {
      // Deno has no such option; at least the user gets the reason.
      assertThrows(() => rig.listen(v4), StartError, "in use");
    } else {
      rig.listen(v4);
      assertThrows(
        () => rig.listen({ ...v4, host: "::" }, { v6Only: false }),
        StartError,
        "in use",
      );
    }
    await Promise.resolve();
  },
);

contractTest("the backlog holds connections while the listener is paused", async (rig) => {
  const listener = rig.listen(anyPort, { backlog: 200 });
  listener.pause();
  const conns = await Promise.all(Array.from({ length: 50 }, () => connectTo(listener.address)));
  await sleep(50);
  assertEquals(rig.accepted.length, 0, "nothing is accepted while paused");
  listener.resume();
  rig.reactor.wake();
  await rig.untilAccepted(50);
  for (const conn of conns) conn.close();
});

contractTest("a listener opened paused accepts after resume()", async (rig) => {
  const listener = rig.listen(anyPort, { paused: true });
  using _conn = await connectTo(listener.address);
  await sleep(50);
  assertEquals(rig.accepted.length, 0);
  listener.resume();
  rig.reactor.wake();
  await rig.untilAccepted(1);
});

contractTest(
  "pause() in the accept handler leaves the next connection in the queue",
  async (rig) => {
    let acceptedCount = 0;
    const listener = rig.listen(anyPort, { paused: true }, (socket, one) => {
      acceptedCount++;
      one.pause();
      const recorder = rig.recorder();
      recorder.socket = socket;
      return recorder;
    });
    const conns = await Promise.all(Array.from({ length: 3 }, () => connectTo(listener.address)));
    for (let count = 1; count <= 3; count++) {
      listener.resume();
      rig.reactor.wake();
      await sleep(50);
      assertEquals(acceptedCount, count);
    }
    for (const conn of conns) conn.close();
  },
);

contractTest("with a backlog of 1, further connections wait or fail", async (rig) => {
  const listener = rig.listen(anyPort, { backlog: 1 });
  listener.pause();
  let connectedCount = 0;
  const abort = new AbortController();
  const port = portOf(listener.address);
  const attempts = Array.from({ length: 12 }, async () => {
    try {
      const conn = await Deno.connect({
        hostname: "127.0.0.1",
        port,
        signal: abort.signal,
      });
      connectedCount++;
      return conn;
    } catch (error) {
      if (!abort.signal.aborted) throw error;
      return null;
    }
  });
  await sleep(300);
  // The kernel admits backlog + 1; one more may be in a pending accept.
  assert(connectedCount >= 1 && connectedCount <= 4, `${connectedCount} connections went through`);
  abort.abort();
  for (const conn of await Promise.all(attempts)) conn?.close();
});

streamTest(
  "close() accepts queued connections and refuses later ones",
  async (rig, transport) => {
    const listener = rig.listen(await rig.address(transport));
    listener.pause();
    const conns = await Promise.all(Array.from({ length: 20 }, () => connectTo(listener.address)));
    listener.close();
    await rig.untilAccepted(20);
    for (const recorder of rig.accepted) recorder.send("x");
    for (const conn of conns) {
      assertEquals(
        await conn.read(new Uint8Array(8)),
        1,
        "a queued connection is served, not reset",
      );
      conn.close();
    }
    await sleep(50);
    const late = rig.connect(listener.address);
    await late.until((r) => r.closeCount === 1);
    assertMatch(late.error!.code, /ECONNREFUSED|ENOENT/);
    assertEquals(listener.acceptedCount, 20);
  },
  plainTransports,
);

contractTest("a port is free again soon after close()", async (rig) => {
  const listener = rig.listen(anyPort);
  using conn = await connectTo(listener.address);
  await rig.untilAccepted(1);
  listener.close();
  await sleep(50);
  rig.listen(listener.address);
  await conn.write(new Uint8Array(1));
  await rig.accepted[0].until((r) => r.byteCount === 1);
});

contractTest("close() twice, and pause() and resume() after it, do nothing", async (rig) => {
  const listener = rig.listen(anyPort);
  listener.close();
  listener.close();
  listener.pause();
  listener.resume();
  await sleep(20);
});

contractTest("the accept handler may close the socket at once", async (rig) => {
  const recorder = rig.recorder();
  const listener = rig.listen(anyPort, {}, (socket) => {
    recorder.socket = socket;
    socket.close();
    return recorder;
  });
  using conn = await connectTo(listener.address);
  assertEquals(await conn.read(new Uint8Array(1)), null);
  assertEquals(recorder.closeCount + recorder.endCount, 0, "no callback after our own close");
});
