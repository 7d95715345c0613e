import { assertEquals } from "@std/assert";
import { DelayQueue } from "../../../../../mod/load/thread/pacing/delay_queue.ts";

Deno.test("DelayQueue returns connections in the order of their times", () => {
  const queue = new DelayQueue<{ index: number }>();
  const times = [5, 3, 9, 1, 7, 3, 8, 2, 6, 4, 0, 3];
  for (const atMs of times) queue.add({ index: atMs }, atMs);
  const taken: number[] = [];
  while (queue.nextMs !== Infinity) {
    const atMs = queue.nextMs;
    assertEquals(queue.take().index, atMs);
    taken.push(atMs);
  }
  assertEquals(taken, times.toSorted((a, b) => a - b));
});
