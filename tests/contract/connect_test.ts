/** Contract: outgoing connections. */
import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { StartError } from "../../mod/base/errors.ts";
import { sleep } from "../support/child.ts";
import { freePort } from "../support/ports.ts";
import { tcp, unix } from "../support/raw_socket.ts";
import { contractTest, plainTransports, portOf, streamTest } from "./harness.ts";

streamTest("connect() opens, and bytes flow both ways", async (rig, transport) => {
  const listener = rig.listen(await rig.address(transport));
  const client = rig.connect(listener.address);
  assertEquals(client.openCount, 0, "onOpen comes in a later tick");
  await client.until((c) => c.openCount === 1);
  await rig.untilAccepted(1);
  const server = rig.accepted[0];
  client.send("ping");
  await server.until((s) => s.text === "ping");
  server.send("pong");
  await client.until((c) => c.text === "pong");
  assertEquals(client.socket.peerAddress(), listener.address);
  assertEquals(client.socket.localAddress(), server.socket.peerAddress());
});

streamTest("an accepted socket knows its peer also after a reset", async (rig, transport) => {
  const { client, server } = await rig.pair(transport);
  const peer = server.socket.peerAddress();
  client.socket.abort();
  // Where a backend or transport has no reset, this is an end.
  await server.until((s) => s.closeCount + s.endCount > 0);
  // Takes the descriptor's number.
  const next = await rig.pair(transport);
  assertEquals(server.socket.peerAddress(), peer);
  assertEquals(next.client.socket.localAddress(), next.server.socket.peerAddress());
}, plainTransports);

contractTest("connect() to a closed port ends in ECONNREFUSED, safe to retry", async (rig) => {
  const client = rig.connect(tcp(freePort()));
  assertEquals(client.closeCount, 0, "onClose comes in a later tick");
  await client.until((c) => c.closeCount === 1);
  assertEquals(client.error!.code, "ECONNREFUSED");
  assertEquals(client.error!.message, "connection refused");
  assert(client.error!.retrySafe, "nothing was sent");
  assertEquals(client.openCount, 0);
  assert(!client.socket.isOpen);
});

contractTest("connect() to a missing path ends in ENOENT", async (rig) => {
  const client = rig.connect(unix(`${await rig.folder()}/none.sock`));
  assertEquals(client.closeCount, 0, "onClose comes in a later tick");
  await client.until((c) => c.closeCount === 1);
  assertEquals(client.error!.code, "ENOENT");
  assertEquals(client.error!.message, "no such file or directory");
  assert(client.error!.retrySafe);
});

contractTest("connect() to a regular file ends in ECONNREFUSED", async (rig) => {
  const path = `${await rig.folder()}/file`;
  await Deno.writeTextFile(path, "");
  const client = rig.connect(unix(path));
  await client.until((c) => c.closeCount === 1);
  assertEquals(client.error!.code, "ECONNREFUSED");
});

contractTest(
  "connect() to a listener whose backlog is full opens, or fails, but does not hang the others",
  async (rig) => {
    const listener = rig.listen(unix(`${await rig.folder()}/a.sock`), { backlog: 1 });
    listener.pause();
    const clients = Array.from({ length: 300 }, () => rig.connect(listener.address));
    await sleep(200);
    const { client, server } = await rig.pair("unix");
    client.send("still here");
    await server.until((s) => s.byteCount === 10);
    for (const each of clients) {
      if (each.closeCount > 0) assertMatch(each.error!.code, /EAGAIN|ECONNREFUSED/);
      each.socket.close();
    }
  },
);

contractTest("close() before onOpen prevents all callbacks", async (rig) => {
  const listener = rig.listen(await rig.address("tcp4"));
  const good = rig.connect(listener.address);
  const refused = rig.connect(tcp(freePort()));
  const aborted = rig.connect(listener.address);
  good.socket.close();
  refused.socket.close();
  aborted.socket.abort();
  assert(!good.socket.isOpen && !refused.socket.isOpen && !aborted.socket.isOpen);
  await sleep(100);
  for (const client of [good, refused, aborted]) {
    assertEquals(client.openCount + client.closeCount + client.endCount, 0);
  }
});

streamTest("write() before onOpen accepts nothing", async (rig, transport) => {
  const listener = rig.listen(await rig.address(transport));
  const client = rig.connect(listener.address);
  assertEquals(client.socket.write(new Uint8Array(3), 0, 3), 0);
  await client.until((c) => c.openCount === 1);
  client.send("now");
  await rig.untilAccepted(1);
  await rig.accepted[0].until((s) => s.byteCount > 0);
  assertEquals(rig.accepted[0].text, "now");
});

streamTest("the peer sees close() inside onOpen as an end", async (rig, transport) => {
  const listener = rig.listen(await rig.address(transport));
  const client = rig.recorder();
  client.onOpen = (socket) => socket.close();
  client.socket = rig.reactor.connect(listener.address, client);
  await rig.untilAccepted(1);
  await rig.accepted[0].until((s) => s.endCount + s.closeCount === 1);
}, plainTransports);

contractTest("connect() from a chosen local address, if the backend supports it", async (rig) => {
  const listener = rig.listen(await rig.address("tcp4"));
  if (!rig.reactor.capabilities.source) {
    const error = assertThrows(
      () => rig.connect(listener.address, { source: "127.0.0.9" }),
      StartError,
    );
    assertMatch(error.message, /127\.0\.0\.9/);
    return;
  }
  rig.connect(listener.address, { source: "127.0.0.9" });
  await rig.untilAccepted(1);
  const peer = rig.accepted[0].socket.peerAddress();
  assert(peer.kind === "tcp");
  assertEquals(peer, tcp(portOf(peer), "127.0.0.9"));
});

contractTest("connect() from an address of another host fails", async (rig) => {
  if (!rig.reactor.capabilities.source) return;
  const listener = rig.listen(await rig.address("tcp4"));
  const client = rig.connect(listener.address, { source: "192.0.2.1" });
  await client.until((c) => c.closeCount === 1);
  assertEquals(client.error!.code, "EADDRNOTAVAIL");
});

contractTest("500 connections at once all open", async (rig) => {
  const listener = rig.listen(await rig.address("tcp4"));
  const clients = Array.from({ length: 500 }, () => rig.connect(listener.address));
  for (const client of clients) await client.until((c) => c.openCount === 1);
  await rig.untilAccepted(500);
  assertEquals(listener.acceptedCount, 500);
});

contractTest("the handler may be replaced at any time", async (rig) => {
  const { client, server } = await rig.pair();
  const later = rig.recorder();
  later.socket = server.socket;
  server.onBytes = () => server.socket.handler = later;
  client.send("a");
  await server.until((s) => s.text === "a");
  client.send("b");
  await later.until((s) => s.text === "b");
  client.socket.close();
  await later.until((s) => s.endCount === 1);
  assertEquals([server.text, server.endCount], ["a", 0]);
});
