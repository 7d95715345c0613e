import { assertAlmostEquals, assertEquals } from "@std/assert";
import { Histogram } from "../../../mod/metrics/histogram.ts";
import { bucketsOf, loadBoundsSeconds } from "../../../mod/metrics/histogram_buckets.ts";

Deno.test("bucketsOf() puts each value below its bound, the bound itself too", () => {
  const histogram = new Histogram();
  for (const us of [0, 100, 101, 200, 1_000_000, 3_000_000]) histogram.record(us);
  const { counts, sumSeconds } = bucketsOf(histogram, [0.0001, 0.0002, 1]);
  assertEquals([...counts], [2, 2, 1, 1]);
  assertAlmostEquals(sumSeconds, 4.000401, 0.004);
});

Deno.test("bucketsOf() loses nothing of any size, and an empty histogram is all zeros", () => {
  const histogram = new Histogram();
  for (let us = 1; us < 3.6e9; us *= 1.7) histogram.recordMany(us, 3);
  const { counts } = bucketsOf(histogram, loadBoundsSeconds);
  assertEquals(counts.reduce((sum, count) => sum + count, 0), histogram.count);
  const empty = bucketsOf(new Histogram(), loadBoundsSeconds);
  assertEquals([Math.max(...empty.counts), empty.sumSeconds], [0, 0]);
});
