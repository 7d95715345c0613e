/** Converts text to values: numbers, times, counts, sizes. Pure; invalid text becomes `Wrong`. */
import { type ValueSpec, Wrong } from "./spec.ts";

const durationUnitsMs: Readonly<Record<string, number>> = {
  ms: 1,
  "": 1000,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};
const countUnits: Readonly<Record<string, number>> = { "": 1, k: 1e3, m: 1e6, g: 1e9 };
const sizeUnits: Readonly<Record<string, number>> = {
  "": 1,
  b: 1,
  k: 1024,
  m: 1024 ** 2,
  g: 1024 ** 3,
};

/** Reads one value of a flag; returns `Wrong` with the reason if it is invalid. */
export function readValue(spec: ValueSpec, text: string): unknown {
  switch (spec.kind) {
    case "string":
      return text;
    case "enum":
      return spec.values.includes(text) ? text : new Wrong(`not one of ${spec.values.join(", ")}`);
    case "parsed":
      return spec.parse(text);
    case "integer":
      return inRange(spec, /^[+-]?\d+$/.test(text) ? Number(text) : NaN, "not an integer");
    case "number":
      return inRange(
        spec,
        /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : NaN,
        "not a number",
      );
    case "duration":
      return inRange(spec, readDurationMs(text), "not a time such as 10, 500ms, 2s, 1m30s or 1h");
    case "count":
      return inRange(spec, readCount(text), "not a whole number such as 100, 12k or 1.5M");
    case "size":
      return inRange(spec, readSize(text), "not a size such as 4096, 64k, 32M or 1G");
  }
}

/** Milliseconds of `10` (seconds), `500ms`, `2s`, `1.5m`, `1h`, `1m30s`; NaN if invalid. */
export function readDurationMs(text: string): number {
  const parts = text.match(/[\d.]+[a-z]+/gi) ?? [];
  if (parts.length < 2 || parts.join("") !== text) return scaled(text, durationUnitsMs);
  let sum = 0, former = Infinity;
  for (const part of parts) {
    const unitMs = scaled(part.replace(/^[\d.]+/, "1"), durationUnitsMs);
    // Each unit once, the largest first: 30s1m and 1m1m are typing errors.
    if (!(unitMs < former)) return NaN;
    former = unitMs;
    sum += scaled(part, durationUnitsMs);
  }
  return sum;
}

/** `12k` = 12,000; NaN if invalid or not whole. */
export function readCount(text: string): number {
  return whole(scaled(text, countUnits));
}

/** Bytes: `64k` = 65,536 (`64kB` and `64KiB` too); NaN if invalid or not whole. */
export function readSize(text: string): number {
  return whole(scaled(text.replace(/(?<=[kmg])i?b$/i, ""), sizeUnits));
}

function whole(value: number): number {
  const rounded = Math.round(value);
  // 1.1M is 1100000.0000000002 in floating point, but a whole number to the user.
  return Math.abs(value - rounded) < 1e-6 ? rounded : NaN;
}

function scaled(text: string, units: Readonly<Record<string, number>>): number {
  const match = /^(\d+\.?\d*|\.\d+)([a-z]*)$/i.exec(text);
  if (match === null) return NaN;
  const unit = units[(match[2] as string).toLowerCase()];
  return unit === undefined ? NaN : Number(match[1]) * unit;
}

type RangedSpec = Extract<ValueSpec, { min?: number }>;

function inRange(spec: RangedSpec, value: number, complaint: string): number | Wrong {
  const allowed = rangeText(spec);
  const suffix = allowed === "" ? "" : `, allowed ${allowed}`;
  if (Number.isNaN(value)) return new Wrong(complaint + suffix);
  if (value < (spec.min ?? -Infinity) || value > (spec.max ?? Infinity)) {
    return new Wrong(`out of range${suffix}`);
  }
  return value;
}

/** "1 to 1024", "at least 1", "at most 9", or "" without limits. */
export function rangeText(spec: RangedSpec): string {
  const { min, max } = spec;
  const show = (value: number) =>
    spec.kind === "duration" ? formatDurationMs(value) : String(value);
  if (min !== undefined && max !== undefined) return `${show(min)} to ${show(max)}`;
  if (min !== undefined) return `at least ${show(min)}`;
  return max !== undefined ? `at most ${show(max)}` : "";
}

/** The shortest text that reads back as the same time: `1500ms`, `10s`, `2m`, `1h`. */
export function formatDurationMs(ms: number): string {
  if (ms !== 0 && ms % 3_600_000 === 0) return `${ms / 3_600_000}h`;
  if (ms !== 0 && ms % 60_000 === 0) return `${ms / 60_000}m`;
  return ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`;
}
