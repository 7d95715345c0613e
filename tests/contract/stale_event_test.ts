/** Contract: events that are stale when they are handled. */
import { assertEquals } from "@std/assert";
import type { Socket } from "../../mod/net/reactor.ts";
import { sleep } from "../support/child.ts";
import { type Recorder, type Rig, streamTest, type Transport } from "./harness.ts";

/**
 * Server ends that all become readable in one tick: paused while their bytes arrive, resumed
 * together.
 */
async function readableTogether(
  rig: Rig,
  count: number,
  transport: Transport,
): Promise<Recorder[]> {
  const pairs = await rig.pairs(count, transport);
  for (const { server } of pairs) server.socket.pause();
  for (const { client } of pairs) client.send("x");
  await sleep(30);
  return pairs.map(({ server }) => server);
}

function resumeAll(rig: Rig, recorders: readonly Recorder[]): void {
  for (const recorder of recorders) recorder.socket.resume();
  rig.reactor.wake();
}

streamTest(
  "a socket closed in another's callback gets no more callbacks",
  async (rig, transport) => {
    const servers = await readableTogether(rig, 10, transport);
    let first: Recorder | null = null;
    for (const server of servers) {
      server.onBytes = () => {
        if (first !== null) return;
        first = server;
        for (const other of servers) if (other !== server) other.socket.close();
      };
    }
    resumeAll(rig, servers);
    await sleep(100);
    for (const server of servers) {
      const heard = server.byteCount + server.endCount + server.closeCount;
      assertEquals(heard, server === first ? 1 : 0, server.describe());
    }
  },
);

streamTest("abort() in another's callback stops callbacks too", async (rig, transport) => {
  const servers = await readableTogether(rig, 10, transport);
  let heard = 0;
  for (const server of servers) {
    server.onBytes = () => {
      heard++;
      for (const other of servers) other.socket.abort();
    };
  }
  resumeAll(rig, servers);
  await sleep(100);
  assertEquals(heard, 1);
  for (const server of servers) assertEquals(server.endCount + server.closeCount, 0);
});

streamTest(
  "a descriptor reused within a tick gets no event of its previous owner",
  async (rig, transport) => {
    const listener = rig.listen(await rig.address(transport));
    const servers = await readableTogether(rig, 10, transport);
    const fresh: Recorder[] = [];
    const freshAsOpened: string[] = [];
    let isDone = false;
    for (const server of servers) {
      server.onBytes = () => {
        if (isDone) return;
        isDone = true;
        for (const other of servers) {
          if (other === server) continue;
          other.socket.close();
          // The kernel assigns the lowest free number: the one just closed.
          const recorder = rig.connect(listener.address);
          recorder.onOpen = (socket: Socket) => {
            freshAsOpened.push(`${recorder.byteCount}/${recorder.endCount}/${recorder.closeCount}`);
            recorder.openCount++;
            socket.write(new TextEncoder().encode("new"), 0, 3);
          };
          fresh.push(recorder);
        }
      };
    }
    resumeAll(rig, servers);
    await rig.untilAccepted(9);
    for (const accepted of rig.accepted) await accepted.until((a) => a.byteCount === 3);
    await sleep(30);
    assertEquals(freshAsOpened, Array.from({ length: 9 }, () => "0/0/0"));
    for (const recorder of fresh) {
      assertEquals(recorder.openCount, 1, "onOpen is called once");
      assertEquals(recorder.byteCount + recorder.endCount + recorder.closeCount, 0);
    }
    for (const accepted of rig.accepted) assertEquals(accepted.text, "new");
  },
);

streamTest(
  "a socket paused in another's callback keeps its bytes for later",
  async (rig, transport) => {
    const servers = await readableTogether(rig, 5, transport);
    let first: Recorder | null = null;
    for (const server of servers) {
      server.onBytes = () => {
        if (first !== null) return;
        first = server;
        for (const other of servers) if (other !== server) other.socket.pause();
      };
    }
    resumeAll(rig, servers);
    await sleep(50);
    const heard = servers.filter((server) => server.byteCount > 0);
    assertEquals(heard.length, 1, "only the first one of the tick");
    resumeAll(rig, servers);
    for (const server of servers) await server.until((s) => s.byteCount === 1);
  },
);

streamTest(
  "close() in onDrain, onEnd and onClose of itself is harmless",
  async (rig, transport) => {
    const { client, server } = await rig.pair(transport);
    server.keepsBytes = false;
    client.onDrained = () => client.socket.close();
    server.onEnded = () => server.socket.close();
    const bytes = new Uint8Array(1 << 20);
    while (client.socket.write(bytes, 0, bytes.length) === bytes.length);
    await server.until((s) => s.endCount + s.closeCount === 1);
    await sleep(20);
    assertEquals([client.drainCount, client.endCount, client.closeCount], [1, 0, 0]);
    assertEquals(server.endCount, 1);
  },
);

streamTest(
  "closing every socket and listener from one callback is harmless",
  async (rig, transport) => {
    const listener = rig.listen(await rig.address(transport));
    const servers = await readableTogether(rig, 10, transport);
    const connecting = Array.from({ length: 10 }, () => rig.connect(listener.address));
    for (const server of servers) {
      server.onBytes = () => {
        for (const other of [...servers, ...connecting]) other.socket.close();
        listener.close();
      };
    }
    resumeAll(rig, servers);
    await sleep(100);
    assertEquals(servers.reduce((sum, server) => sum + server.byteCount, 0), 1);
  },
);
