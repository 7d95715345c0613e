/** What --live draws, as lines. Pure. */
import { formatBinary, formatMetric, formatTimeUs } from "../report/figures/wrk_units.ts";
import type { Interval } from "../stats/result.ts";
import {
  asciiGlyphs,
  type BandColumn,
  bandRange,
  bandRows,
  barRows,
  type Glyphs,
  unicodeGlyphs,
} from "./live_chart.ts";

/** The state of a run. */
export interface LiveState {
  readonly url: string;
  /** `run 2 of 5`; "": there is only one. */
  readonly runName: string;
  /** Until the measurement begins; 0: it has begun. */
  readonly warmupLeftMs: number;
  /** Infinity: the run ends with its requests. */
  readonly leftMs: number;
  readonly doneCount: number;
  /** Infinity: as many as fit into the time. */
  readonly wantedCount: number;
  readonly failedCount: number;
  /** Requests a second that the schedule has; null: closed loop. */
  readonly targetRate: number | null;
  /** The last seconds. */
  readonly intervals: readonly Interval[];
}

export interface LiveStyle {
  readonly columns: number;
  readonly rows: number;
  readonly isColored: boolean;
  /** The terminal shows characters other than ASCII. */
  readonly isUnicode: boolean;
  /** The last line; "": none. */
  readonly keys: string;
}

/** Rows of a chart at most; higher ones show nothing more. */
const chartRowsMax = 10;
const chartRowsMin = 2;

/** As many lines as fit into the terminal, in order of their weight when it is small. */
export function liveLines(state: LiveState, style: LiveStyle): string[] {
  const width = Math.max(1, style.columns - 1);
  const last = state.intervals.at(-1);
  const text = (parts: readonly string[]) => fitted(parts, width);
  const title = text([`hayate load ${state.url}`]);
  const status = text(statusParts(state));
  const figures = painted(text(figureParts(state, last)), state.failedCount > 0, style);
  const latency = text(latencyParts(last));
  const keys = text([style.keys]);
  if (style.rows < 5) return [figures, latency, status, keys].slice(0, Math.max(1, style.rows));
  const chartRows = style.rows - 5;
  const lines = [title, status, figures, latency, ...charts(state, style, width, chartRows)];
  return style.keys === "" ? lines : [...lines, keys];
}

function statusParts(state: LiveState): string[] {
  const { warmupLeftMs, leftMs, doneCount, wantedCount, runName } = state;
  const seconds = (ms: number) => `${Math.max(0, Math.round(ms / 1000))}s left`;
  const parts = warmupLeftMs > 0
    ? [`warming up, ${seconds(warmupLeftMs)}`]
    : [leftMs < 0 ? "waiting for responses" : "measuring"];
  if (warmupLeftMs <= 0 && leftMs >= 0 && leftMs < Infinity) parts.push(seconds(leftMs));
  if (wantedCount < Infinity) parts.push(`${doneCount} of ${wantedCount} requests`);
  return runName === "" ? parts : [...parts, runName];
}

function figureParts(state: LiveState, last: Interval | undefined): string[] {
  const rate = last === undefined ? 0 : perSecond(last.requests, last);
  const parts = [`Requests/s ${formatMetric(rate)}`];
  if (state.targetRate !== null) parts.push(`target ${formatMetric(state.targetRate)}`);
  parts.push(`errors ${state.failedCount}`);
  if (last === undefined) return parts;
  if (last.received > 0) parts.push(`received/s ${formatMetric(perSecond(last.received, last))}`);
  const readRate = formatBinary(perSecond(last.bytesRead, last));
  return [...parts, `connections ${last.openConnections}`, `read ${readRate}B/s`];
}

function latencyParts(last: Interval | undefined): string[] {
  if (last === undefined || last.requests === 0) return ["Latency    -"];
  const { p50Us, p90Us, p99Us, maxUs } = last;
  return [
    `Latency    p50 ${formatTimeUs(p50Us)}`,
    `p90 ${formatTimeUs(p90Us)}`,
    `p99 ${formatTimeUs(p99Us)}`,
    `max ${formatTimeUs(maxUs)}`,
  ];
}

function perSecond(count: number, { durationMs }: Interval): number {
  return durationMs > 0 ? count / durationMs * 1000 : 0;
}

/** Rate, latency, and errors if there are any, in at most `rowCount` lines. */
function charts(state: LiveState, style: LiveStyle, width: number, rowCount: number): string[] {
  const seconds = state.intervals.slice(-width);
  if (seconds.length === 0) return [];
  const glyphs = style.isUnicode ? unicodeGlyphs : asciiGlyphs;
  const hasErrors = seconds.some(({ failed }) => failed > 0);
  const room = rowCount - (hasErrors ? 2 : 0);
  const each = Math.min(chartRowsMax, Math.floor((room - 2) / 2));
  const lines: string[] = [];
  if (each >= chartRowsMin) {
    lines.push(...rateChart(seconds, each, width, glyphs));
    lines.push(...latencyChart(seconds, each, width, glyphs));
  } else if (room - 1 >= chartRowsMin) {
    lines.push(...rateChart(seconds, Math.min(chartRowsMax, room - 1), width, glyphs));
  }
  if (!hasErrors || rowCount < 2) return lines;
  return [...lines, ...errorChart(seconds, width, glyphs, style)];
}

function rateChart(
  seconds: readonly Interval[],
  rows: number,
  width: number,
  glyphs: Glyphs,
): string[] {
  const rates = seconds.map((each) => perSecond(each.requests, each));
  const highest = Math.max(...rates);
  const title = [`Requests/s, last ${seconds.length} s`, `highest ${formatMetric(highest)}`];
  return [fitted(title, width), ...barRows(rates, rows, highest, glyphs)];
}

function latencyChart(
  seconds: readonly Interval[],
  rows: number,
  width: number,
  glyphs: Glyphs,
): string[] {
  const columns = seconds.map((each): BandColumn =>
    each.requests === 0 ? null : [each.p50Us, each.p90Us, each.p99Us, each.maxUs]
  );
  const range = bandRange(columns);
  if (range === null) return [];
  const names = ["p50", "p90", "p99", "max"].map((name, index) => `${glyphs.bands[index]} ${name}`);
  const [low, high] = range.map(formatTimeUs);
  const title = [`Latency, log scale ${low} to ${high}`, ...names];
  return [fitted(title, width), ...bandRows(columns, rows, range, glyphs)];
}

function errorChart(
  seconds: readonly Interval[],
  width: number,
  glyphs: Glyphs,
  style: LiveStyle,
): string[] {
  const counts = seconds.map((each) => perSecond(each.failed, each));
  const highest = Math.max(...counts);
  const title = fitted([`Errors/s, highest ${formatMetric(highest)}`], width);
  return [title, ...barRows(counts, 1, highest, glyphs)]
    .map((line) => painted(line, true, style));
}

/** The parts in one line of at most `width`; those that do not fit are left out from the end. */
function fitted(parts: readonly string[], width: number): string {
  let line = parts[0] ?? "";
  for (const part of parts.slice(1)) {
    if (line.length + 2 + part.length > width) break;
    line += `  ${part}`;
  }
  return line.slice(0, width);
}

/** In red if it `isBad`. */
function painted(line: string, isBad: boolean, { isColored }: LiveStyle): string {
  return isBad && isColored ? `\x1b[31m${line}\x1b[0m` : line;
}
