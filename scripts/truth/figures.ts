/** Known values beside measured ones, and which of them are off. Pure. */

/** How far a measured value may be from the known one. */
export type Tolerance =
  | { readonly kind: "exact" }
  /** Of a time that includes the known one: a bucket and the way to the client may be added. */
  | { readonly kind: "time" }
  /** Of a time that begins after the way to the client, which may be added or missing. */
  | { readonly kind: "span" }
  /** Of a longest time: one loss of the CPU may be added. */
  | { readonly kind: "extreme" }
  /** Of a span to which the work of a handshake on both sides is added. */
  | { readonly kind: "handshake" }
  | { readonly kind: "percent"; readonly percent: number };

export interface Figure {
  readonly name: string;
  readonly known: number;
  /** null: the report has no such figure. */
  readonly measured: number | null;
  readonly tolerance: Tolerance;
}

/** A figure that is off, or holds, with what the table says of it. */
export interface Verdict extends Figure {
  readonly holds: boolean;
  readonly allowed: string;
}

/**
 * What a loopback and two event loops add to a server's own time, in microseconds: 50 to 300 on an idle
 * machine.
 */
const wayUs = 1000;
/** How long whoever shares the CPU may keep it, some time slices of Linux; and a handshake's work. */
const lostCpuUs = 20_000;
/** Buckets of three digits are at most 1/1024 of their value wide. */
const bucketShare = 1 / 1024;

export const exact: Tolerance = { kind: "exact" };

/**
 * Judges a figure. `isSlowHost`: times are lower bounds only, and rates are not judged, because
 * whoever shares the machine delays both sides.
 */
export function judge(figure: Figure, isSlowHost: boolean): Verdict {
  const { known, measured, tolerance } = figure;
  const verdict = (low: number, high: number, allowed: string): Verdict => ({
    ...figure,
    holds: measured !== null && measured >= low && measured <= high,
    allowed,
  });
  if (tolerance.kind === "exact") return verdict(known, known, "exact");
  if (tolerance.kind === "percent") {
    const offMax = known * tolerance.percent / 100;
    return isSlowHost
      ? verdict(-Infinity, Infinity, "any")
      : verdict(known - offMax, known + offMax, `${tolerance.percent} %`);
  }
  // The measured value is the upper end of a bucket; a mean uses the middle.
  const bucketUs = known * bucketShare + 1;
  const isSpan = tolerance.kind === "span" || tolerance.kind === "handshake";
  const addedUs = tolerance.kind === "time" || tolerance.kind === "span" ? wayUs : lostCpuUs;
  const missingUs = bucketUs + (isSpan ? wayUs : 0);
  if (!isSlowHost) {
    return verdict(known - missingUs, known + bucketUs + addedUs, `bucket + ${addedUs} us`);
  }
  return isSpan
    ? verdict(-Infinity, Infinity, "any")
    : verdict(known - bucketUs, Infinity, "not less");
}

/** The value that `percent` of the ascending `values` do not exceed, by the nearest rank. */
export function percentileOf(values: readonly number[], percent: number): number {
  const rank = Math.max(1, Math.ceil(percent / 100 * values.length - 1e-9 * values.length));
  return values[rank - 1] ?? NaN;
}

export function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** One case: its title, then a line for each figure. */
export function renderCase(title: string, verdicts: readonly Verdict[]): string {
  const rows = verdicts.map(({ name, known, measured, allowed, holds }) => [
    name,
    shown(known),
    measured === null ? "none" : shown(measured),
    measured === null ? "" : shown(measured - known),
    allowed,
    holds ? "" : "OFF",
  ]);
  const lines = [["", "known", "measured", "off by", "allowed", ""], ...rows];
  const widths = lines[0].map((_, column) => Math.max(...lines.map((line) => line[column].length)));
  const text = lines.map((line) =>
    line.map((cell, column) =>
      column === 0 || column >= 4 ? cell.padEnd(widths[column]) : cell.padStart(widths[column])
    ).join("  ").trimEnd()
  );
  return [title, ...text.map((line) => `  ${line}`)].join("\n");
}

function shown(value: number): string {
  return Number.isInteger(value) ? `${value}` : value.toFixed(1);
}
