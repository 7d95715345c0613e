import { assertEquals, assertRejects } from "@std/assert";
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
