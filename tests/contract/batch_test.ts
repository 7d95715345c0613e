/**
 * Contract: many sockets with events at once. A backend may read all of them before the first
 * callback, so what a callback does to another socket must still take effect there.
 */
import { assertEquals } from "@std/assert";
import { sleep } from "../support/child.ts";
import { contractTest, type Pair, type Recorder, streamTest } from "./harness.ts";

/** More sockets than any backend reads in one batch. */
const pairCount = 80;

/** Makes all clients send while no server reads, so that everything arrives in one batch. */
function sendTogether(pairs: readonly Pair[], text: (index: number) => string): void {
  pairs.forEach(({ client }, index) => client.send(text(index)));
}

/** Calls `react` when the first of the servers receives bytes. */
function onFirst(servers: readonly Recorder[], react: (index: number) => void): void {
  let isFirst = true;
  servers.forEach((server, index) => {
    server.onBytes = () => {
      if (!isFirst) return;
      isFirst = false;
      react(index);
    };
  });
}

streamTest(
  "sockets paused by another socket's callback keep their bytes until resume()",
  async (rig, transport) => {
    const pairs = await rig.pairs(transport === "tls" ? 20 : pairCount, transport);
    const servers = pairs.map((pair) => pair.server);
    let first = -1;
    onFirst(servers, (index) => {
      first = index;
      servers.forEach((server, other) => other !== index && server.socket.pause());
    });
    sendTogether(pairs, (index) => `message ${index}`);
    await sleep(100);
    assertEquals(servers.filter((server) => server.byteCount > 0).length, 1);
    // Later bytes must be delivered after those held back.
    sendTogether(pairs, () => ", and more");
    await sleep(30);
    for (const server of servers) server.socket.resume();
    await Promise.all(
      servers.map((server, index) => server.until((s) => s.text === `message ${index}, and more`)),
    );
    assertEquals(servers[first].text, `message ${first}, and more`);
  },
);

contractTest(
  "a socket resumed in the batch that paused it gets its bytes once",
  async (rig) => {
    const pairs = await rig.pairs(pairCount);
    const servers = pairs.map((pair) => pair.server);
    onFirst(servers, () => {
      for (const server of servers) server.socket.pause();
      for (const server of servers) server.socket.resume();
    });
    sendTogether(pairs, (index) => `message ${index}`);
    await Promise.all(servers.map((server) => server.until((s) => s.byteCount > 0)));
    await sleep(50);
    servers.forEach((server, index) => assertEquals(server.text, `message ${index}`));
  },
);

contractTest("closing a paused socket drops the bytes that it held", async (rig) => {
  const pairs = await rig.pairs(pairCount);
  const servers = pairs.map((pair) => pair.server);
  let first = -1;
  onFirst(servers, (index) => {
    first = index;
    for (const server of servers) server.socket.pause();
  });
  sendTogether(pairs, () => "held");
  await sleep(50);
  for (const server of servers) server.socket.resume();
  for (const server of servers) server.socket.close();
  await sleep(50);
  servers.forEach((server, index) => assertEquals(server.byteCount, index === first ? 4 : 0));
});

contractTest(
  "a handler set in the middle of a batch gets the remaining bytes",
  async (rig) => {
    const pairs = await rig.pairs(pairCount);
    const servers = pairs.map((pair) => pair.server);
    const heir = rig.recorder();
    onFirst(servers, (index) => {
      servers.forEach((server, other) => {
        if (other !== index) server.socket.handler = heir;
      });
    });
    sendTogether(pairs, () => "x");
    await heir.until((h) => h.byteCount === pairCount - 1);
    assertEquals(servers.reduce((sum, server) => sum + server.byteCount, 0), 1);
  },
);

