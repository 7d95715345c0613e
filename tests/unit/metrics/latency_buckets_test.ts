import { assertEquals } from "@std/assert";
import {
  latencyBoundsMs,
  latencyBucketCount,
  latencyBucketOf,
} from "../../../mod/metrics/latency_buckets.ts";

Deno.test("latencyBucketOf() puts each bound into its own bucket and larger values into the next", () => {
  for (const [index, bound] of latencyBoundsMs.entries()) {
    assertEquals(latencyBucketOf(bound), index, `${bound}`);
    assertEquals(latencyBucketOf(bound * 1.001), index + 1, `above ${bound}`);
  }
});

Deno.test("latencyBucketOf() handles the odd values that a clock can give", () => {
  assertEquals([0, -1, NaN, 0.0001].map(latencyBucketOf), [0, 0, 0, 0]);
  assertEquals([40_000, 1e9, 1e15, Infinity].map(latencyBucketOf), [18, 18, 18, 18]);
  assertEquals(latencyBucketCount, 19);
});

Deno.test("latencyBucketOf() agrees with a linear search", () => {
  for (let ms = 0.01; ms < 70_000; ms *= 1.07) {
    const found = latencyBoundsMs.findIndex((bound) => ms <= bound);
    assertEquals(latencyBucketOf(ms), found < 0 ? 18 : found, `${ms}`);
  }
});
