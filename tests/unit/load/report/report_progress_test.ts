import { assertEquals } from "@std/assert";
import {
  clearLine,
  progressLine,
  warmupLine,
} from "../../../../mod/load/report/report_progress.ts";

const interval = {
  endMs: 2000,
  durationMs: 1000,
  requests: 1500,
  bytesRead: 0,
  failed: 0,
  retried: 0,
  received: 0,
  openConnections: 1,
  p50Us: 500,
  p90Us: 600,
  p99Us: 700,
  maxUs: 800,
};

const timed = { leftMs: 8000, doneCount: 3000, wantedCount: Infinity, failedCount: 0 };

Deno.test("the progress line shows the progress and fits the terminal", () => {
  const lines: [string, string][] = [
    [progressLine(interval, timed), "8s left  1.50k req/s  p50 500.00us  p99 700.00us"],
    [progressLine(interval, timed, 40), "8s left  1.50k req/s  p50 500.00us"],
    [
      progressLine(interval, { ...timed, leftMs: Infinity, wantedCount: 10_000, failedCount: 2 }),
      "3000 of 10000  1.50k req/s  errors 2  p50 500.00us  p99 700.00us",
    ],
    [
      progressLine({ ...interval, requests: 0 }, { ...timed, failedCount: 7 }),
      "8s left  0.00 req/s  errors 7",
    ],
    [warmupLine(2100), "warming up, 3s left"],
  ];
  for (const [line, text] of lines) assertEquals(line, clearLine + text);
  for (let columns = 5; columns < 90; columns++) {
    const { length } = progressLine(interval, timed, columns).slice(clearLine.length);
    assertEquals(length < columns, true, `${columns} columns`);
  }
});
