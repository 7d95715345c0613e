import { assertEquals } from "@std/assert";
import { isBroken, parseThreshold, type Threshold } from "../../../../mod/load/plan/threshold.ts";

Deno.test("parseThreshold() reads times, counts and shares in their units", () => {
  const limit = (text: string) => (parseThreshold(text) as Threshold).limit;
  assertEquals(limit("p99>5ms"), 5000);
  assertEquals(limit("p99.9 >= 800us"), 800);
  assertEquals(limit("mean<1.5s"), 1_500_000);
  assertEquals(limit("rps<100k"), 100_000);
  assertEquals(limit("errors>0"), 0);
  assertEquals(limit("error-rate>1%"), 0.01);
});

Deno.test("parseThreshold() reads statuses and their classes, as counts and as shares", () => {
  const metric = (text: string) => (parseThreshold(text) as Threshold).metric;
  const status = (first: number, last: number, isShare: boolean) => ({
    kind: "status" as const,
    first,
    last,
    isShare,
  });
  assertEquals(metric("5xx>0"), status(500, 599, false));
  assertEquals(metric("status-4XX >= 1.5%"), status(400, 499, true));
  assertEquals(metric("status-404>1%"), status(404, 404, true));
  assertEquals((parseThreshold("status-404>1%") as Threshold).limit, 0.01);
  assertEquals(metric("status>3").kind, "count");
});

Deno.test("parseThreshold() lists the allowed forms", () => {
  for (
    const [text, part] of [
      ["p99", "not like p99>5ms"],
      ["p101>1ms", "unknown figure p101"],
      ["p99>5", "not a time with a unit"],
      ["rps<fast", "not a number"],
      ["error-rate>1", null],
      ["error-rate>5", "not a share"],
      ["0xx>1", "unknown figure 0xx"],
      ["404>1", "status-404"],
      ["status-40>1", "unknown figure status-40"],
      ["5xx>some", "not a number"],
      ["5xx>x%", "not a share"],
    ] as const
  ) {
    const result = parseThreshold(text);
    assertEquals(typeof result === "string" && result.includes(part ?? ""), part !== null, text);
  }
});

Deno.test("isBroken() compares as written", () => {
  const broken = (text: string, value: number) =>
    isBroken(parseThreshold(text) as Threshold, value);
  assertEquals([broken("errors>0", 0), broken("errors>0", 1)], [false, true]);
  assertEquals([broken("errors>=1", 1), broken("rps<10", 10), broken("rps<=10", 10)], [
    true,
    false,
    true,
  ]);
  assertEquals([broken("requests!=5", 4), broken("requests=5", 5)], [true, true]);
});
