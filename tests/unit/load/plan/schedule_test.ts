import { assertAlmostEquals, assertEquals } from "@std/assert";
import { Schedule } from "../../../../mod/load/plan/schedule.ts";

Deno.test("Schedule spreads a constant rate evenly", () => {
  const schedule = new Schedule([{ durationMs: 10_000, rateStart: 50_000, rateEnd: 50_000 }]);
  assertEquals(schedule.count, 500_000);
  assertEquals(schedule.dueMs(0), 0);
  assertAlmostEquals(schedule.dueMs(1), 0.02, 1e-9);
  assertAlmostEquals(schedule.dueMs(499_999), 9_999.98, 1e-6);
  assertEquals(schedule.dueMs(500_000), Infinity);
});

Deno.test("Schedule of a ramp has the area under the line, and its middle where the area halves", () => {
  const schedule = new Schedule([{ durationMs: 10_000, rateStart: 0, rateEnd: 1000 }]);
  assertEquals(schedule.count, 5000);
  assertAlmostEquals(schedule.dueMs(1250), 5000, 1e-6);
  assertAlmostEquals(schedule.dueMs(2500), 10_000 / Math.SQRT2, 1e-6);
});

Deno.test("Schedule of a falling ramp ends with the last request before its end", () => {
  const schedule = new Schedule([{ durationMs: 2000, rateStart: 100, rateEnd: 0 }]);
  assertEquals(schedule.count, 100);
  assertEquals(schedule.dueMs(99) < 2000, true);
});

Deno.test("Schedule joins stages without a gap and never goes backward", () => {
  const schedule = new Schedule([
    { durationMs: 1000, rateStart: 10, rateEnd: 10 },
    { durationMs: 1000, rateStart: 0, rateEnd: 0 },
    { durationMs: 1000, rateStart: 10, rateEnd: 30 },
  ]);
  assertEquals(schedule.count, 30);
  assertAlmostEquals(schedule.dueMs(9), 900, 1e-6);
  assertAlmostEquals(schedule.dueMs(10), 2000, 1e-6);
  for (let index = 1; index < schedule.count; index++) {
    assertEquals(schedule.dueMs(index) > schedule.dueMs(index - 1), true);
  }
});

Deno.test("dueCount() is the inverse of dueMs()", () => {
  const schedule = new Schedule([
    { durationMs: 700, rateStart: 20, rateEnd: 200 },
    { durationMs: 300, rateStart: 200, rateEnd: 200 },
  ]);
  for (let index = 0; index < schedule.count; index++) {
    assertEquals(schedule.dueCount(schedule.dueMs(index) + 1e-6), index + 1);
  }
  assertEquals(schedule.dueCount(-1), 0);
  assertEquals(schedule.dueCount(5000), schedule.count);
});
