import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { renderGrowth } from "../../../../../scripts/benchmarks/results/growth_chart.ts";
import { growthRows } from "./records.ts";

/** Left and top of each point, by curve. */
function curves(svg: string): number[][][] {
  return [...svg.matchAll(/<polyline points="([^"]*)"/g)].map(([, points]) =>
    points === "" ? [] : points.split(" ").map((point) => point.split(",").map(Number))
  );
}

const svg = renderGrowth("files by size & more", growthRows);

Deno.test("renderGrowth() draws a curve for each contender, and says who was not measured", () => {
  const [ours, floor, absent] = curves(svg);
  assertEquals([ours.length, floor.length, absent.length], [3, 3, 0]);
  assertStringIncludes(svg, "absent: not measured");
  assertStringIncludes(svg, "files by size &amp; more");
  assertStringIncludes(svg, ">bytes<");
});

Deno.test("renderGrowth() has logarithmic axes, with 0 a decade before the rest", () => {
  const [ours, floor] = curves(svg);
  // 0, 1,000 and 100,000: one decade, then two.
  const [first, second, third] = ours.map(([x]) => x);
  assert(Math.abs((third - second) - 2 * (second - first)) < 1, "decades are alike");
  // Ten times the cost each time, and half of it for the floor.
  const steps = ours.slice(1).map(([, y], index) => ours[index][1] - y);
  assert(Math.abs(steps[0] - steps[1]) < 1 && steps[0] > 0, "a dearer point is higher");
  const below = ours.map(([, y], index) => floor[index][1] - y);
  assert(below.every((each) => Math.abs(each - below[0]) < 1 && each > 0));
});

Deno.test("renderGrowth() draws a single value, and nothing at all", () => {
  const single = renderGrowth("one", growthRows.slice(1, 2));
  assert(!/NaN|Infinity/.test(single), single);
  const empty = growthRows.map((row) => ({ ...row, contenders: row.contenders.slice(2) }));
  assertStringIncludes(renderGrowth("none", empty), "nothing was measured");
  assert(!/NaN|Infinity/.test(renderGrowth("none", [])));
});
