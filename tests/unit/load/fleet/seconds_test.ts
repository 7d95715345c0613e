import { assertEquals } from "@std/assert";
import { Seconds } from "../../../../mod/load/fleet/seconds.ts";
import type { Interval } from "../../../../mod/load/stats/result.ts";

const second = (requests: number): Interval => ({
  endMs: 1000,
  durationMs: 1000,
  requests,
  bytesRead: 10 * requests,
  failed: 1,
  retried: 0,
  received: 0,
  openConnections: 2,
  p50Us: requests,
  p90Us: requests,
  p99Us: requests,
  maxUs: requests,
});

Deno.test("Seconds tells a second once every machine has told it", () => {
  const told: number[] = [];
  const seconds = new Seconds(["a", "b", "c"], ({ requests }) => told.push(requests));
  seconds.add("a", second(1));
  seconds.add("a", second(2));
  seconds.add("b", second(10));
  assertEquals(told, []);
  seconds.add("c", second(100));
  assertEquals(told, [111]);
  seconds.add("b", second(20));
  // What a lost machine has told counts; then the others go on without it.
  seconds.add("c", second(200));
  assertEquals(told, [111, 222]);
  seconds.remove("c");
  seconds.add("b", second(30));
  seconds.add("a", second(3));
  assertEquals(told, [111, 222, 33]);
  seconds.add("a", second(4));
  seconds.remove("b");
  assertEquals(told, [111, 222, 33, 4]);
});

Deno.test("Seconds adds counts, and takes the slowest machine's times", () => {
  const told: Interval[] = [];
  const seconds = new Seconds(["a", "b"], (interval) => told.push(interval));
  seconds.add("a", second(1));
  seconds.add("b", second(5));
  const [{ requests, bytesRead, failed, openConnections, p99Us, durationMs }] = told;
  assertEquals([requests, bytesRead, failed, openConnections, p99Us, durationMs], [
    ...[6, 60, 2, 4, 5, 1000],
  ]);
});
