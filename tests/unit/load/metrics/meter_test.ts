import { assertEquals } from "@std/assert";
import { Meter } from "../../../../mod/load/metrics/meter.ts";
import type { MeteredRun } from "../../../../mod/load/metrics/metrics_messages.ts";
import { Slot, statsBytes, ThreadStats } from "../../../../mod/load/stats/thread_stats.ts";

function runOf(threadCount: number, stages: MeteredRun["stages"]): {
  readonly run: MeteredRun;
  readonly threads: readonly ThreadStats[];
} {
  const memories = Array.from({ length: threadCount }, () => new SharedArrayBuffer(statsBytes([])));
  const run = { memories, extraTimes: [], stages, warmupMs: 100, isOpenLoop: stages !== null };
  return { run, threads: memories.map((memory) => new ThreadStats(memory)) };
}

Deno.test("Meter sums the threads, and goes on counting over runs", () => {
  const meter = new Meter();
  assertEquals([meter.read(0).state, meter.read(0).runCount], ["starting", 0]);
  const first = runOf(2, null);
  meter.begin(first.run);
  for (const { counters, latency } of first.threads) {
    counters[Slot.answered] = 3;
    counters[Slot.open] = 5;
    latency.recordMany(700, 3);
  }
  const during = meter.read(0);
  assertEquals([during.total.counters[Slot.answered], during.openConnections], [6, 10]);
  meter.end();
  assertEquals([meter.read(0).openConnections, meter.read(0).state], [0, "ended"]);
  const second = runOf(1, [{ durationMs: 1000, rateStart: 1, rateEnd: 1 }]);
  meter.begin(second.run);
  second.threads[0].counters[Slot.answered] = 1;
  const { total, runCount, hasServiceTime } = meter.read(0);
  const counts = [total.counters[Slot.answered], total.latency.count, runCount];
  assertEquals([...counts, hasServiceTime, during.hasServiceTime], [7, 6, 2, true, false]);
});

Deno.test("Meter knows the state and the rate of the schedule at each moment", () => {
  const meter = new Meter();
  meter.begin(
    runOf(1, [
      { durationMs: 100, rateStart: 10, rateEnd: 10 },
      { durationMs: 1000, rateStart: 10, rateEnd: 110 },
    ]).run,
  );
  const seen = (nowMs: number) => {
    const { state, targetRate } = meter.read(nowMs);
    return [state, targetRate];
  };
  assertEquals(seen(7000), ["ready", 0]);
  meter.start(7000);
  assertEquals(seen(7050), ["warming", 10]);
  assertEquals(seen(7100), ["measuring", 10]);
  assertEquals(seen(7600), ["measuring", 60]);
  // It drains.
  assertEquals(seen(8100), ["measuring", 0]);
  meter.end();
  assertEquals(seen(7600), ["ended", 0]);
});
