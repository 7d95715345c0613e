/** The figures of `hayate load` against the truth, on a simulated clock. */
import { assertAlmostEquals, assertEquals } from "@std/assert";
import { LoadThread } from "../../../mod/load/load_thread.ts";
import { type CounterName, Slot, ThreadStats } from "../../../mod/load/stats.ts";
import type { ThreadOutcome, ThreadPlan } from "../../../mod/load/thread_plan.ts";
import type { Histogram } from "../../../mod/metrics/histogram.ts";
import {
  okResponse,
  SimulatedReactor,
  type SimulatedServer,
  withSimulatedClock,
} from "./simulated_reactor.ts";

const request = new TextEncoder().encode("GET / HTTP/1.1\r\nHost: h\r\n\r\n");

const basePlan: ThreadPlan = {
  index: 0,
  threadCount: 1,
  groups: [{
    addresses: [{ kind: "unix", path: "/simulated" }],
    batches: [request],
    ends: [Int32Array.of(request.length)],
    methods: [1],
    idempotent: [true],
    serverName: null,
    loopback: false,
  }],
  connectionGroups: [0],
  connectionsBefore: 0,
  pipeline: 1,
  requestCount: Infinity,
  durationMs: 10_000,
  warmupMs: 0,
  stages: null,
  timeoutMs: 60_000,
  requestsPerConnection: Infinity,
  randomOrder: false,
  sources: [],
  resetOnClose: false,
  tls: {
    verify: true,
    caFile: null,
    certificateFile: null,
    keyFile: null,
    minimumVersion: null,
    resume: true,
  },
  script: null,
  reactor: "",
};

interface Simulation {
  readonly stats: ThreadStats;
  readonly outcome: ThreadOutcome;
  readonly reactor: SimulatedReactor;
  count(name: CounterName): number;
}

async function simulate(
  server: SimulatedServer,
  connections: number,
  changes: Partial<ThreadPlan>,
): Promise<Simulation> {
  const reactor = new SimulatedReactor(server);
  const stats = new ThreadStats(new ArrayBuffer(ThreadStats.byteLength));
  const connectionGroups = new Array<number>(connections).fill(0);
  const plan = { ...basePlan, connectionGroups, ...changes };
  const outcome = await withSimulatedClock(
    reactor,
    () => new LoadThread(plan, stats, reactor).run(reactor.nowMs),
  );
  return { stats, outcome, reactor, count: (name) => stats.counters[Slot[name]] };
}

const percents = [1, 10, 25, 50, 75, 90, 95, 99, 99.9, 99.99, 100];

/** Each percentile within 1 % or 20 us of the sorted truth. */
function assertTruth(found: Histogram, truthUs: number[]): void {
  const sorted = truthUs.toSorted((a, b) => a - b);
  assertEquals(found.count, sorted.length);
  found.percentiles(percents).forEach((value, index) => {
    const rank = Math.max(1, Math.ceil(percents[index] / 100 * sorted.length - 1e-6));
    const truth = sorted[rank - 1];
    assertAlmostEquals(value, truth, Math.max(20, truth / 100), `p${percents[index]}`);
  });
}

/** A server that answers after delays from `delayOf`, and keeps what it did. */
function delaying(delayOf: (index: number, atMs: number) => number) {
  const answered: { sentMs: number; repliedMs: number }[] = [];
  const onRequest = (atMs: number) => {
    const repliedMs = atMs + delayOf(answered.length, atMs);
    answered.push({ sentMs: atMs, repliedMs });
    return { atMs: repliedMs, bytes: okResponse };
  };
  return { onRequest, answered };
}

/** Delays of the responses that arrived before the end of the run. */
function delaysUs(server: ReturnType<typeof delaying>, endMs: number): number[] {
  return server.answered.filter(({ repliedMs }) => repliedMs < endMs)
    .map(({ sentMs, repliedMs }) => (repliedMs - sentMs) * 1000);
}

Deno.test("a fixed delay is measured as it is, at every percentile", async () => {
  for (const delayMs of [0.1, 1, 7.3, 250]) {
    const server = delaying(() => delayMs);
    const { stats, count } = await simulate(server, 4, { durationMs: 3000 });
    assertTruth(stats.latency, delaysUs(server, 1000 + 3000));
    assertEquals(count("answered") + count("inFlight"), server.answered.length);
  }
});

Deno.test("a two-point delay keeps its two points and their shares", async () => {
  const server = delaying((index) => index % 10 === 0 ? 50 : 5);
  const { stats } = await simulate(server, 1, { durationMs: 10_000 });
  assertTruth(stats.latency, delaysUs(server, 1000 + 10_000));
  assertAlmostEquals(stats.latency.percentile(89), 5000, 50);
  assertAlmostEquals(stats.latency.percentile(91), 50_000, 500);
});

/** Stands still for one second of every ten, from second 4.5 on. */
function stalling(fastMs: number) {
  return delaying((_, atMs) => {
    const phase = (atMs - 1000 - 4500 + 100_000) % 10_000;
    return phase < 1000 ? 1000 - phase + fastMs : fastMs;
  });
}

