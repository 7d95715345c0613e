import { assertEquals } from "@std/assert";
import { Sources } from "../../../../mod/load/plan/sources.ts";

const automatic = { sources: [], index: 2, connectionsBefore: 0 };

Deno.test("Sources rotates through the user's addresses, starting at the thread's first connection", () => {
  const sources = new Sources({ sources: ["a", "b", "c"], index: 0, connectionsBefore: 4 });
  assertEquals([sources.next(), sources.next(), sources.next()], ["b", "c", "a"]);
});

Deno.test("Sources gives up when none of the user's addresses has a free port", () => {
  const sources = new Sources({ sources: ["a", "b"], index: 0, connectionsBefore: 0 });
  assertEquals([1, 2, 3].map(() => sources.exhausted(sources.next(), true)), [true, true, false]);
  sources.succeeded();
  assertEquals(sources.exhausted(sources.next(), true), true);
});

Deno.test("Sources leaves the choice to the kernel until ports run out on loopback", () => {
  const sources = new Sources(automatic);
  assertEquals(sources.next(), undefined);
  assertEquals(sources.exhausted(undefined, false), false);
  assertEquals(sources.exhausted(undefined, true), true);
  assertEquals([sources.next(), sources.next()], ["127.0.3.1", "127.0.3.1"]);
});

Deno.test("Sources exhausts its own addresses one by one, then starts over", () => {
  const sources = new Sources(automatic);
  sources.exhausted(sources.next(), true);
  const first = sources.next();
  sources.exhausted(first, true);
  assertEquals(sources.next(), "127.0.3.2");
  // Connections that were on their way with the old address do not skip one.
  assertEquals(sources.exhausted(first, true), true);
  assertEquals(sources.next(), "127.0.3.2");
  sources.succeeded();
  sources.exhausted("127.0.3.2", true);
  assertEquals(sources.next(), first);
  assertEquals(sources.autoCount, 2);
});
