import { assertEquals } from "@std/assert";
import type { UpstreamExchange } from "../../../../../mod/conn/upstream/upstream_exchange.ts";
import type { Exchange } from "../../../../../mod/conn/exchange/exchange.ts";
import { Framing } from "../../../../../mod/http/mod.ts";
import { ClientBody } from "../../../../../mod/proxy/engine/clients/client_body.ts";
import { RequestBody } from "../../../../../mod/proxy/engine/forward/request_body.ts";
import type { RequestBufferPlan } from "../../../../../mod/proxy/plan/upstream_plan.ts";

/** A peer that accepts `room` bytes before it applies backpressure. */
class SlowPeer {
  text = "";
  isEnded = false;
  constructor(public room = Infinity) {}
  get client(): UpstreamExchange {
    return this as unknown as UpstreamExchange;
  }
  writeBody(bytes: Uint8Array, start: number, end: number): boolean {
    this.text += String.fromCharCode(...bytes.subarray(start, end));
    return this.text.length < this.room;
  }
  endBody(): void {
    this.isEnded = true;
  }
}

/** A request with a body, and whether its client is paused. */
class Upload {
  isPaused = false;
  readonly body = new RequestBody();

  constructor(buffer: RequestBufferPlan | null, length = -1) {
    const body = new ClientBody({
      pauseBody: () => this.isPaused = true,
      resumeBody: () => this.isPaused = false,
      trailersMayFollow: false,
    } as unknown as Exchange);
    body.framing = length < 0 ? Framing.chunked : Framing.length;
    body.contentLength = length;
    this.body.begin(body, buffer);
  }

  take(peer: SlowPeer | null, text: string): void {
    const bytes = Uint8Array.from(text, (char) => char.charCodeAt(0));
    this.body.take(peer === null ? null : peer.client, bytes, 0, bytes.length);
  }
}

const buffer = { memoryBytes: 4, fileBytes: 6, folder: null };

Deno.test("RequestBody streams, and sends the same bytes again to another peer", () => {
  const upload = new Upload(null);
  const first = new SlowPeer();
  upload.body.sendTo(first.client);
  upload.take(first, "abc");
  const second = new SlowPeer();
  upload.body.sendTo(second.client);
  upload.take(second, "de");
  upload.body.complete(second.client, null);
  assertEquals([first.text, first.isEnded], ["abc", false]);
  assertEquals([second.text, second.isEnded], ["abcde", true]);
  assertEquals(upload.body.isKept, true);
});

Deno.test("RequestBody keeps at most 64 KB without a buffer", () => {
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

Deno.test("RequestBody slows the client down when the peer is slow", () => {
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

Deno.test("RequestBody with a buffer sends nothing before the body is complete", () => {
  const upload = new Upload(buffer);
  for (const text of ["ab", "cd", "ef", "gh"]) upload.take(null, text);
  assertEquals(upload.body.isCollecting, true);
  upload.body.complete(null, null);
  assertEquals([upload.body.isCollecting, upload.body.isKept], [false, true]);
  // The length of a complete body is known.
  assertEquals([upload.body.framing, upload.body.contentLength], [Framing.length, 8]);
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
  upload.body.complete(null, null);
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

Deno.test("RequestBody streams a body beyond its buffer, once and in order", () => {
  const upload = new Upload(buffer);
  for (const text of ["abcd", "efgh"]) upload.take(null, text);
  assertEquals(upload.body.isCollecting, true);
  upload.take(null, "ijkl");
  assertEquals([upload.body.isCollecting, upload.body.isKept], [false, false]);
  assertEquals(upload.isPaused, true);
  assertEquals(upload.body.framing, Framing.chunked);
  const peer = new SlowPeer(2);
  upload.body.sendTo(peer.client);
  // A piece that was on its way before the pause took effect.
  upload.take(peer, "mn");
  peer.room = Infinity;
  upload.body.drained(peer.client);
  assertEquals(upload.isPaused, false);
  upload.take(peer, "op");
  upload.body.complete(peer.client, null);
  assertEquals([peer.text, peer.isEnded], ["abcdefghijklmnop", true]);
  upload.body.clear();
});

Deno.test("RequestBody streams a body from the start if its announced length exceeds the buffer", () => {
  assertEquals(new Upload(buffer, 11).body.isCollecting, false);
  assertEquals(new Upload(buffer, 10).body.isCollecting, true);
});

Deno.test("RequestBody of a request without a body announces none", () => {
  const body = new RequestBody();
  body.begin(null, buffer);
  assertEquals([body.framing, body.contentLength, body.isCollecting], [Framing.none, -1, false]);
  const peer = new SlowPeer();
  body.sendTo(peer.client);
  assertEquals([peer.text, peer.isEnded], ["", false]);
});

Deno.test("RequestBody measures an empty body that was sent in chunks", () => {
  const upload = new Upload(buffer);
  upload.body.complete(null, null);
  assertEquals([upload.body.framing, upload.body.contentLength], [Framing.none, 0]);
});
