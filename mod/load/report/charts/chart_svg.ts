/** Self-contained SVG charts: no script, font or network. Pure. */
import type { Scale } from "./chart_scale.ts";

export interface Series {
  readonly name: string;
  /** In ascending order of x. */
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface LineChart {
  readonly title: string;
  readonly x: Scale;
  readonly xTitle: string;
  readonly y: Scale;
  readonly series: readonly Series[];
}

export interface Bar {
  readonly name: string;
  readonly value: number;
  /** Label at the bar's end. */
  readonly label: string;
}

/** Distinguishable with red-green colour blindness, on light and dark backgrounds. */
const colors = [
  "#2f7ed8",
  "#e07b00",
  "#1a9e77",
  "#c2428b",
  "#7a5cd6",
  "#8a8f00",
  "#d0493a",
  "#5b7083",
];
/** After these eight the hue advances by the golden angle, which never repeats. */
function colorOf(index: number): string {
  if (index < colors.length) return colors[index];
  const hue = Math.round((index - colors.length) * 137.508 + 20) % 360;
  return `hsl(${hue} ${index % 2 === 0 ? 65 : 40}% ${index % 3 === 0 ? 35 : 50}%)`;
}

/** About a letter's width of labels. */
const letterWidth = 8;

/** Narrow, so that text stays readable on a phone. */
const width = 560;
const plot = { left: 68, right: 14, top: 34, bottom: 46 };
const lineHeight = 300;
const legendRowHeight = 20;
const barRowHeight = 34;

/** Curves over one axis each way. */
export function lineChart(chart: LineChart): string {
  const rows = chart.series.length > 1 ? Math.ceil(chart.series.length / 2) : 0;
  const height = lineHeight + rows * legendRowHeight;
  const inner = {
    width: width - plot.left - plot.right,
    height: lineHeight - plot.top - plot.bottom,
  };
  const atX = (value: number) => round(plot.left + chart.x.place(value) * inner.width);
  const atY = (value: number) => round(plot.top + (1 - chart.y.place(value)) * inner.height);
  const parts = [heading(chart.title)];
  for (const { value, label } of chart.y.ticks) {
    parts.push(
      `<line class="grid" x1="${plot.left}" x2="${width - plot.right}" y1="${atY(value)}" y2="${
        atY(value)
      }"/>`,
      text(plot.left - 8, atY(value) + 4, label, "end"),
    );
  }
  // From the right, so that the last label is always kept; labels that would overlap are omitted.
  let freeUntil = Infinity;
  for (const { value, label } of chart.x.ticks.toReversed()) {
    const isLast = chart.x.place(value) > 0.97;
    const labelWidth = label.length * letterWidth;
    const right = atX(value) + (isLast ? 0 : labelWidth / 2);
    if (right + letterWidth > freeUntil) continue;
    freeUntil = right - labelWidth;
    parts.push(
      text(atX(value), lineHeight - plot.bottom + 18, label, isLast ? "end" : "middle"),
    );
  }
  parts.push(text(plot.left + inner.width / 2, lineHeight - 8, chart.xTitle, "middle"));
  chart.series.forEach(({ points }, index) => {
    const path = points.map(([x, y]) => `${atX(x)},${atY(y)}`).join(" ");
    const color = colorOf(index);
    parts.push(`<polyline fill="none" stroke="${color}" stroke-width="2" points="${path}"/>`);
    if (points.length === 1) {
      parts.push(
        `<circle fill="${color}" r="4" cx="${atX(points[0][0])}" cy="${atY(points[0][1])}"/>`,
      );
    }
  });
  if (rows > 0) parts.push(...legend(chart.series.map(({ name }) => name)));
  return svg(height, chart.title, parts);
}

function legend(names: readonly string[]): string[] {
  return names.flatMap((name, index) => {
    const x = plot.left + (index % 2) * (width / 2 - 30);
    const y = lineHeight + Math.floor(index / 2) * legendRowHeight + 6;
    const color = colorOf(index);
    return [
      `<rect fill="${color}" x="${x}" y="${y - 10}" width="14" height="10" rx="2"/>`,
      text(x + 20, y, shorten(name, 30), "start"),
    ];
  });
}

/** One horizontal bar for each value, names above the bars so that long ones fit. */
export function barChart(title: string, bars: readonly Bar[]): string {
  const max = Math.max(...bars.map(({ value }) => value), 1e-9);
  const room = width - 2 * plot.right - 130;
  const parts = [heading(title)];
  bars.forEach(({ name, value, label }, index) => {
    const y = plot.top + 10 + index * (barRowHeight + 10);
    const length = round(Math.max(1, value / max * room));
    parts.push(
      text(plot.right, y + 10, shorten(name, 70), "start"),
      `<rect fill="${colorOf(index)}" x="${plot.right}" y="${
        y + 15
      }" width="${length}" height="16" rx="2"/>`,
      text(plot.right + length + 8, y + 28, label, "start"),
    );
  });
  return svg(plot.top + 20 + bars.length * (barRowHeight + 10), title, parts);
}

/** Several charts stacked in one image. */
export function stack(charts: readonly string[]): string {
  let top = 0;
  const parts = charts.map((chart) => {
    const height = Number(/viewBox="0 0 \d+ (\d+)"/.exec(chart)![1]);
    const placed = chart.replace("<svg ", `<svg y="${top}" width="${width}" height="${height}" `);
    top += height + 16;
    return placed;
  });
  return svg(top, "hayate load", parts, true);
}

/** Colours that follow the reader's light or dark setting. */
export const chartStyle = "text{font:14px system-ui,sans-serif;fill:var(--ink,#222)}" +
  ".title{font-size:16px;font-weight:600}.grid{stroke:var(--grid,#ddd);stroke-width:1}";

function svg(height: number, label: string, parts: readonly string[], isOuter = false): string {
  const style = isOuter ? `<rect width="100%" height="100%" fill="#fff"/>` : "";
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${
    Math.ceil(height)
  }" role="img" ` +
    `aria-label="${escapeText(label)}"><style>${chartStyle}</style>${style}${parts.join("")}</svg>`;
}

function heading(title: string): string {
  return `<text class="title" x="${plot.right}" y="20">${escapeText(title)}</text>`;
}

function text(x: number, y: number, content: string, anchor: "start" | "middle" | "end"): string {
  return `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}">${
    escapeText(content)
  }</text>`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function shorten(name: string, lettersMax: number): string {
  return name.length <= lettersMax ? name : `${name.slice(0, lettersMax - 1)}…`;
}

/** Text for element content and attribute values. */
export function escapeText(content: string): string {
  const entities: Record<string, string> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
  };
  return content.replace(/[&<>"]/g, (letter) => entities[letter]);
}
