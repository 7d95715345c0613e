/** Contract: listening descriptors opened by another process or library. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { StartError } from "../../mod/base/errors.ts";
import { bindListener } from "../../mod/net/listening.ts";
import { libc } from "../../mod/sys/libc.ts";
import { sleep } from "../support/child.ts";
import { freePort } from "../support/ports.ts";
import { connectTo, tcp, unix } from "../support/raw_socket.ts";
import { contractTest, portOf, streamTest } from "./harness.ts";
import { startProgram } from "./program.ts";

contractTest("adopt() without the capability throws one clear line", async (rig) => {
  if (rig.reactor.capabilities.inherit) return;
  const error = assertThrows(() => rig.adopt(5), StartError);
  assertEquals(error.message.includes("\n"), false);
  assert(error.message.includes("descriptor 5") && error.message.includes("epoll"), error.message);
  await Promise.resolve();
});

streamTest("adopt() serves on a descriptor bound elsewhere", async (rig, transport) => {
  if (!rig.reactor.capabilities.inherit) return;
  const wanted = await rig.address(transport);
  const address = wanted.kind === "unix" ? wanted : { ...wanted, port: freePort() };
  const fd = bindListener(address, {});
  const listener = rig.adopt(fd);
  assertEquals(listener.address, address);
  assertEquals(listener.fd, fd);
  using conn = await connectTo(address);
  await rig.untilAccepted(1);
  rig.accepted[0].send("hello");
  assertEquals(await conn.read(new Uint8Array(10)), 5);
});

contractTest("adopt() refuses a descriptor that is not a listening socket", async (rig) => {
  if (!rig.reactor.capabilities.inherit) return;
  const connected = libc.socket(1, 1, 0);
  for (const fd of [connected, 12345, -1, 0]) {
    assertThrows(() => rig.adopt(fd), StartError, `descriptor ${fd} is not a listening socket`);
  }
  libc.close(connected);
  await Promise.resolve();
});

contractTest(
  "close() of an adopted listener keeps its file, and loses no queued connection",
  async (rig) => {
    if (!rig.reactor.capabilities.inherit) return;
    const path = `${await rig.folder()}/a.sock`;
    const fd = bindListener(unix(path), {});
    const copy = libc.fcntl(fd, 0, 100);
    const first = rig.adopt(fd);
    first.pause();
    using conn = await connectTo(unix(path));
    first.close();
    await sleep(30);
    assert((await Deno.lstat(path)).isSocket);
    // Accepted by the closing one or left for the next generation: served either way.
    rig.adopt(copy);
    await rig.untilAccepted(1);
    rig.accepted[0].send("next");
    assertEquals(await conn.read(new Uint8Array(10)), 4);
  },
);

contractTest("several reactors share one queue without losing a connection", async (rig) => {
  if (!rig.reactor.capabilities.inherit) return;
  const fd = bindListener(tcp(0), {});
  const copy = libc.fcntl(fd, 0, 100);
  const first = rig.adopt(fd, { shared: true });
  const second = rig.adopt(copy, { shared: true });
  const conns = await Promise.all(Array.from({ length: 100 }, () => connectTo(first.address)));
  await rig.untilAccepted(100);
  assertEquals(first.acceptedCount + second.acceptedCount, 100);
  first.pause();
  first.resume();
  first.close();
  using last = await connectTo(second.address);
  await rig.untilAccepted(101);
  await last.write(new Uint8Array(1));
  for (const conn of conns) conn.close();
});

contractTest(
  "a connection for which pause() came too late is accepted, as no other process was woken",
  async (rig) => {
    if (!rig.reactor.capabilities.inherit) return;
    const listener = rig.adopt(bindListener(tcp(0), {}), { shared: true });
    for (let count = 1; count <= 3; count++) {
      // Long enough for the reactor to park: the kernel has woken it when connect returns.
      await sleep(20);
      const client = rig.connect(listener.address);
      listener.pause();
      await rig.untilAccepted(count);
      rig.accepted[count - 1].send("late");
      await client.until(({ text }) => text === "late");
      listener.resume();
    }
  },
);

contractTest("a child process adopts a socket bound by its parent", async (rig) => {
  if (!rig.reactor.capabilities.inherit) return;
  const port = freePort();
  const fd = bindListener(tcp(port), {}, true);
  {
    await using program = startProgram("adopt_program.ts", [String(fd)]);
    // Before the child accepts: the parent's socket holds the connection for it.
    using conn = await connectTo(tcp(port));
    await program.waitForLine(`adopted ${port}`);
    await conn.write(new TextEncoder().encode("ping"));
    assertEquals(await conn.read(new Uint8Array(10)), 4);
  }
  // The child has exited; the parent still holds the socket, and connections wait in its queue.
  using waiting = await connectTo(tcp(port));
  const listener = rig.adopt(fd);
  assertEquals(portOf(listener.address), port);
  await rig.untilAccepted(1);
  rig.accepted[0].send("parent");
  assertEquals(await waiting.read(new Uint8Array(10)), 6);
});
