/** The picture of a growth comparison: CPU time per request over one number. Pure. */
import { figuresOf } from "../figures.ts";
import type { Row } from "../measure.ts";
import { grouped } from "../report.ts";

const size = { width: 860, height: 400 };
const plot = { left: 80, right: 640, top: 60, bottom: 340 };
const ourColor = "#2b6cb0";
const floorColor = "#718096";
const otherColors = ["#dd6b20", "#38a169", "#805ad5", "#d53f8c", "#b7791f"];

interface Curve {
  readonly name: string;
  readonly color: string;
  readonly isFloor: boolean;
  /** Pairs of the number and microseconds. */
  readonly points: readonly (readonly [x: number, y: number])[];
}

/** An SVG without style sheets or scripts, both axes logarithmic. `rows` have ascending values. */
export function renderGrowth(title: string, rows: readonly Row[]): string {
  const curves = curvesOf(rows);
  const all = curves.flatMap(({ points }) => points);
  const axis = rows[0]?.value?.axis ?? "";
  const parts = [text(10, 20, 13, title)];
  if (all.length === 0) {
    parts.push(text(plot.left, plot.top + 20, 12, "nothing was measured"));
    return svg(parts);
  }
  const xs = all.map(([x]) => x);
  const x = xScale(xs);
  const y = logScale(decades(all.map(([, cost]) => cost)), plot.bottom, plot.top);
  for (const tick of tickValues(y.from, y.to)) {
    const at = y.place(tick);
    parts.push(
      `<line x1="${plot.left}" y1="${at}" x2="${plot.right}" y2="${at}" stroke="#e2e8f0"/>`,
      text(plot.left - 8, at + 4, 11, grouped(tick), "end"),
    );
  }
  for (const value of [...new Set(xs)]) {
    parts.push(text(x(value), plot.bottom + 18, 11, grouped(value), "middle"));
  }
  parts.push(
    text((plot.left + plot.right) / 2, plot.bottom + 40, 12, axis, "middle"),
    text(10, plot.top - 16, 12, "CPU us per request"),
  );
  curves.forEach((curve, index) => parts.push(...draw(curve, index, x, y.place)));
  return svg(parts);
}

function curvesOf(rows: readonly Row[]): Curve[] {
  const names = [...new Set(rows.flatMap(({ contenders }) => contenders.map(({ name }) => name)))];
  let others = 0;
  return names.map((name, index) => {
    const points: [number, number][] = [];
    let isFloor = false;
    for (const row of rows) {
      const contender = row.contenders.find((each) => each.name === name);
      const figures = contender === undefined ? null : figuresOf(row, contender);
      if (contender?.isFloor) isFloor = true;
      if (figures !== null && row.value !== null) {
        points.push([row.value.number, figures.cpu.median]);
      }
    }
    const color = index === 0
      ? ourColor
      : isFloor
      ? floorColor
      : otherColors[others++ % otherColors.length];
    return { name, color, isFloor, points };
  });
}

function draw(
  { name, color, isFloor, points }: Curve,
  index: number,
  x: (value: number) => number,
  y: (value: number) => number,
): string[] {
  const places = points.map(([value, cost]) => `${x(value)},${y(cost)}`);
  const dashes = isFloor ? ' stroke-dasharray="6 4"' : "";
  const at = plot.top + 20 * index;
  const legend = points.length === 0 ? `${name}: not measured` : name;
  return [
    `<polyline points="${places.join(" ")}" fill="none" stroke="${color}" ` +
    `stroke-width="${index === 0 ? 3 : 2}"${dashes}/>`,
    ...places.map((place) => {
      const [left, top] = place.split(",");
      return `<circle cx="${left}" cy="${top}" r="3" fill="${color}"/>`;
    }),
    `<line x1="${plot.right + 15}" y1="${at}" x2="${plot.right + 40}" y2="${at}" ` +
    `stroke="${color}" stroke-width="${index === 0 ? 3 : 2}"${dashes}/>`,
    text(plot.right + 46, at + 4, 12, legend),
  ];
}

/** Powers of ten around all of `values`, which are above 0. */
function decades(values: readonly number[]): { from: number; to: number } {
  const from = 10 ** Math.floor(Math.log10(Math.min(...values)));
  const to = 10 ** Math.ceil(Math.log10(Math.max(...values)));
  return { from, to: to > from ? to : from * 10 };
}

function logScale({ from, to }: { from: number; to: number }, start: number, end: number) {
  const place = (value: number) =>
    round(start + (end - start) * Math.log(value / from) / Math.log(to / from));
  return { from, to, place };
}

/** 0 has no logarithm: it lies one decade to the left of the least of the others. */
function xScale(values: readonly number[]): (value: number) => number {
  const positive = values.filter((value) => value > 0);
  const least = Math.min(...positive);
  const zero = values.includes(0) ? least / 10 : least;
  const most = Math.max(...positive);
  const { place } = logScale(
    { from: zero, to: most > zero ? most : zero * 10 },
    plot.left,
    plot.right,
  );
  return (value) => place(value === 0 ? zero : value);
}

/** 1, 2 and 5 times each power of ten, or the powers alone over many decades. */
function tickValues(from: number, to: number): number[] {
  const steps = Math.log10(to / from) > 2.5 ? [1] : [1, 2, 5];
  const ticks: number[] = [];
  for (let decade = from; decade < to * 1.5; decade *= 10) {
    ticks.push(...steps.map((step) => step * decade).filter((tick) => tick <= to * 1.001));
  }
  return ticks;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function text(x: number, y: number, points: number, content: string, anchor = "start"): string {
  const escaped = content.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
  return `<text x="${x}" y="${y}" font-size="${points}" text-anchor="${anchor}" fill="#222">` +
    `${escaped}</text>`;
}

function svg(parts: readonly string[]): string {
  const { width, height } = size;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" ` +
    `font-family="sans-serif">\n<rect width="100%" height="100%" fill="#fff"/>\n` +
    `${parts.join("\n")}\n</svg>\n`;
}
