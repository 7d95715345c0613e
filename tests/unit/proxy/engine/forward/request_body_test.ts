import { assertEquals } from "@std/assert";
import type { ClientConnection } from "../../../../../mod/conn/client_connection.ts";
import type { Exchange } from "../../../../../mod/conn/exchange.ts";
import { Framing, HeadWriter, latin1 } from "../../../../../mod/http1/mod.ts";
import { RequestBody } from "../../../../../mod/proxy/engine/forward/request_body.ts";
import type { RequestBufferPlan } from "../../../../../mod/proxy/upstream_plan.ts";

/** A peer that takes so many bytes before it says stop. */
class SlowPeer {
  text = "";
  constructor(public room = Infinity) {}
  get client(): ClientConnection {
    return this as unknown as ClientConnection;
  }
  write(bytes: Uint8Array, start: number, end: number): boolean {
    this.text += String.fromCharCode(...bytes.subarray(start, end));
    return this.text.length < this.room;
  }
}

/** A request with a body, and whether its client was told to wait. */
class Upload {
  isPaused = false;
  readonly body = new RequestBody();

  constructor(buffer: RequestBufferPlan | null, length = -1) {
    const framing = length < 0 ? Framing.chunked : Framing.length;
    this.body.begin({
      head: { framing, contentLength: length },
      pauseBody: () => this.isPaused = true,
      resumeBody: () => this.isPaused = false,
    } as unknown as Exchange, buffer);
  }

  /** A head that the body has completed. */
  framed(): string {
    const head = new HeadWriter();
    head.ascii("HEAD\r\n\r\n");
    this.body.frame(head);
    return latin1(head.bytes, 0, head.length);
  }

  take(peer: SlowPeer | null, text: string): void {
    const bytes = Uint8Array.from(text, (char) => char.charCodeAt(0));
    this.body.take(peer === null ? null : peer.client, bytes, 0, bytes.length);
  }
}

const buffer = { memoryBytes: 4, fileBytes: 6, folder: null };

Deno.test("RequestBody streams, and sends the same again to another peer", () => {
  const upload = new Upload(null);
  const first = new SlowPeer();
  upload.body.sendTo(first.client);
  upload.take(first, "abc");
  const second = new SlowPeer();
  upload.body.sendTo(second.client);
  upload.take(second, "de");
  upload.body.complete(second.client);
  assertEquals(first.text, "3\r\nabc\r\n");
  assertEquals(second.text, "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
  assertEquals(upload.body.isKept, true);
});

Deno.test("RequestBody keeps 64 KB without a buffer, and not more", () => {
  const upload = new Upload(null, 100_000);
  const peer = new SlowPeer();
  upload.body.sendTo(peer.client);
  upload.take(peer, "x".repeat(65_536));
  assertEquals(upload.body.isKept, true);
  upload.take(peer, "y");
  assertEquals(upload.body.isKept, false);
  upload.take(peer, "z");
  assertEquals(peer.text.length, 65_538);
  assertEquals(peer.text.slice(-2), "yz");
});

Deno.test("RequestBody slows the client down with a slow peer", () => {
  const upload = new Upload(null, 10);
  const peer = new SlowPeer(3);
  upload.body.sendTo(peer.client);
  upload.take(peer, "ab");
  assertEquals(upload.isPaused, false);
  upload.take(peer, "cd");
  assertEquals(upload.isPaused, true);
  upload.body.drained(peer.client);
  assertEquals(upload.isPaused, false);
});

Deno.test("RequestBody with a buffer sends nothing before all of it is there", () => {
  const upload = new Upload(buffer);
  for (const text of ["ab", "cd", "ef", "gh"]) upload.take(null, text);
  assertEquals(upload.body.isCollecting, true);
  upload.body.complete(null);
  assertEquals([upload.body.isCollecting, upload.body.isKept], [false, true]);
  // Of a body that is there the length is known.
  assertEquals(upload.framed(), "HEAD\r\ncontent-length: 8\r\n\r\n");
  for (let i = 0; i < 2; i++) {
    const peer = new SlowPeer();
    upload.body.sendTo(peer.client);
    assertEquals(peer.text, "abcdefgh");
  }
  upload.body.clear();
});

Deno.test("RequestBody sends a kept body at the peer's pace", () => {
  const upload = new Upload(buffer, 8);
  for (const text of ["ab", "cd", "ef", "gh"]) upload.take(null, text);
  upload.body.complete(null);
  const peer = new SlowPeer(2);
  upload.body.sendTo(peer.client);
  assertEquals(peer.text, "abcd");
  peer.room = Infinity;
  upload.body.drained(peer.client);
  assertEquals(peer.text, "abcdefgh");
  upload.body.drained(peer.client);
  assertEquals(peer.text, "abcdefgh");
  upload.body.clear();
});

Deno.test("RequestBody streams what is too much for its buffer, once and in order", () => {
  const upload = new Upload(buffer);
  for (const text of ["abcd", "efgh"]) upload.take(null, text);
  assertEquals(upload.body.isCollecting, true);
  upload.take(null, "ijkl");
  assertEquals([upload.body.isCollecting, upload.body.isKept], [false, false]);
  assertEquals(upload.isPaused, true);
  assertEquals(upload.framed(), "HEAD\r\ntransfer-encoding: chunked\r\n\r\n");
  const peer = new SlowPeer(2);
  upload.body.sendTo(peer.client);
  // A piece that was on its way before the client heard of the pause.
  upload.take(peer, "mn");
  peer.room = Infinity;
  upload.body.drained(peer.client);
  assertEquals(upload.isPaused, false);
  upload.take(peer, "op");
  upload.body.complete(peer.client);
  const text = peer.text.replace(/[0-9a-f]+\r\n(.*?)\r\n/g, "$1");
  assertEquals(text, "abcdefghijklmnop\r\n".trimEnd());
  upload.body.clear();
});

Deno.test("RequestBody streams from the start what is announced as too much", () => {
  assertEquals(new Upload(buffer, 11).body.isCollecting, false);
  assertEquals(new Upload(buffer, 10).body.isCollecting, true);
});
