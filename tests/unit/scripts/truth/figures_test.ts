/** When a measured value counts as off. */
import { assertEquals } from "@std/assert";
import {
  exact,
  judge,
  meanOf,
  percentileOf,
  renderCase,
  type Tolerance,
} from "../../../../scripts/truth/figures.ts";

const time: Tolerance = { kind: "time" };
const span: Tolerance = { kind: "span" };

Deno.test("a figure holds within its tolerance, and no further", () => {
  const rows: readonly [known: number, measured: number | null, Tolerance, boolean, boolean][] = [
    // tolerance, holds on a quiet host, holds on a slow one
    [100, 100, exact, true, true],
    [100, 101, exact, false, false],
    [100, 99, exact, false, false],
    [0, null, exact, false, false],
    // A bucket of 102,400 us is 100 us wide.
    [102_400, 102_300, time, true, true],
    [102_400, 102_298, time, false, false],
    [102_400, 103_501, time, true, true],
    [102_400, 103_502, time, false, true],
    [102_400, 122_501, { kind: "extreme" }, true, true],
    [102_400, 122_502, { kind: "extreme" }, false, true],
    [102_400, 101_299, span, true, true],
    [102_400, 101_298, span, false, true],
    [200, 202, { kind: "percent", percent: 1 }, true, true],
    [200, 203, { kind: "percent", percent: 1 }, false, true],
    [NaN, 5, time, false, false],
  ];
  for (const [known, measured, tolerance, quiet, slow] of rows) {
    const figure = { name: "x", known, measured, tolerance };
    const held = [judge(figure, false).holds, judge(figure, true).holds];
    assertEquals(held, [quiet, slow], `${known} ${measured} ${tolerance.kind}`);
  }
});

Deno.test("percentiles are by the nearest rank, as the histogram's", () => {
  const values = Array.from({ length: 1000 }, (_, index) => index + 1);
  const found = [0, 50, 99, 99.9, 100].map((percent) => percentileOf(values, percent));
  assertEquals(found, [1, 500, 990, 999, 1000]);
  assertEquals([percentileOf([], 50), percentileOf([7], 1), meanOf([1, 2, 6])], [NaN, 7, 3]);
});

Deno.test("the table has what is known, what was measured, and which is off", () => {
  const figures = [
    { name: "answers", known: 10, measured: 10, tolerance: exact },
    { name: "p50, us", known: 20, measured: 5, tolerance: time },
  ];
  assertEquals(
    renderCase("counts, HTTP/2", figures.map((figure) => judge(figure, false))),
    `counts, HTTP/2
           known  measured  off by  allowed
  answers     10        10       0  exact
  p50, us     20         5     -15  bucket + 1000 us  OFF`,
  );
});