Deno.test("an open loop shows a stall of one second every ten as the users felt it", async () => {
  const rate = 1000;
  const server = stalling(1);
  const { stats, count } = await simulate(server, 2000, {
    durationMs: 20_000,
    stages: [{ durationMs: 20_000, rateStart: rate, rateEnd: rate }],
  });
  // A tenth of all requests fell into a stall; their waits are spread evenly over its second.
  const truth = server.answered.map(({ repliedMs }, index) =>
    (repliedMs - (1000 + index * 1000 / rate)) * 1000
  ).slice(0, count("answered"));
  assertTruth(stats.latency, truth);
  assertAlmostEquals(stats.latency.percentile(95), 500_000, 6000);
  assertAlmostEquals(stats.latency.percentile(99), 900_000, 10_000);
  assertEquals(stats.latency.percentile(99.9) > 980_000, true);
  assertEquals(count("scheduled"), 20_000);
  assertEquals(count("unsent"), 0);
});

Deno.test("latency counts from when a request was due, also when every connection is busy", async () => {
  // Two connections and 10 ms each serve 200 a second; 250 are due: the queue grows by 50 a second.
  const server = delaying(() => 10);
  const { stats, count } = await simulate(server, 2, {
    durationMs: 4000,
    stages: [{ durationMs: 4000, rateStart: 250, rateEnd: 250 }],
  });
  assertEquals(count("scheduled"), 1000);
  assertAlmostEquals(count("answered"), 800, 5);
  assertAlmostEquals(count("unsent"), 200, 5);
  assertAlmostEquals(stats.latency.maxUs, 810_000, 15_000);
  assertAlmostEquals(stats.latency.percentile(50), 410_000, 10_000);
  assertAlmostEquals(stats.serviceTime.percentile(99), 10_000, 100);
});

Deno.test("a closed loop hides the same stall, which is why -R exists", async () => {
  const server = stalling(1);
  const { stats } = await simulate(server, 10, { durationMs: 20_000 });
  assertTruth(stats.latency, delaysUs(server, 1000 + 20_000));
  assertEquals(stats.latency.percentile(99.9) < 2000, true);
  // The correction that wrk applies brings most of it back, at the price of invented samples.
  const expectedUs = 20_000_000 / (stats.latency.count / 10);
  assertEquals(stats.latency.corrected(expectedUs).percentile(99) > 800_000, true);
});

Deno.test("a schedule is kept to the request, and to the moment", async () => {
  const server = delaying(() => 0.5);
  const { reactor, count } = await simulate(server, 50, {
    durationMs: 2000,
    stages: [{ durationMs: 2000, rateStart: 5000, rateEnd: 5000 }],
  });
  assertEquals(reactor.arrivalsMs.length, 10_000);
  reactor.arrivalsMs.slice(50).forEach((atMs, index) => {
    assertAlmostEquals(atMs, 1000 + (index + 50) / 5, 0.01);
  });
  assertEquals(count("lagSumUs") / 10_000 < 20, true);
});

Deno.test("-n sends exactly as many requests, whatever fails on the way", async () => {
  let connects = 0;
  const server = {
    ...delaying((index) => index % 7 === 0 ? Infinity : 1),
    onConnect: () => ++connects % 5 === 0 ? "ECONNREFUSED" : null,
  };
  const { count, outcome } = await simulate(server, 8, {
    requestCount: 500,
    durationMs: Infinity,
    timeoutMs: 50,
  });
  assertEquals(count("sent"), server.answered.length);
  assertEquals(count("sent") + count("failedRefused"), 500);
  assertEquals(count("answered") + count("failedTimeout"), count("sent"));
  assertEquals(outcome.failures.map(({ kind, code }) => `${kind} ${code}`), [
    "refused ECONNREFUSED",
    "timeout ETIMEDOUT",
  ]);
});

Deno.test("a warm-up is no part of any figure", async () => {
  // Slow at first, as a server whose caches are cold.
  const server = delaying((_, atMs) => atMs < 3000 ? 100 : 2);
  const { stats, count, outcome } = await simulate(server, 3, { warmupMs: 2500, durationMs: 1000 });
  const measured = server.answered.filter(({ sentMs }) => sentMs >= 3500);
  assertEquals(count("sent"), measured.length);
  assertEquals(stats.latency.maxUs < 3000, true);
  assertEquals(outcome.measuredMs, 1000);
});

Deno.test("a connection that the server closes between requests costs no request", async () => {
  let index = 0;
  const onRequest = (atMs: number) => ({
    atMs: atMs + 1,
    bytes: okResponse,
    closes: ++index % 3 === 0,
  });
  const { count } = await simulate({ onRequest }, 2, { requestCount: 100, durationMs: Infinity });
  assertEquals(count("answered"), 100);
  assertEquals(failures(count), 0);
  assertEquals(count("retried") + count("closedIdle") > 20, true);
});

function failures(count: Simulation["count"]): number {
  return count("failedRead") + count("failedTruncated") + count("failedConnect") +
    count("failedTimeout");
}
