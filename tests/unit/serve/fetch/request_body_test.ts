import { assert, assertEquals, assertRejects } from "@std/assert";
import { RequestBody } from "../../../../mod/serve/fetch/request_body.ts";

/** Records the calls to the socket. */
class Source {
  paused = false;
  pauseBody(): void {
    this.paused = true;
  }
  resumeBody(): void {
    this.paused = false;
  }
}

Deno.test("RequestBody applies back-pressure until its reader reads", async () => {
  const source = new Source();
  const body = new RequestBody(source);
  const part = new Uint8Array(40_000);
  body.push(part, 0, part.length);
  assertEquals(source.paused, false);
  body.push(part, 0, part.length);
  assertEquals(source.paused, true);
  const reader = body.stream().getReader();
  await reader.read();
  assertEquals(source.paused, true);
  await reader.read();
  assertEquals(source.paused, false);
  body.end();
  assertEquals((await reader.read()).done, true);
});

Deno.test("RequestBody gives a reader that waits what arrives, and queues none of it", async () => {
  const source = new Source();
  const body = new RequestBody(source);
  const reader = body.stream().getReader();
  const part = new Uint8Array(200_000);
  for (let i = 0; i < 3; i++) {
    const waiting = reader.read();
    body.push(part, 1, part.length);
    assertEquals((await waiting).value?.length, part.length - 1);
    assertEquals(source.paused, false);
  }
  const last = reader.read();
  body.end();
  assertEquals((await last).done, true);
});

Deno.test("RequestBody fills the view of a BYOB reader, and ends its last read", async () => {
  const body = new RequestBody(new Source());
  const reader = body.stream().getReader({ mode: "byob" });
  const waiting = reader.read(new Uint8Array(3));
  body.push(new Uint8Array([1, 2, 3, 4]), 0, 4);
  assertEquals([...(await waiting).value!], [1, 2, 3]);
  assertEquals([...(await reader.read(new Uint8Array(3))).value!], [4]);
  const last = reader.read(new Uint8Array(3));
  body.end();
  assertEquals((await last).done, true);
});

Deno.test("RequestBody holds nothing of a body that its reader has cancelled", async () => {
  const source = new Source();
  const body = new RequestBody(source);
  const part = new Uint8Array(100_000);
  body.push(part, 0, part.length);
  assertEquals(source.paused, true);
  await body.stream().cancel();
  assertEquals(source.paused, false);
  for (let i = 0; i < 10; i++) body.push(part, 0, part.length);
  assertEquals(source.paused, false);
  body.end();
  assertEquals((await body.collect()).length, 0);
});

Deno.test("RequestBody buffers everything for a reader of the whole body", async () => {
  const source = new Source();
  const body = new RequestBody(source);
  const whole = body.collect();
  const part = new Uint8Array(100_000);
  for (let i = 0; i < 3; i++) body.push(part, 0, part.length);
  assertEquals(source.paused, false);
  body.end();
  assertEquals((await whole).length, 300_000);
});

Deno.test("RequestBody reports to readers that the client has disconnected", async () => {
  const body = new RequestBody(new Source());
  const waiting = body.stream().getReader().read();
  const whole = new RequestBody(new Source());
  const collecting = whole.collect();
  whole.fail(new Error("gone"));
  await assertRejects(() => collecting, Error, "gone");
  body.fail(new Error("gone"));
  await assertRejects(() => waiting, Error, "gone");
  await assertRejects(() => body.collect(), Error, "gone");
});

/** Bytes that tell their position. */
function numbered(length: number, from = 0): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, i) => (from + i) % 251);
}

/** Delivers `count` bytes from position `from` on, as a reactor does that may ask for a buffer. */
function deliver(body: RequestBody, from: number, count: number, asks: boolean): void {
  const bytes = numbered(count, from);
  const own = asks ? body.buffer(count) : null;
  if (own === null) return body.push(new Uint8Array([9, ...bytes, 9]), 1, count + 1);
  const fits = Math.min(count, own.length);
  own.set(bytes.subarray(0, fits));
  body.push(own, 0, fits);
  if (fits < count) deliver(body, from + fits, count - fits, true);
}

for (const asks of [true, false]) {
  Deno.test(`RequestBody puts a body of known length together${asks ? " in place" : ""}`, async () => {
    const length = 3_000_000;
    const body = new RequestBody(new Source(), length);
    deliver(body, 0, 1000, asks);
    const whole = body.collect();
    for (let at = 1000; at < length; at += 100_000) {
      deliver(body, at, Math.min(100_000, length - at), asks);
    }
    body.end();
    const collected = await whole;
    assertEquals(collected.length, length);
    assertEquals(collected.buffer.byteLength, length);
    assertEquals(collected.findIndex((byte, i) => byte !== i % 251), -1);
  });
}

Deno.test("RequestBody offers no buffer for chunks, nor for a cancelled body", async () => {
  const body = new RequestBody(new Source(), 1_000_000);
  deliver(body, 0, 70_000, true);
  assertEquals(body.buffer(70_000), null);
  await body.stream().cancel();
  assertEquals(body.buffer(70_000), null);
});

Deno.test("RequestBody takes memory for what has come, not for what was announced", () => {
  const body = new RequestBody(new Source(), 2 ** 40);
  body.collect().catch(() => {});
  for (let at = 0; at < 1_000_000; at += 100_000) deliver(body, at, 100_000, false);
  const { buffer, byteOffset } = body.buffer(1)!;
  assertEquals(byteOffset, 1_000_000);
  assert(buffer.byteLength <= 8_000_000, String(buffer.byteLength));
  body.fail(new Error("gone"));
});

Deno.test("RequestBody keeps what was read into its buffer when nothing came of a later read", async () => {
  const body = new RequestBody(new Source(), 600_000);
  const whole = body.collect();
  deliver(body, 0, 300_000, false);
  // The socket had nothing, and then less than the buffer holds.
  body.buffer(262_144);
  deliver(body, 300_000, 1, true);
  body.buffer(262_144);
  deliver(body, 300_001, 299_999, false);
  body.end();
  assertEquals((await whole).findIndex((byte, i) => byte !== i % 251), -1);
});