streamTest(
  "pieces of sizes around those of the buffers arrive whole and in order",
  async (rig, transport) => {
    const sizes = [
      1,
      2047,
      2048,
      2049,
      4096,
      6143,
      65535,
      65536,
      65537,
      67584,
      131072,
      200_000,
      3,
      2048,
    ];
    const pairs = await rig.pairs(8, transport);
    const sent = pairs.map(() => 0);
    for (const { server } of pairs) server.keepsBytes = false;
    const wrong: string[] = [];
    pairs.forEach(({ server }, pair) => {
      let at = 0;
      server.onBytes = (bytes, start, end) => {
        for (let i = start; i < end; i++, at++) {
          if (bytes[i] !== (at * 7 + pair) % 251) return void wrong.push(`pair ${pair} at ${at}`);
        }
      };
    });
    for (const size of sizes) {
      await Promise.all(pairs.map(async ({ client }, pair) => {
        const bytes = Uint8Array.from(
          { length: size },
          (_, i) => ((sent[pair] + i) * 7 + pair) % 251,
        );
        sent[pair] += size;
        for (let at = 0; at < size;) {
          at += client.socket.write(bytes, at, size);
          if (at < size) {
            const drains = client.drainCount;
            await client.until((c) => c.drainCount > drains);
          }
        }
      }));
      await Promise.all(
        pairs.map(({ server }, pair) => server.until((s) => s.byteCount === sent[pair])),
      );
    }
    assertEquals(wrong, []);
  },
);

contractTest("bytes that arrived before a reset or an end are delivered before it", async (rig) => {
  const pairs = await rig.pairs(pairCount);
  pairs.forEach(({ client }, index) => {
    client.send("last words");
    if (index % 2 === 0) client.socket.close();
    else client.socket.shutdown();
  });
  await Promise.all(pairs.map(({ server }) => server.until((s) => s.endCount === 1)));
  for (const { server } of pairs) assertEquals([server.text, server.closeCount], ["last words", 0]);
});

for (const end of ["close", "shutdown"] as const) {
  streamTest(
    `the last bytes before ${end} reach a peer whose own bytes were not read`,
    async (rig, transport) => {
      const pairs = await rig.pairs(4, transport);
      for (const { client, server } of pairs) {
        server.socket.pause();
        client.send("never read");
      }
      await sleep(50);
      const answer = new TextEncoder().encode("the answer");
      for (const { server } of pairs) {
        assertEquals(server.socket.write(answer, 0, answer.length, true), answer.length);
        server.socket[end]();
      }
      await Promise.all(
        pairs.map(({ client }) => client.until((c) => c.endCount + c.closeCount > 0)),
      );
      for (const { client } of pairs) assertEquals(client.text, "the answer");
    },
  );
}

/** How the server's end ends the connection. */
const partings = ["close", "shutdown", "send", "abort"] as const;

for (const parting of partings) {
  contractTest(
    `closeWithPeer() waits for the peer's ${parting}, without further callbacks`,
    async (rig) => {
      const pairs = await rig.pairs(6);
      for (const { client } of pairs) {
        if (client.socket.closeWithPeer === undefined) return;
        // In the callback of the last bytes, like a client that has read its response.
        client.onBytes = () => client.socket.closeWithPeer!();
      }
      // The end arrives after the bytes, or together with them.
      for (const [index, { server }] of pairs.entries()) {
        server.send("x".repeat(index === 0 ? 2048 : 10));
        if (index % 2 === 0 || parting === "send") await sleep(20);
        if (parting === "send") server.send("more");
        else server.socket[parting]();
      }
      await Promise.all(pairs.map(({ client }) => waitFor(() => !client.socket.isOpen)));
      for (const { client } of pairs) assertEquals([client.endCount, client.closeCount], [0, 0]);
    },
  );
}

contractTest("closeWithPeer() keeps the connection open while the peer does", async (rig) => {
  const { client, server } = await rig.pair();
  if (client.socket.closeWithPeer === undefined) return;
  client.socket.closeWithPeer();
  await sleep(50);
  assertEquals([client.socket.isOpen, server.endCount, server.closeCount], [true, 0, 0]);
  server.socket.shutdown();
  await server.until((s) => s.endCount === 1);
});

async function waitFor(check: () => boolean): Promise<void> {
  while (!check()) await sleep(5);
}
