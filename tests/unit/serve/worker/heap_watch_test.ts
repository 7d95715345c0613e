import { assertEquals } from "@std/assert";
import { watchHeap } from "../../../../mod/serve/worker/heap_watch.ts";

/** Runs the watch over these measurements; gives what it has called, and after how many. */
function watch(used: readonly number[]): string {
  let count = 0;
  let result = "nothing";
  const timers: (() => void)[] = [];
  watchHeap(
    { setTimer: (_, callback) => timers.push(callback) },
    100,
    () => used[Math.min(count++, used.length - 1)],
    {
      onFull: (bytes) => result = `full with ${bytes} after ${count}`,
      onFullAtStart: (bytes) => result = `full at the start with ${bytes} after ${count}`,
    },
  );
  for (let timer = timers.shift(); timer !== undefined; timer = timers.shift()) {
    if (count >= used.length + 20) break;
    timer();
  }
  return result;
}

Deno.test("a heap is full when it stays at nine tenths of its limit", () => {
  assertEquals(watch([10, 10, 10, 10, 10, 95, 92, 99, 91, 93]), "full with 91 after 10");
  assertEquals(watch([10, 10, 10, 10, 10, 95, 92, 20, 91, 93, 20]), "nothing");
  assertEquals(watch([89]), "nothing");
  assertEquals(watch([90]), "full at the start with 90 after 5");
});
