import { assertEquals, assertThrows } from "@std/assert";
import { decodeValue, encodeValue } from "../../../../../mod/load/fleet/wire/value.ts";
import { Slot, ThreadStats } from "../../../../../mod/load/stats/thread_stats.ts";
import { Histogram } from "../../../../../mod/metrics/histogram.ts";

/** There and back, by way of text. */
function carried(value: unknown): unknown {
  return decodeValue(JSON.parse(JSON.stringify(encodeValue(value))));
}

Deno.test("a value of the wire comes back as it was", () => {
  for (
    const value of [
      null,
      true,
      -1.5,
      "a\n\u{1F600}",
      undefined,
      Infinity,
      NaN,
      -0,
      12345678901234567890n,
      [1, [undefined, [Infinity]]],
      { a: { b: [null, { c: undefined }] } },
      { $: ["bytes", "x"], other: 1 },
      Object.fromEntries([["__proto__", { polluted: true }]]),
      new Uint8Array([0, 255, 10]),
      new Float64Array([0, 0, 1.5, 0]),
      new Date(1767225600500),
      new Map<unknown, unknown>([["a", { b: 1 }], [{ k: 1 }, new Set([1n])]]),
    ]
  ) assertEquals(carried(value), value);
  assertEquals(Object.hasOwn({}, "polluted"), false);
});

Deno.test("functions, classes and values that contain themselves are left out", () => {
  const knot: Record<string, unknown> = { name: "knot" };
  knot["self"] = knot;
  assertEquals((carried(knot) as typeof knot)["name"], "knot");
  assertEquals(carried([() => 1, Symbol("s"), /r/, new Error("e")]), [
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});

Deno.test("statistics come back to the last counter", () => {
  const stats = ThreadStats.make(["firstByte"]);
  stats.counters[Slot.answered] = 123;
  stats.statuses[404] = 7;
  for (const us of [1, 2047, 2048, 1_234_567]) stats.latency.record(us);
  stats.extra.get("firstByte")!.record(99);
  const back = carried(stats) as ThreadStats;
  assertEquals(back.counters, stats.counters);
  assertEquals(back.statuses, stats.statuses);
  assertEquals(back.latency.slots, stats.latency.slots);
  assertEquals(back.latency.maxUs, 1_234_567);
  assertEquals(back.extra.get("firstByte")!.slots, stats.extra.get("firstByte")!.slots);
  const histogram = new Histogram();
  histogram.record(5);
  assertEquals((carried(histogram) as Histogram).slots, histogram.slots);
});

Deno.test("what encodeValue() never returns is refused", () => {
  for (const json of [{ $: 1 }, { $: ["code", "x"] }, { $: ["histogram"] }]) {
    assertThrows(() => decodeValue(json), SyntaxError);
  }
});
