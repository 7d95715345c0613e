import { assertAlmostEquals, assertEquals } from "@std/assert";
import {
  linearScale,
  logScale,
  percentileScale,
} from "../../../../../mod/load/report/charts/chart_scale.ts";
import {
  barChart,
  escapeText,
  lineChart,
  stack,
} from "../../../../../mod/load/report/charts/chart_svg.ts";

Deno.test("linearScale() ends at a round number above the values", () => {
  const scale = linearScale(937, String);
  assertEquals(scale.ticks.map(({ value }) => value), [0, 200, 400, 600, 800, 1000]);
  assertEquals([scale.place(0), scale.place(500), scale.place(5000)], [0, 0.5, 1]);
  assertEquals(linearScale(0, String).ticks.length > 1, true);
});

Deno.test("logScale() has its ticks at decades", () => {
  const scale = logScale(30, 2000, String);
  assertEquals(scale.ticks.map(({ value }) => value), [10, 100, 1000, 10000]);
  assertAlmostEquals(scale.place(100), 1 / 3, 1e-9);
});

Deno.test("percentileScale() gives each further nine the same width", () => {
  const scale = percentileScale(99.9);
  assertEquals(scale.ticks.map(({ label }) => label), ["0%", "90%", "99%", "99.9%"]);
  assertAlmostEquals(scale.place(90), 1 / 3, 1e-9);
  assertAlmostEquals(scale.place(99), 2 / 3, 1e-9);
});

Deno.test("charts escape what users name, and are well-formed", () => {
  assertEquals(escapeText(`<a b="c">&`), "&lt;a b=&quot;c&quot;&gt;&amp;");
  const bars = barChart("t<", [{ name: "<script>", value: 1, label: "1" }]);
  const lines = lineChart({
    title: "x & y",
    xTitle: "s",
    x: linearScale(1, String),
    y: linearScale(1, String),
    series: [{ name: "a", points: [[0, 0], [1, 1]] }, { name: "b", points: [[1, 1]] }],
  });
  for (const picture of [bars, lines, stack([bars, lines])]) {
    assertEquals(picture.includes("<script>"), false);
    const opened = picture.match(/<(svg|text|style)\b/g)!.length;
    assertEquals(picture.match(/<\/(svg|text|style)>/g)!.length, opened);
    assertEquals(/NaN|undefined|Infinity/.test(picture), false);
  }
});

Deno.test("labels of the percentile axis do not overlap, however deep it goes", () => {
  const points = [[0, 1], [99.9999, 2]] as const;
  for (const max of [99, 99.99, 99.999, 99.9999]) {
    const chart = lineChart({
      title: "t",
      x: percentileScale(max),
      xTitle: "percentile",
      y: linearScale(1, String),
      series: [{ name: "a", points }],
    });
    const labels = [...chart.matchAll(/<text x="([\d.]+)" y="272" text-anchor="(\w+)">([\d.]+%)</g)]
      .map(([, x, anchor, label]) => {
        // 14 px letters are 8 px wide at most.
        const width = label.length * 8;
        const right = Number(x) + (anchor === "end" ? 0 : width / 2);
        return { left: right - width, right, label };
      }).sort((a, b) => a.left - b.left);
    assertEquals(labels.length > 2, true);
    for (let index = 1; index < labels.length; index++) {
      const { label, left } = labels[index];
      assertEquals(left > labels[index - 1].right, true, `${max}: ${label}`);
    }
  }
});

Deno.test("no two of twenty runs have the same colour", () => {
  const bars = Array.from(
    { length: 20 },
    (_, index) => ({ name: `${index}`, value: 1, label: "" }),
  );
  const colors = [...barChart("t", bars).matchAll(/<rect fill="([^"]+)"/g)].map(([, color]) =>
    color
  );
  assertEquals(new Set(colors).size, 20);
});
