/** The figures of `hayate load` against the truth, on a simulated clock. */
import { assertAlmostEquals, assertEquals } from "@std/assert";
import type { CounterName } from "../../../../mod/load/stats/thread_stats.ts";
import { okResponse, type SimulatedServer } from "./simulated_reactor.ts";
import {
  assertTruth,
  delaying,
  delaysUs,
  failures,
  seeded,
  simulate,
  stalling,
} from "./simulation.ts";

Deno.test("a fixed delay is measured as it is, at every percentile", async () => {
  for (const delayMs of [0.1, 1, 7.3, 250]) {
    const server = delaying(() => delayMs);
    const { stats, count } = await simulate(server, 4, { durationMs: 3000 });
    assertTruth(stats.latency, delaysUs(server, 1000 + 3000));
    assertEquals(count("answered") + count("inFlight"), server.answered.length);
  }
});

Deno.test("a delay with two values is reported as these two values in their proportions", async () => {
  const server = delaying((index) => index % 10 === 0 ? 50 : 5);
  const { stats } = await simulate(server, 1, { durationMs: 10_000 });
  assertTruth(stats.latency, delaysUs(server, 1000 + 10_000));
  assertAlmostEquals(stats.latency.percentile(89), 5000, 50);
  assertAlmostEquals(stats.latency.percentile(91), 50_000, 500);
});

