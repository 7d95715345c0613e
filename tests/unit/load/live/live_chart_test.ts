import { assertEquals } from "@std/assert";
import {
  asciiGlyphs,
  type BandColumn,
  bandRange,
  bandRows,
  barRows,
  unicodeGlyphs,
} from "../../../../mod/load/live/live_chart.ts";

Deno.test("bars are as high as their values, and something is never nothing", () => {
  assertEquals(barRows([0, 1, 50, 100, 200], 2, 100, unicodeGlyphs), ["   ██", " ▁███"]);
  assertEquals(barRows([0, 25, 75, 100], 1, 100, unicodeGlyphs), [" ▂▆█"]);
  assertEquals(barRows([0, 40, 100], 2, 100, asciiGlyphs), ["  |", " :|"]);
  assertEquals(barRows([0, 0], 1, 0, unicodeGlyphs), ["  "]);
  assertEquals(barRows([], 2, 10, unicodeGlyphs), ["", ""]);
});

Deno.test("bands reach up to p50, p90, p99 and the maximum on a logarithmic scale", () => {
  const columns: BandColumn[] = [[10, 100, 1000, 10_000], null, [10, 10, 10, 10], [1, 1, 1, 10]];
  assertEquals(bandRange(columns), [1, 10_000]);
  assertEquals(bandRows(columns, 5, [1, 10_000], unicodeGlyphs), [
    "░   ",
    "▒   ",
    "▓   ",
    "█ █░",
    "█ ██",
  ]);
  assertEquals(bandRows(columns, 2, [1, 10_000], asciiGlyphs), ["=   ", "# ##"]);
  // A range of one value.
  assertEquals(bandRows([[7, 7, 7, 7]], 2, [7, 7], unicodeGlyphs), [" ", "█"]);
  assertEquals(bandRange([null]), null);
  assertEquals(bandRange([[0, 0, 0, 0]]), [1, 1]);
});
