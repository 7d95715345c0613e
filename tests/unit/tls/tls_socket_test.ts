/** TLS between two sockets of which the test carries the bytes, cut wherever it likes. */
import { assert, assertEquals } from "@std/assert";
import { libssl } from "../../../mod/sys/libssl.ts";
import { Contexts, type End, Pair } from "../../support/tls_pair.ts";

Deno.test("ciphertext in pieces of any size gives the same text", () => {
  using contexts = new Contexts();
  for (const pieceBytes of [1, 5, 63, 64, 65, 1023, 1024, 1025, Infinity]) {
    using pair = new Pair(contexts, pieceBytes);
    pair.client.send("question");
    pair.server.feed(pair.client.paper.take(), pieceBytes);
    pair.server.send("answer ".repeat(5000));
    pair.client.feed(pair.server.paper.take(), pieceBytes);
    assertEquals(pair.server.reader.received, "question", `${pieceBytes}`);
    assertEquals(pair.client.reader.received, "answer ".repeat(5000), `${pieceBytes}`);
  }
});

Deno.test("what is left when a socket pauses stays its own, and is read after it resumes", async () => {
  using contexts = new Contexts();
  using slow = new Pair(contexts);
  using other = new Pair(contexts);
  // More than one callback takes, so that records are left.
  const words = "slow ".repeat(30_000);
  let at = 0;
  while (at < words.length) at += slow.client.send(words.slice(at));
  slow.server.reader.onBytes = (socket) => {
    socket.pause();
    other.server.send("from within a callback");
  };
  slow.server.feed(slow.client.paper.take());
  assert(slow.server.paper.isPaused);
  assert(slow.server.reader.received.length < words.length);
  other.client.send("meanwhile");
  other.carry();
  assertEquals(other.server.reader.received, "meanwhile");
  assertEquals(other.client.reader.received, "from within a callback");
  // Bytes that the reactor had read before it was told to pause.
  slow.client.send("more");
  slow.server.feed(slow.client.paper.take());
  slow.server.reader.onBytes = () => {};
  slow.server.socket.resume();
  await Promise.resolve();
  assertEquals(slow.server.reader.received, words + "more");
});

Deno.test("an end that was read while paused is reported after it resumes", async () => {
  using contexts = new Contexts();
  using pair = new Pair(contexts);
  pair.server.reader.onBytes = (socket) => socket.pause();
  pair.client.send("last words");
  pair.client.socket.shutdown();
  pair.server.feed(pair.client.paper.take());
  assertEquals(pair.server.reader.endCount, 0);
  pair.server.socket.resume();
  await Promise.resolve();
  assertEquals([pair.server.reader.received, pair.server.reader.endCount], ["last words", 1]);
});

Deno.test("a slow peer gets everything in order, the close_notify last", () => {
  using contexts = new Contexts();
  using pair = new Pair(contexts);
  pair.carry();
  const { server, client } = pair;
  server.paper.room = 100;
  const words = "x".repeat(100_000);
  const accepted = server.send(words);
  assertEquals(accepted, 65_536);
  assertEquals(server.send("refused"), 0);
  server.socket.shutdown();
  for (let i = 0; i < 200 && !server.paper.isShutDown; i++) {
    client.feed(server.paper.take());
    server.paper.room = 1000;
    server.socket.onDrain();
  }
  client.feed(server.paper.take());
  assertEquals(client.reader.received.length, accepted);
  assertEquals(client.reader.endCount, 1);
});

Deno.test("a key update is answered, also with text behind it and to a slow peer", () => {
  using contexts = new Contexts();
  using pair = new Pair(contexts);
  const { server, client } = pair;
  pair.carry();
  for (const room of [Infinity, 10]) {
    askForKeys(client);
    client.send("after it");
    server.reader.received = client.reader.received = "";
    server.paper.room = room;
    server.feed(client.paper.take());
    assertEquals(server.reader.received, "after it");
    server.paper.room = Infinity;
    server.socket.onDrain();
    server.send("with new keys");
    client.feed(server.paper.take());
    assertEquals(client.reader.received, "with new keys", `room for ${room} bytes`);
  }
});

Deno.test("a peer that asks for keys and reads nothing is closed", () => {
  using contexts = new Contexts();
  using pair = new Pair(contexts);
  const { server, client } = pair;
  pair.carry();
  server.paper.room = 0;
  const most = 40_000;
  for (let i = 0; i < most && server.socket.isOpen; i++) {
    askForKeys(client);
    // Text between them, or the library ends the connection itself.
    client.send("x");
    server.feed(client.paper.take());
  }
  assertEquals(server.reader.error?.code, "ETLS");
});

Deno.test("a write in the middle of a session ticket waits for the rest of it", () => {
  // A ticket with the client's certificate in it, in records of 512 bytes.
  using contexts = new Contexts(true);
  const setMaxSendFragment = 52;
  libssl().SSL_CTX_ctrl(contexts.server.pointer, setMaxSendFragment, 512, null);
  using pair = new Pair(contexts);
  const { server, client } = pair;
  const tickets = server.paper.take();
  const firstRecord = 5 + tickets[3] * 256 + tickets[4];
  assert(tickets.length > firstRecord + 100, "a ticket in one record");
  client.feed(tickets.slice(0, firstRecord));
  assertEquals(client.send("question"), 0);
  assertEquals(client.reader.drainCount, 0);
  client.feed(tickets.slice(firstRecord));
  assertEquals([client.reader.error, client.reader.drainCount], [null, 1]);
  assertEquals(client.send("question"), 8);
  server.feed(client.paper.take());
  assertEquals(server.reader.received, "question");
});

const keyUpdates = Deno.dlopen("libssl.so.3", {
  SSL_key_update: { parameters: ["pointer", "i32"], result: "i32" },
}).symbols;

/** The next bytes that `end` sends are a KeyUpdate that asks for one (RFC 8446 4.6.3). */
function askForKeys(end: End): void {
  const requested = 1;
  assertEquals(keyUpdates.SSL_key_update(end.socket.ssl, requested), 1);
}
