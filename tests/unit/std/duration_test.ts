import { assertEquals } from "@std/assert";
import { formatDuration, formatShortDuration } from "../../../mod/std/duration.ts";

const dayMs = 86_400_000;

Deno.test("formatDuration() gives the two largest units", () => {
  const rows: [number, string][] = [
    [0, "0 seconds"],
    [999, "0 seconds"],
    [1000, "1 second"],
    [61_000, "1 minute, 1 second"],
    [dayMs * 3 + 4 * 3_600_000 + 5000, "3 days, 4 hours"],
  ];
  for (const [ms, text] of rows) assertEquals(formatDuration(ms), text);
});

Deno.test("formatShortDuration() gives the largest unit and the next one", () => {
  const rows: [number, string][] = [
    [0, "0s"],
    [59_999, "59s"],
    [60_000, "1m 0s"],
    [3_605_000, "1h 0m"],
    [dayMs * 10 + 3_600_000, "10d 1h"],
  ];
  for (const [ms, text] of rows) assertEquals(formatShortDuration(ms), text);
});
