/** Charts of characters: a column for each second. Pure. */

/** What charts are drawn with. */
export interface Glyphs {
  /** Heights of a bar within one row, the lowest first; the last one fills it. */
  readonly heights: string;
  /** Bands up to p50, p90, p99 and the maximum. */
  readonly bands: string;
}

export const unicodeGlyphs: Glyphs = { heights: "▁▂▃▄▅▆▇█", bands: "█▓▒░" };
export const asciiGlyphs: Glyphs = { heights: ".:|", bands: "#=-." };

/** Bars of `values` in `rowCount` rows, the top one first; `max` is as high as all rows. */
export function barRows(
  values: readonly number[],
  rowCount: number,
  max: number,
  { heights }: Glyphs,
): string[] {
  const steps = rowCount * heights.length;
  const levels = values.map((value) => {
    const level = max > 0 ? Math.round(Math.min(1, value / max) * steps) : 0;
    // Something is never drawn as nothing.
    return value > 0 ? Math.max(1, level) : 0;
  });
  return Array.from({ length: rowCount }, (_, row) => {
    const below = (rowCount - 1 - row) * heights.length;
    return levels.map((level) => {
      const within = Math.min(heights.length, level - below);
      return within > 0 ? heights[within - 1] : " ";
    }).join("");
  });
}

/** Latency of one second; null: there was no response. */
export type BandColumn = readonly [p50: number, p90: number, p99: number, max: number] | null;

/** The lowest median and the highest maximum; null without a response. */
export function bandRange(columns: readonly BandColumn[]): readonly [number, number] | null {
  const known = columns.filter((column) => column !== null);
  if (known.length === 0) return null;
  const low = Math.min(...known.map(([p50]) => p50));
  const high = Math.max(...known.map(([, , , max]) => max));
  return [Math.max(1, low), Math.max(1, high)];
}

/**
 * Each column is filled up to its median; above it other characters reach p90, p99 and the maximum.
 * The scale is logarithmic: the lowest row ends at `low`, the top one at `high`.
 */
export function bandRows(
  columns: readonly BandColumn[],
  rowCount: number,
  [low, high]: readonly [number, number],
  { bands }: Glyphs,
): string[] {
  const span = Math.log(high / low);
  const rowOf = (value: number) =>
    span > 0 ? Math.round(Math.log(Math.max(value, low) / low) / span * (rowCount - 1)) : 0;
  return Array.from({ length: rowCount }, (_, index) => {
    const row = rowCount - 1 - index;
    return columns.map((column) => {
      const band = column === null ? -1 : column.findIndex((value) => row <= rowOf(value));
      return band < 0 ? " " : bands[band];
    }).join("");
  });
}
