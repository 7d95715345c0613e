import { assert, assertEquals } from "@std/assert";
import { BufferPool } from "../../../../mod/net/portable/buffer_pool.ts";
import { WriteQueue } from "../../../../mod/net/portable/write_queue.ts";

const encoder = new TextEncoder();

function push(queue: WriteQueue, text: string): number {
  const bytes = encoder.encode(text);
  return queue.push(bytes, 0, bytes.length);
}

function textOf(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : new TextDecoder().decode(bytes);
}

Deno.test("WriteQueue holds one buffer's size at most, over both of its buffers", () => {
  const queue = new WriteQueue(new BufferPool(8, 4));
  assertEquals(queue.next(), null);
  assertEquals(push(queue, "abcde"), 5);
  assertEquals(textOf(queue.next()), "abcde");
  assertEquals(push(queue, "fghij"), 3, "five are in flight");
  assertEquals(push(queue, "x"), 0);
  assertEquals(queue.byteCount, 8);
  queue.sent(2);
  assertEquals(textOf(queue.next()), "cde");
  assertEquals(push(queue, "klm"), 2);
  queue.sent(3);
  assertEquals(textOf(queue.next()), "fghkl");
  queue.sent(5);
  assertEquals([queue.next(), queue.byteCount], [null, 0]);
});

Deno.test("WriteQueue leaves bytes in flight alone", () => {
  const queue = new WriteQueue(new BufferPool(8, 4));
  push(queue, "ab");
  const flight = queue.next()!;
  push(queue, "cd");
  assertEquals(textOf(flight), "ab");
  queue.sent(2);
  assertEquals(textOf(queue.next()), "cd");
});

Deno.test("WriteQueue accepts the part of [start, end) that fits", () => {
  const queue = new WriteQueue(new BufferPool(4, 4));
  assertEquals(queue.push(encoder.encode("--abcdef"), 2, 8), 4);
  assertEquals(textOf(queue.next()), "abcd");
  assertEquals(queue.push(new Uint8Array(3), 1, 1), 0);
});

Deno.test("WriteQueue returns its buffers, except one that may still be read", () => {
  const pool = new BufferPool(4, 4);
  const queue = new WriteQueue(pool);
  push(queue, "ab");
  const flight = queue.next()!.buffer;
  queue.sent(2);
  assertEquals(pool.take().buffer, flight, "sent and given back");
  push(queue, "cd");
  const abandoned = queue.next()!.buffer;
  push(queue, "e");
  queue.clear();
  assertEquals([queue.byteCount, queue.next()], [0, null]);
  for (let i = 0; i < 4; i++) assert(pool.take().buffer !== abandoned);
});

Deno.test("BufferPool keeps no more than its limit", () => {
  const pool = new BufferPool(4, 1);
  const [first, second] = [pool.take(), pool.take()];
  pool.give(first);
  pool.give(second);
  assertEquals(pool.take() === first, true);
  assertEquals(pool.take() === second, false);
});
