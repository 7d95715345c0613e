/**
 * Contract: successive connections of one process to one server. A backend may reuse a socket for
 * the next one, which must be invisible to both ends.
 */
import { assert, assertEquals } from "@std/assert";
import { sleep } from "../support/child.ts";
import { portOf, type Recorder, type Rig, streamTest } from "./harness.ts";

const endings = ["peer, then close", "peer, then abort", "abort", "close"] as const;
type Ending = typeof endings[number];
const cycles = 120;

/** A client's and a server's end of one connection, greeted and answered. */
async function greeted(rig: Rig, client: Recorder, index: number): Promise<Recorder> {
  await client.until((c) => c.openCount + c.closeCount > 0);
  assertEquals(client.error, null);
  client.send(`hello ${index};`);
  await rig.untilAccepted(index + 1);
  const server = rig.accepted[index];
  await server.until((s) => s.text === `hello ${index};`);
  server.send(`answer ${index};`);
  await client.until((c) => c.text === `answer ${index};`);
  return server;
}

async function end(client: Recorder, server: Recorder, ending: Ending): Promise<void> {
  if (ending.startsWith("peer")) {
    server.socket.shutdown();
    await client.until((c) => c.endCount === 1);
  }
  if (ending.endsWith("abort")) client.socket.abort();
  else client.socket.close();
  await server.until((s) => s.endCount + s.closeCount > 0);
}

streamTest(
  "successive connections that end in different ways do not affect each other",
  async (rig, transport) => {
    const listener = rig.listen(await rig.address(transport));
    for (let index = 0; index < cycles; index++) {
      const ending = endings[(index * 7 + (index >> 3)) % endings.length];
      const client = rig.connect(listener.address);
      const server = await greeted(rig, client, index);
      await end(client, server, ending);
      const said = `${index}, ${ending}: client ${client.describe()}; server ${server.describe()}`;
      assertEquals(client.text, `answer ${index};`, said);
      assertEquals(server.text, `hello ${index};`, said);
      // Neither Deno's own sockets nor a unix socket with nothing unread can send a reset.
      const isReset = rig.reactor.backend === "epoll" && transport.startsWith("tcp");
      if (ending.endsWith("abort") && isReset) {
        assertEquals(server.error?.code, "ECONNRESET", said);
      } else if (ending.endsWith("close")) {
        assertEquals([server.endCount, server.closeCount], [1, 0], said);
      }
      server.socket.close();
    }
  },
);

streamTest(
  "a later connection has another port, and the options of the first",
  async (rig, transport) => {
    const listener = rig.listen(await rig.address(transport));
    const ports = new Set<number>();
    const open: Recorder[] = [];
    for (let index = 0; index < 40; index++) {
      const client = rig.connect(listener.address);
      const server = await greeted(rig, client, index);
      const port = portOf(client.socket.localAddress());
      assertEquals(portOf(server.socket.peerAddress()), port);
      if (index % 2 === 0) {
        ports.add(port);
        open.push(client);
      } else {
        assert(!ports.has(port), `port ${port} is still in use`);
        await end(client, server, "peer, then close");
      }
    }
    for (const client of open) assertEquals([client.endCount, client.closeCount], [0, 0]);
  },
  ["tcp4", "tcp6"],
);

/**
 * Writes in pieces of 4 kB until `bytesMax` are accepted or one falls short; returns how many were.
 */
function fill(client: Recorder, bytesMax: number): number {
  const piece = new Uint8Array(4096);
  let total = 0;
  while (total + piece.length <= bytesMax) {
    const accepted = client.socket.write(piece, 0, piece.length);
    total += accepted;
    if (accepted < piece.length) break;
  }
  return total;
}

streamTest(
  "what was accepted before close() arrives, though the peer had ended and is slow to read",
  async (rig, transport) => {
    let room = 2 ** 24;
    // The first connection measures how much the kernel accepts; the second stays below it.
    for (const isMeasure of [true, false]) {
      const { client, server } = await rig.pair(transport);
      server.keepsBytes = false;
      server.socket.pause();
      let accepted = 0;
      client.onEnded = () => {
        accepted = fill(client, room);
        client.socket.close();
      };
      server.socket.shutdown();
      await client.until((c) => c.endCount === 1);
      room = accepted - 16384;
      await sleep(50);
      server.socket.resume();
      if (!isMeasure) await server.until((s) => s.byteCount >= accepted);
      await server.until((s) => s.endCount + s.closeCount > 0);
      assertEquals([server.endCount, server.closeCount], [1, 0]);
    }
  },
  ["tcp4", "tcp6", "unix"],
);
