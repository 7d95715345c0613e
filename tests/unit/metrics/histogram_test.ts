import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import {
  counterCount,
  highestOf,
  highestTrackableUs,
  Histogram,
  histogramSlots,
  indexOf,
  lowestOf,
} from "../../../mod/metrics/histogram.ts";

/** A small generator with a seed, so that a failure can be repeated. */
function* random(seed: number): Generator<number> {
  for (let state = seed;;) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    yield state / 2 ** 32;
  }
}

Deno.test("indexOf() and its inverse cover every value without gap or overlap", () => {
  let expected = 0;
  for (let index = 0; index < counterCount; index++) {
    assertEquals(lowestOf(index), expected);
    assertEquals(indexOf(lowestOf(index)), index);
    assertEquals(indexOf(highestOf(index)), index);
    expected = highestOf(index) + 1;
  }
  assertEquals(expected, 2 ** 32);
});

Deno.test("a counter is never wider than a thousandth of its values", () => {
  for (let index = 0; index < counterCount; index++) {
    const width = highestOf(index) - lowestOf(index);
    assertEquals(width <= lowestOf(index) / 1000, true);
  }
});

Deno.test("percentiles() is within 0.1 % of the exact values", () => {
  const numbers = random(7);
  const histogram = new Histogram();
  const values: number[] = [];
  for (let count = 0; count < 20_000; count++) {
    const value = Math.floor(10 ** (numbers.next().value! * 7));
    values.push(value);
    histogram.record(value);
  }
  values.sort((a, b) => a - b);
  const percents = [0, 1, 25, 50, 75, 90, 99, 99.9, 99.99, 100];
  const found = histogram.percentiles(percents);
  percents.forEach((percent, index) => {
    const truth = values[Math.max(1, Math.ceil(percent / 100 * values.length - 1e-9)) - 1];
    assertAlmostEquals(found[index], truth, truth / 1000 + 1e-9, `p${percent}`);
  });
});

Deno.test("mean, deviation, minimum and maximum of known values", () => {
  const histogram = new Histogram();
  for (const value of [100, 200, 300, 400]) histogram.record(value);
  assertEquals(histogram.count, 4);
  assertEquals(histogram.meanUs, 250);
  assertAlmostEquals(histogram.stdevUs, 129.0994, 1e-3);
  assertEquals([histogram.minUs, histogram.maxUs], [100, 400]);
  assertEquals(histogram.spread().withinPercent, 50);
});

Deno.test("values are counted up to the highest trackable value, and not after it", () => {
  for (const top of [0, 2047, 2048, 1_000_000, 3_600_000_000, 2 ** 40]) {
    const histogram = new Histogram();
    histogram.record(0);
    histogram.record(top);
    const sum = new Histogram();
    sum.add(histogram);
    assertEquals([sum.count, sum.maxUs], [2, Math.min(top, 3_600_000_000)], `${top}`);
    assertEquals(sum.percentile(100), Math.min(top, 3_600_000_000));
    sum.clear();
    assertEquals(sum.slots.every((slot) => slot === 0), true);
  }
});

Deno.test("setMax() clamps to the last non-zero counter", () => {
  const histogram = new Histogram();
  histogram.restore(100, 3);
  histogram.restore(2500, 1);
  const asked = [0, 2951.9, 2952, 2953, 2953.9, 2954, 1e12];
  const kept = asked.map((maxUs) => {
    histogram.setMax(maxUs);
    assertEquals(histogram.count, 4);
    return histogram.maxUs;
  });
  assertEquals(kept, [2952, 2952, 2952, 2953, 2953.9, 2953, 2953]);
});

Deno.test("an empty histogram returns zeros, and NaN for its mean", () => {
  const histogram = new Histogram();
  assertEquals(histogram.percentiles([50, 100]), [0, 0]);
  assertEquals([histogram.count, histogram.minUs, histogram.maxUs], [0, 0, 0]);
  assertEquals(histogram.meanUs, NaN);
  assertEquals(histogram.stdevUs, 0);
});

Deno.test("record() clamps to zero and one hour, and truncates fractions", () => {
  const histogram = new Histogram();
  histogram.record(-5);
  histogram.record(1.9);
  histogram.record(1e12);
  assertEquals(histogram.slots[0], 1);
  assertEquals(histogram.slots[1], 1);
  assertEquals(histogram.maxUs, highestTrackableUs);
});

Deno.test("add() equals recording everything in one histogram", () => {
  const one = new Histogram(), two = new Histogram(), both = new Histogram();
  for (let value = 1; value < 1e8; value *= 3) {
    (value % 2 === 0 ? one : two).record(value);
    both.record(value);
  }
  one.add(two);
  one.recordMany(77, 5);
  both.recordMany(77, 5);
  assertEquals(one.slots, both.slots);
});

Deno.test("advance() adds only what was recorded since the last time", () => {
  const histogram = new Histogram(), earlier = new Histogram();
  histogram.record(1_000_000);
  histogram.advance(earlier, new Histogram());
  histogram.record(500);
  histogram.record(700);
  const interval = new Histogram();
  histogram.advance(earlier, interval);
  assertEquals([interval.count, interval.percentile(100)], [2, 700]);
  assertEquals(earlier.slots, histogram.slots);
});

Deno.test("corrected() adds the requests missed during a stall", () => {
  const histogram = new Histogram();
  histogram.recordMany(1000, 100);
  histogram.record(100_000);
  const corrected = histogram.corrected(1000);
  assertEquals(corrected.count, 200);
  assertEquals(corrected.percentile(100), 100_000);
  assertEquals(histogram.count, 101);
});

Deno.test("Histogram works over memory that threads share, and refuses the wrong size", () => {
  const shared = new Float64Array(new SharedArrayBuffer(histogramSlots * 8));
  new Histogram(shared).record(42);
  assertEquals(new Histogram(shared).percentile(100), 42);
  assertThrows(() => new Histogram(new Float64Array(3)), RangeError);
});
