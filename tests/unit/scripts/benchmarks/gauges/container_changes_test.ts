/** What a change of a container loses. */
import { assertEquals } from "@std/assert";
import { lostOf } from "../../../../../scripts/benchmarks/gauges/container_changes.ts";

Deno.test("lostOf() counts no connection that was refused, and every other failure", () => {
  const failures = [
    { kind: "refused", code: "ECONNREFUSED", count: 660 },
    { kind: "reset", code: "ECONNRESET", count: 2 },
  ];
  assertEquals(lostOf({ requestsFailed: 662, failures }), 2);
  assertEquals(lostOf({ requestsFailed: 0, failures: [] }), 0);
});