Deno.test("an open loop shows a stall of one second in ten as users experience it", async () => {
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

/** Answers a second after every client has given up, or refuses them. */
const failingServers: readonly [what: string, server: SimulatedServer, failure: CounterName][] = [
  ["timeouts", delaying(() => 300), "failedTimeout"],
  [
    "lost connections",
    { onRequest: (atMs) => ({ atMs: atMs + 100, bytes: new Uint8Array(0), closes: true }) },
    "failedRead",
  ],
  ["refusals", { ...delaying(() => 1), onConnect: () => "ECONNREFUSED" }, "failedRefused"],
];

Deno.test("an open loop does not back off, whatever fails", async () => {
  for (const [what, server, failure] of failingServers) {
    // Eight connections at 200 ms can fail 40 times a second: 30 are due.
    const { count } = await simulate(server, 8, {
      durationMs: 10_000,
      timeoutMs: 200,
      stages: [{ durationMs: 10_000, rateStart: 30, rateEnd: 30 }],
    });
    assertEquals([count("scheduled"), count("unsent")], [300, 0], what);
    assertEquals(count("lagMaxUs") < 1000, true, `${what}: ${count("lagMaxUs")} us late`);
    assertEquals(count(failure) + count("inFlight"), 300, what);
  }
});

Deno.test("a closed loop waits only between failing connects", async () => {
  const plan = { durationMs: 10_000, timeoutMs: 200 };
  const timeouts = await simulate(delaying(() => 300), 1, plan);
  // 10 s in steps of 200 ms, which the timer wheel rounds up to at most 32 ms more.
  assertAlmostEquals(timeouts.count("failedTimeout"), 47, 4);
  const server = { ...delaying(() => 1), onConnect: () => "ECONNREFUSED" };
  const refusals = await simulate(server, 1, plan);
  // 10, 20, 40, 80, 160 ms, then every 250 ms.
  assertAlmostEquals(refusals.count("failedRefused"), 5 + 9690 / 250, 2);
});

Deno.test("a closed loop hides the same stall", async () => {
  const server = stalling(1);
  const { stats } = await simulate(server, 10, { durationMs: 20_000 });
  assertTruth(stats.latency, delaysUs(server, 1000 + 20_000));
  assertEquals(stats.latency.percentile(99.9) < 2000, true);
  // The correction that wrk applies brings most of it back, at the price of invented samples.
  const expectedUs = 20_000_000 / (stats.latency.count / 10);
  assertEquals(stats.latency.corrected(expectedUs).percentile(99) > 800_000, true);
});

Deno.test("a schedule is kept in number and time of its requests", async () => {
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

Deno.test("-n ends an open loop early, not counting the warm-up", async () => {
  const server = delaying(() => 1);
  const { count, outcome } = await simulate(server, 5, {
    warmupMs: 500,
    durationMs: 5000,
    requestCount: 70,
    stages: [
      { durationMs: 500, rateStart: 100, rateEnd: 100 },
      { durationMs: 5000, rateStart: 100, rateEnd: 100 },
    ],
  });
  assertEquals([count("scheduled"), count("answered"), count("unsent")], [70, 70, 0]);
  assertEquals(server.answered.length, 120);
  assertAlmostEquals(outcome.measuredMs, 691, 2);
});

Deno.test("-n sends exactly that many requests, whatever fails", async () => {
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

Deno.test("a warm-up is excluded from every figure", async () => {
  // Slow at first, as a server whose caches are cold.
  const server = delaying((_, atMs) => atMs < 3000 ? 100 : 2);
  const { stats, count, outcome } = await simulate(server, 3, { warmupMs: 2500, durationMs: 1000 });
  const measured = server.answered.filter(({ sentMs }) => sentMs >= 3500);
  assertEquals(count("sent"), measured.length);
  assertEquals(stats.latency.maxUs < 3000, true);
  assertEquals(outcome.measuredMs, 1000);
});

Deno.test("what a warm-up could not send does not keep the server from measured requests", async () => {
  const warm = { durationMs: 3000, rateStart: 100, rateEnd: 100 };
  for (const requestCount of [Infinity, 10]) {
    const server = delaying(() => 200);
    const { stats, count } = await simulate(server, 1, {
      warmupMs: 3000,
      durationMs: 3000,
      stages: [warm, warm],
      requestCount,
    });
    const measured = server.answered.filter(({ sentMs }) => sentMs >= 4000 && sentMs < 7000);
    assertEquals(count("warmupUnsent"), 285);
    assertEquals(count("sent"), Math.min(15, requestCount));
    assertEquals(count("sent"), measured.length);
    assertEquals(count("sent") + count("unsent"), Math.min(300, requestCount));
    // Request k is due after 10 k ms and answered after 200 (k + 1) ms.
    assertAlmostEquals(stats.latency.maxUs / 1000, 190 * count("answered") + 10, 20);
  }
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

const texts = [
  "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
  "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok and more",
  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
  "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n",
  "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
  "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
  "HTTP/1.1 200 OK\r\n\r\nuntil the end",
  "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok",
  "garbage",
  "",
].map((text) => new TextEncoder().encode(text));

/** A server that does anything at all, mostly the right thing. */
function erratic(next: () => number): SimulatedServer {
  return {
    onConnect: () => next() < 0.05 ? "ECONNREFUSED" : next() < 0.05 ? "EAGAIN" : null,
    onRequest: (atMs) => {
      const isGood = next() < 0.6;
      const bytes = texts[isGood ? 0 : Math.floor(next() * texts.length)];
      const replyMs = !isGood && next() < 0.1 ? Infinity : atMs + next() * 20;
      const closes = !isGood && next() < 0.5;
      const failure = !isGood && next() < 0.2 ? { failure: "ECONNRESET" } : {};
      const cut = next() < 0.5
        ? { cutAt: Math.floor(next() * bytes.length), restAtMs: replyMs + next() * 60 }
        : {};
      return { atMs: replyMs, bytes, closes, ...failure, ...cut };
    },
  };
}

Deno.test("every request is settled exactly once, whatever the server does", async () => {
  for (let seed = 1; seed <= 60; seed++) {
    const next = seeded(seed);
    const keepsConnections = seed % 3 !== 0;
    const { stats, count } = await simulate(erratic(next), 1 + seed % 9, {
      requestCount: 200,
      durationMs: Infinity,
      timeoutMs: 50,
      requestsPerConnection: keepsConnections ? Infinity : 1,
    });
    const settled = count("answered") + failures(count);
    assertEquals(settled, 200, `seed ${seed}`);
    assertEquals(stats.latency.count, count("answered"), `seed ${seed}`);
    assertEquals(count("inFlight"), 0, `seed ${seed}`);
  }
});

Deno.test("an open loop accounts for every request of its schedule, whatever the server does", async () => {
  for (let seed = 1; seed <= 40; seed++) {
    const next = seeded(seed);
    const { count } = await simulate(erratic(next), 1 + seed % 30, {
      durationMs: 1000,
      stages: [{ durationMs: 1000, rateStart: 200, rateEnd: 600 }],
      timeoutMs: 50,
      requestsPerConnection: seed % 3 !== 0 ? Infinity : 1,
    });
    assertEquals(count("scheduled"), 400, `seed ${seed}`);
    const sent = count("scheduled") - count("unsent");
    const settled = count("answered") + failures(count) + count("inFlight");
    // A refused connect fails a request, although none of the schedule was waiting for it.
    assertEquals(settled >= sent, true, `seed ${seed}`);
    assertEquals(
      settled - count("failedRefused") - count("failedConnect") <= sent,
      true,
      `seed ${seed}`,
    );
  }
});

Deno.test("a drain waits for what was sent, counts it, and sends nothing more", async () => {
  for (const stages of [null, [{ durationMs: 1000, rateStart: 100, rateEnd: 100 }]]) {
    const server = delaying(() => 700);
    const { stats, count, outcome } = await simulate(server, 200, {
      durationMs: 1000,
      drainMs: 5000,
      stages,
    });
    assertTruth(stats.serviceTime.count > 0 ? stats.serviceTime : stats.latency, [
      ...delaysUs(server, Infinity),
    ]);
    assertEquals([count("inFlight"), count("unsent"), failures(count)], [0, 0, 0]);
    assertEquals(server.answered.every(({ sentMs }) => sentMs < 2000), true);
    const lastMs = Math.max(...server.answered.map(({ repliedMs }) => repliedMs));
    assertAlmostEquals(outcome.measuredMs, lastMs - 1000, 1);
    if (stages !== null) assertEquals([count("scheduled"), count("answered")], [100, 100]);
  }
});

Deno.test("a drain ends when its time is over, and at once when nothing is in flight", async () => {
  const silent = await simulate(delaying(() => Infinity), 3, { durationMs: 1000, drainMs: 500 });
  assertEquals([silent.count("answered"), silent.count("inFlight")], [0, 3]);
  assertAlmostEquals(silent.outcome.measuredMs, 1500, 1);
  const rates = [{ durationMs: 1000, rateStart: 10, rateEnd: 10 }];
  const brief = await simulate(delaying(() => 1), 3, {
    durationMs: 1000,
    drainMs: 500,
    stages: rates,
  });
  assertEquals([brief.count("answered"), brief.count("inFlight")], [10, 0]);
  assertAlmostEquals(brief.outcome.measuredMs, 1000, 2);
});

Deno.test("a drain leaves what found no connection in time unsent", async () => {
  const { count } = await simulate(delaying(() => 100), 1, {
    durationMs: 1000,
    drainMs: 5000,
    stages: [{ durationMs: 1000, rateStart: 20, rateEnd: 20 }],
  });
  assertEquals(count("scheduled"), 20);
  assertEquals(count("answered") + count("unsent"), 20);
  assertAlmostEquals(count("answered"), 10, 1);
});
