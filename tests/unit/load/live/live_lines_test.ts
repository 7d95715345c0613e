import { assert, assertEquals } from "@std/assert";
import { liveLines, type LiveState, type LiveStyle } from "../../../../mod/load/live/live_lines.ts";
import type { Interval } from "../../../../mod/load/stats/result.ts";

function second(requests: number, failed = 0): Interval {
  return {
    endMs: 0,
    durationMs: 1000,
    requests,
    bytesRead: 2048,
    failed,
    retried: 0,
    received: 0,
    openConnections: 5,
    p50Us: 100,
    p90Us: 1000,
    p99Us: 10_000,
    maxUs: 100_000,
  };
}

const state: LiveState = {
  url: "http://h/",
  runName: "",
  warmupLeftMs: 0,
  leftMs: 7000,
  doneCount: 30,
  wantedCount: Infinity,
  failedCount: 0,
  targetRate: null,
  intervals: [second(10), second(20)],
};
const style: LiveStyle = { columns: 80, rows: 24, isColored: true, isUnicode: true, keys: "q" };

Deno.test("liveLines() has figures, a chart for the rate and one for the latency", () => {
  assertEquals(liveLines(state, { ...style, rows: 11 }), [
    "hayate load http://h/",
    "measuring  7s left",
    "Requests/s 20.00  errors 0  connections 5  read 2.00KB/s",
    "Latency    p50 100.00us  p90 1.00ms  p99 10.00ms  max 100.00ms",
    "Requests/s, last 2 s  highest 20.00",
    " █",
    "██",
    "Latency, log scale 100.00us to 100.00ms  █ p50  ▓ p90  ▒ p99  ░ max",
    "▒▒",
    "██",
    "q",
  ]);
});

Deno.test("liveLines() says what the run does", () => {
  const statusOf = (change: Partial<LiveState>) => liveLines({ ...state, ...change }, style)[1];
  assertEquals(statusOf({ warmupLeftMs: 2600 }), "warming up, 3s left");
  assertEquals(statusOf({ leftMs: -1 }), "waiting for responses");
  assertEquals(
    statusOf({ leftMs: Infinity, wantedCount: 1000, runName: "run 2 of 5" }),
    "measuring  30 of 1000 requests  run 2 of 5",
  );
  const [, , figures, latency] = liveLines({ ...state, targetRate: 12, intervals: [] }, style);
  assertEquals([figures, latency], ["Requests/s 0.00  target 12.00  errors 0", "Latency    -"]);
  const silent = liveLines({ ...state, intervals: [{ ...second(0), failed: 3 }] }, style);
  assert(silent.includes("\x1b[31mErrors/s, highest 3.00\x1b[0m"), silent.join("\n"));
  assert(!silent.some((line) => line.startsWith("Latency, ")), silent.join("\n"));
});

Deno.test("liveLines() is red only where requests failed, and never without colours", () => {
  const failing = { ...state, failedCount: 4, intervals: [second(10, 4)] };
  const red = (isColored: boolean) =>
    liveLines(failing, { ...style, isColored }).filter((line) => line.includes("\x1b")).length;
  assertEquals([red(true), red(false)], [3, 0]);
  assert(!liveLines(state, style).join("").includes("\x1b"));
});

Deno.test("liveLines() fits into every terminal", () => {
  const intervals = Array.from({ length: 300 }, (_, index) => second(index, index % 7));
  const long = { ...state, url: "u".repeat(300), intervals, failedCount: 9, runName: "run 1 of 2" };
  for (const columns of [1, 2, 10, 33, 80, 250]) {
    for (let rows = 1; rows <= 40; rows++) {
      const lines = liveLines(long, { ...style, columns, rows, isColored: false });
      assert(lines.length >= 1 && lines.length <= rows, `${columns} x ${rows}: ${lines.length}`);
      for (const line of lines) assert(line.length <= Math.max(1, columns - 1), line);
    }
  }
  const ascii = liveLines(long, { ...style, isUnicode: false, isColored: false }).join("\n");
  assert(/^[\x20-\x7e\n]*$/.test(ascii), ascii);
});
