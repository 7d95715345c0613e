import { assertEquals } from "@std/assert";
import { formatDurationMs, readCount, readDurationMs, readSize } from "../../../mod/cli/mod.ts";

const durations: readonly [string, number][] = [
  ["10", 10_000],
  ["500ms", 500],
  ["2s", 2000],
  ["2S", 2000],
  ["1.5m", 90_000],
  ["1h", 3_600_000],
  ["1m30s", 90_000],
  ["1h2m3s4ms", 3_723_004],
  ["2s500ms", 2500],
  ["1.5m30s", 120_000],
  ["30s1m", NaN],
  ["1m1m", NaN],
  ["1m30", NaN],
  ["1m 30s", NaN],
  ["1d2h", NaN],
  ["1m-30s", NaN],
  [".5", 500],
  ["0", 0],
  ["", NaN],
  ["s", NaN],
  ["-1", NaN],
  ["1d", NaN],
  ["1 s", NaN],
  ["1e3", NaN],
];
for (const [text, expected] of durations) {
  Deno.test(`readDurationMs() reads ${JSON.stringify(text)} as ${expected}`, () => {
    assertEquals(readDurationMs(text), expected);
  });
}

const counts: readonly [string, number][] = [
  ["100", 100],
  ["12k", 12_000],
  ["1.5M", 1_500_000],
  ["1.1M", 1_100_000],
  ["2g", 2_000_000_000],
  ["1.5", NaN],
  ["0.0001k", NaN],
  ["1kk", NaN],
  ["0x10", NaN],
];
for (const [text, expected] of counts) {
  Deno.test(`readCount() reads ${text} as ${expected}`, () =>
    assertEquals(readCount(text), expected));
}

const sizes: readonly [string, number][] = [
  ["4096", 4096],
  ["64k", 65_536],
  ["64KB", 65_536],
  ["64KiB", 65_536],
  ["1.5M", 1_572_864],
  ["10B", 10],
  ["1T", NaN],
];
for (const [text, expected] of sizes) {
  Deno.test(`readSize() reads ${text} as ${expected}`, () =>
    assertEquals(readSize(text), expected));
}

Deno.test("formatDurationMs() writes the shortest text that reads back as the same time", () => {
  for (
    const [ms, text] of [[0, "0s"], [1500, "1500ms"], [2000, "2s"], [120_000, "2m"], [
      7_200_000,
      "2h",
    ]] as const
  ) {
    assertEquals(formatDurationMs(ms), text);
    assertEquals(readDurationMs(text), ms);
  }
});
