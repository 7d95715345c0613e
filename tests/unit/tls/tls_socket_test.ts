/** TLS between two sockets of which the test carries the bytes, cut wherever it likes. */
import { assert, assertEquals } from "@std/assert";
import type { PeerError } from "../../../mod/base/errors.ts";
import type { Socket, SocketHandler } from "../../../mod/net/reactor.ts";
import { libssl } from "../../../mod/sys/libssl.ts";
import { ClientContext } from "../../../mod/tls/client_context.ts";
import { ServerContext } from "../../../mod/tls/server_context.ts";
import { TlsSocket } from "../../../mod/tls/tls_socket.ts";
import { certificateFor } from "../../contract/tls_ends.ts";
import { tcp } from "../../support/raw_socket.ts";

const text = new TextEncoder();
const own = certificateFor("localhost");

/** A socket that keeps what is written to it; `room` is how much more it accepts. */
class Paper implements Socket {
  handler: SocketHandler = new Reader();
  isOpen = true;
  isPaused = false;
  isShutDown = false;
  room = Infinity;
  written: number[] = [];

  write(bytes: Uint8Array, start: number, end: number): number {
    const count = Math.min(end - start, this.room);
    this.room -= count;
    for (let at = start; at < start + count; at++) this.written.push(bytes[at]);
    return count;
  }

  take(): Uint8Array {
    return Uint8Array.from(this.written.splice(0));
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }

  shutdown(): void {
    this.isShutDown = true;
  }

  close(): void {
    this.isOpen = false;
  }

  abort(): void {
    this.isOpen = false;
  }

  peerAddress = () => tcp(1);
  localAddress = () => tcp(1);
}

/** Keeps what it is given. */
class Reader implements SocketHandler {
  received = "";
  drainCount = 0;
  endCount = 0;
  error: PeerError | null = null;
  onBytes: (socket: Socket) => void = () => {};

  onOpen(): void {}

  onData(socket: Socket, bytes: Uint8Array, start: number, end: number): void {
    this.received += new TextDecoder().decode(bytes.subarray(start, end));
    this.onBytes(socket);
  }

  onDrain(): void {
    this.drainCount++;
  }

  onEnd(): void {
    this.endCount++;
  }

  onClose(_socket: Socket, error: PeerError): void {
    this.error = error;
  }
}

class End {
  readonly paper = new Paper();
  readonly reader = new Reader();
  readonly socket: TlsSocket;

  constructor(context: Deno.PointerObject, isServer: boolean) {
    this.socket = new TlsSocket(this.paper, context, this.reader, { isServer });
  }

  send(words: string): number {
    const bytes = text.encode(words);
    return this.socket.write(bytes, 0, bytes.length);
  }

  /** Gives it ciphertext in pieces of at most `pieceBytes`, each in a buffer of its own. */
  feed(bytes: Uint8Array, pieceBytes = Infinity): void {
    for (let at = 0; at < bytes.length; at += pieceBytes) {
      const piece = bytes.slice(at, Math.min(bytes.length, at + pieceBytes));
      this.socket.onData(this.paper, piece, 0, piece.length);
      // As the reactor does with its buffer: nobody may look at it any more.
      piece.fill(0xff);
    }
  }
}

/** A client and a server after their handshake. */
class Pair {
  readonly client: End;
  readonly server: End;

  constructor(readonly contexts: Contexts, pieceBytes = Infinity) {
    this.client = new End(contexts.client.pointer, false);
    this.server = new End(contexts.server.pointer, true);
    this.client.socket.onOpen();
    for (let flight = 0; flight < 4 && !this.server.socket.isReady; flight++) {
      this.server.feed(this.client.paper.take(), pieceBytes);
      if (!this.server.socket.isReady) this.client.feed(this.server.paper.take(), pieceBytes);
    }
    assert(this.server.socket.isReady && this.client.socket.isReady, "no handshake");
  }

  /** Carries what both have written, until neither writes more. */
  carry(): void {
    while (this.client.paper.written.length + this.server.paper.written.length > 0) {
      this.server.feed(this.client.paper.take());
      this.client.feed(this.server.paper.take());
    }
  }

  [Symbol.dispose](): void {
    for (const { socket } of [this.client, this.server]) if (socket.isOpen) socket.abort();
  }
}

class Contexts {
  readonly server: ServerContext;
  readonly client = new ClientContext({ caFile: own.certificateFile, ...own });

  constructor(asksForCertificates = false) {
    this.server = new ServerContext({
      identities: [{ certificates: [own] }],
      ...(asksForCertificates ? { clientCaFile: own.certificateFile } : {}),
    });
  }

  [Symbol.dispose](): void {
    this.server.free();
  }
}

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
