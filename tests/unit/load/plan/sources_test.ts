import { assertEquals } from "@std/assert";
import { Sources } from "../../../../mod/load/plan/sources.ts";

const automatic = { sources: [], index: 2, threadCount: 4, connectionsBefore: 0 };

/** The addresses of `count` connects on loopback, each once. */
function addressesOf(sources: Sources, count: number): Set<string | undefined> {
  return new Set(Array.from({ length: count }, () => sources.next(true)));
}

Deno.test("Sources rotates through the user's addresses, starting at the thread's first connection", () => {
  const sources = new Sources({ ...automatic, sources: ["a", "b", "c"], connectionsBefore: 4 });
  assertEquals([1, 2, 3].map(() => sources.next(false)), ["b", "c", "a"]);
});

Deno.test("Sources gives up when none of the user's addresses has a free port", () => {
  const sources = new Sources({ ...automatic, sources: ["a", "b"] });
  const attempt = () => sources.exhausted(sources.next(true), true);
  assertEquals([1, 2, 3].map(attempt), [true, true, false]);
  sources.succeeded();
  assertEquals(attempt(), true);
});

Deno.test("Sources leaves the choice to the kernel until ports run out on loopback", () => {
  const sources = new Sources(automatic);
  assertEquals(sources.next(true), undefined);
  assertEquals(sources.exhausted(undefined, false), false);
  assertEquals(sources.exhausted(undefined, true), true);
  assertEquals([sources.next(true), sources.next(true)], ["127.0.3.1", "127.0.3.1"]);
});

Deno.test("Sources goes from one of its own addresses to the next when ports run out", () => {
  const sources = new Sources(automatic);
  sources.exhausted(sources.next(true), true);
  const first = sources.next(true);
  sources.exhausted(first, true);
  assertEquals(sources.next(true), "127.0.3.2");
  // Connections that were on their way with the old address do not skip one.
  assertEquals(sources.exhausted(first, true), true);
  assertEquals(sources.next(true), "127.0.3.2");
  assertEquals(sources.autoCount, 2);
});

Deno.test("Sources changes its address on loopback before the kernel's search for ports is slow", () => {
  const alone = new Sources({ ...automatic, threadCount: 1 });
  assertEquals(addressesOf(alone, 10_000), new Set([undefined]));
  assertEquals(addressesOf(alone, 10_000), new Set(["127.0.3.1"]));
  assertEquals(addressesOf(alone, 1), new Set(["127.0.3.2"]));
  assertEquals(alone.autoCount, 2);
  // The address that the kernel chooses is the same for all threads.
  assertEquals(addressesOf(new Sources(automatic), 2501), new Set([undefined, "127.0.3.1"]));
});

Deno.test("Sources leaves the choice to the kernel beyond loopback, however many connects", () => {
  const sources = new Sources(automatic);
  for (let i = 0; i < 30_000; i++) sources.next(false);
  assertEquals([sources.next(false), sources.next(true)], [undefined, undefined]);
});

Deno.test("Sources begins again after its last address, and gives up when none has a free port", () => {
  const sources = new Sources(automatic);
  const attempts = Array.from({ length: 251 }, () => sources.exhausted(sources.next(true), true));
  assertEquals(attempts.indexOf(false), 250);
  sources.succeeded();
  sources.exhausted(sources.next(true), true);
  assertEquals(sources.next(true), undefined);
  assertEquals(sources.autoCount, 250);
});
