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
  await body.next();
  assertEquals(source.paused, true);
  await body.next();
  assertEquals(source.paused, false);
  body.end();
  assertEquals(await body.next(), null);
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
  const waiting = body.next();
  body.fail(new Error("gone"));
  await assertRejects(() => waiting, Error, "gone");
  await assertRejects(() => body.collect(), Error, "gone");
});
