import { assertEquals } from "@std/assert";
import type { Interval } from "../../../../mod/load/stats/result.ts";
import { Sampler } from "../../../../mod/load/stats/sampler.ts";
import { Slot, ThreadStats } from "../../../../mod/load/stats/thread_stats.ts";

function threads(count: number): ThreadStats[] {
  return Array.from(
    { length: count },
    () => ThreadStats.make(),
  );
}

function answer(stats: ThreadStats, count: number, latencyUs: number): void {
  stats.counters[Slot.answered] += count;
  stats.latency.recordMany(latencyUs, count);
}

Deno.test("Sampler records each thread's rate, except in periods without a response, as wrk", () => {
  const [stats] = threads(1);
  const sampler = new Sampler([stats], () => {});
  answer(stats, 50, 100);
  sampler.sample(100);
  sampler.sample(200);
  answer(stats, 50, 100);
  sampler.sample(300);
  // 500/s, no sample, then 50 requests over the 200 ms since the last answer: 250/s.
  assertEquals([sampler.rates.count, sampler.rates.maxUs, sampler.rates.minUs], [2, 500, 250]);
});

Deno.test("Sampler closes one interval per second with exactly that second's counts", () => {
  const stats = threads(2);
  const seen: Interval[] = [];
  const sampler = new Sampler(stats, (interval) => seen.push(interval));
  answer(stats[0], 10, 1000);
  answer(stats[1], 30, 3000);
  stats[1].counters[Slot.failedTimeout] = 2;
  for (let ms = 100; ms <= 1000; ms += 100) sampler.sample(ms);
  answer(stats[0], 5, 500);
  sampler.finish(1500);
  assertEquals(seen.map(({ requests, failed, durationMs }) => [requests, failed, durationMs]), [
    [40, 2, 1000],
    [5, 0, 500],
  ]);
  assertEquals([seen[0].p50Us, seen[0].maxUs, seen[1].p50Us, seen[1].maxUs], [
    3000,
    3000,
    500,
    500,
  ]);
});

Deno.test("Sampler's intervals add up to the whole, whenever the timer fires", () => {
  for (const firesMs of [990, 1000, 1015]) {
    const [stats] = threads(1);
    const sampler = new Sampler([stats], () => {}, 2000);
    for (const ms of [firesMs, 2 * firesMs - 20, 2000]) {
      stats.counters[Slot.answered] += 100;
      if (ms < 2000) sampler.sample(ms);
    }
    sampler.finish(2000);
    assertEquals(sampler.intervals.map(({ requests }) => requests), [100, 200], `at ${firesMs}`);
  }
  // Nobody knows how long a run of so many requests takes: its end may be short, but is not lost.
  const [stats] = threads(1);
  const sampler = new Sampler([stats], () => {});
  stats.counters[Slot.answered] = 100;
  sampler.sample(1000);
  stats.counters[Slot.answered] = 101;
  sampler.finish(1001);
  assertEquals(sampler.intervals.map(({ requests }) => requests), [100, 1]);
  // Neither is one in which the last request failed.
  const [lost] = threads(1);
  const failing = new Sampler([lost], () => {});
  lost.counters[Slot.answered] = 100;
  failing.sample(1000);
  lost.counters[Slot.failedTimeout] = 1;
  failing.finish(1001);
  assertEquals(failing.intervals.map(({ failed }) => failed), [0, 1]);
});

Deno.test("Sampler drops a remainder without responses unless it is the only interval", () => {
  const [stats] = threads(1);
  const sampler = new Sampler([stats], () => {});
  sampler.sample(1000);
  sampler.finish(1040);
  assertEquals(sampler.intervals.length, 1);
  const short = new Sampler([stats], () => {});
  short.finish(20);
  assertEquals(short.intervals.length, 1);
});

Deno.test("Sampler's intervals stay aligned to whole seconds, however late a sample is", () => {
  const stats = threads(1);
  const ends: number[] = [];
  const sampler = new Sampler(stats, ({ endMs }) => ends.push(endMs));
  for (let sample = 1; sample <= 100; sample++) {
    // Each tenth is 60 ms late.
    sampler.sample(sample * 100 + (sample % 10 === 0 ? 60 : 0));
  }
  assertEquals(ends, Array.from({ length: 10 }, (_, index) => (index + 1) * 1000 + 60));
});

Deno.test("Sampler closes no interval after the end of all threads, while connections say goodbye", () => {
  const [stats] = threads(1);
  const seen: Interval[] = [];
  const sampler = new Sampler([stats], (interval) => seen.push(interval));
  for (let ms = 100; ms <= 1000; ms += 100) sampler.sample(ms);
  stats.counters[Slot.received] = 7;
  stats.counters[Slot.over] = 1;
  for (let ms = 1100; ms <= 4000; ms += 100) sampler.sample(ms);
  sampler.finish(1050);
  assertEquals(seen.map(({ endMs, received }) => [endMs, received]), [[1000, 0], [1050, 7]]);
});
