/** The figures of `hayate load --http2` against the truth, on a simulated clock. */
import { assertAlmostEquals, assertEquals } from "@std/assert";
import { data, end, frame, reset, settings, Type } from "../../../vectors/http2/wire.ts";
import {
  goaway,
  head,
  type Http2Script,
  http2Server,
  ok,
  type StreamReply,
} from "./simulated_http2.ts";
import type { SimulatedPeer } from "./simulated_reactor.ts";
import { assertTruth, delaysUs, failures, seeded, simulate } from "./simulation.ts";

const http2 = { http2: true };

/** A server that answers after delays from `delayOf`, and keeps what it did. */
function delaying(delayOf: (index: number, atMs: number) => number, streamsMax?: number) {
  const answered: { sentMs: number; repliedMs: number }[] = [];
  const script: Http2Script = {
    ...(streamsMax === undefined ? {} : { streamsMax }),
    onRequest(atMs, id) {
      const repliedMs = atMs + delayOf(answered.length, atMs);
      answered.push({ sentMs: atMs, repliedMs });
      return ok(id, repliedMs);
    },
  };
  return { ...http2Server(script), answered };
}

/** Stands still for one second of every ten, from second 4.5 on. */
function stalling(fastMs: number) {
  return delaying((_, atMs) => {
    const phase = (atMs - 1000 - 4500 + 100_000) % 10_000;
    return phase < 1000 ? 1000 - phase + fastMs : fastMs;
  });
}

Deno.test("HTTP/2: a fixed delay is measured as it is, at every percentile", async () => {
  for (const delayMs of [0.1, 1, 7.3, 250]) {
    for (const streams of [1, 8]) {
      const server = delaying(() => delayMs);
      const durationMs = 100 * Math.max(1, delayMs);
      const plan = { ...http2, streams, durationMs };
      const { stats, count } = await simulate(server, 2, plan);
      assertTruth(stats.latency, delaysUs(server, 1000 + durationMs));
      assertEquals(count("answered") + count("inFlight"), server.answered.length);
    }
  }
});

Deno.test("HTTP/2: streams of one connection do not wait for each other's answers", async () => {
  const server = delaying((index) => index % 10 === 0 ? 50 : 5);
  const { stats } = await simulate(server, 1, { ...http2, streams: 10, durationMs: 5000 });
  assertTruth(stats.latency, delaysUs(server, 1000 + 5000));
  assertAlmostEquals(stats.latency.percentile(89), 5000, 50);
  assertAlmostEquals(stats.latency.percentile(91), 50_000, 500);
});

Deno.test("HTTP/2: an open loop shows a stall of one second in ten as users experience it", async () => {
  const rate = 1000;
  const server = stalling(1);
  const { stats, count } = await simulate(server, 20, {
    ...http2,
    streams: 100,
    durationMs: 20_000,
    stages: [{ durationMs: 20_000, rateStart: rate, rateEnd: rate }],
  });
  const truth = server.answered.map(({ repliedMs }, index) =>
    (repliedMs - (1000 + index * 1000 / rate)) * 1000
  ).slice(0, count("answered"));
  assertTruth(stats.latency, truth);
  assertAlmostEquals(stats.latency.percentile(95), 500_000, 6000);
  assertAlmostEquals(stats.latency.percentile(99), 900_000, 10_000);
  assertEquals([count("scheduled"), count("unsent")], [20_000, 0]);
});

Deno.test("HTTP/2: a closed loop hides the same stall", async () => {
  const server = stalling(1);
  const { stats } = await simulate(server, 1, { ...http2, streams: 2, durationMs: 10_000 });
  assertTruth(stats.latency, delaysUs(server, 1000 + 10_000));
  assertEquals(stats.latency.percentile(99.9) < 2000, true);
});

Deno.test("HTTP/2: latency counts from when a request was due, when every stream is busy", async () => {
  // Two streams and 10 ms each serve 200 a second, whether -m or the server allows no more.
  for (const [streams, allowed] of [[2, 100], [8, 2]]) {
    const server = delaying(() => 10, allowed);
    const { stats, count } = await simulate(server, 1, {
      ...http2,
      streams,
      durationMs: 4000,
      stages: [{ durationMs: 4000, rateStart: 250, rateEnd: 250 }],
    });
    assertEquals(count("scheduled"), 1000);
    assertAlmostEquals(count("answered"), 800, 5);
    assertAlmostEquals(stats.latency.maxUs, 810_000, 15_000);
    assertAlmostEquals(stats.latency.percentile(50), 410_000, 10_000);
  }
});

Deno.test("HTTP/2: a schedule is kept in number and time of its requests", async () => {
  const { reactor, count } = await simulate(delaying(() => 0.5), 2, {
    ...http2,
    streams: 25,
    durationMs: 2000,
    stages: [{ durationMs: 2000, rateStart: 5000, rateEnd: 5000 }],
  });
  assertEquals(reactor.arrivalsMs.length, 10_000);
  reactor.arrivalsMs.slice(50).forEach((atMs, index) => {
    assertAlmostEquals(atMs, 1000 + (index + 50) / 5, 0.01);
  });
  assertEquals(count("lagSumUs") / 10_000 < 20, true);
});

Deno.test("HTTP/2: a warm-up is excluded from every figure", async () => {
  const server = delaying((_, atMs) => atMs < 3000 ? 100 : 2);
  const plan = { ...http2, streams: 3, warmupMs: 2500, durationMs: 1000 };
  const { stats, count, outcome } = await simulate(server, 2, plan);
  assertEquals(count("sent"), server.answered.filter(({ sentMs }) => sentMs >= 3500).length);
  assertEquals(stats.latency.maxUs < 3000, true);
  assertEquals(outcome.measuredMs, 1000);
});

Deno.test("HTTP/2: GOAWAY between and under requests costs none", async () => {
  let count = 0;
  const server = http2Server({
    onRequest(atMs, id, peer) {
      if (++count % 7 !== 0) return ok(id, atMs + 1);
      peer.at(atMs + 5, () => peer.end());
      return [[atMs, goaway(id)], ...ok(id, atMs + 1)];
    },
  });
  const plan = { ...http2, streams: 4, requestCount: 300, durationMs: Infinity };
  const run = await simulate(server, 2, plan);
  assertEquals([run.count("answered"), failures(run.count)], [300, 0]);
});

/** Codes of RFC 9113 7. */
const codes = [2, 7, 8];

/** A server that does anything at all, mostly the right thing. */
function erratic(next: () => number): Http2Script {
  const leaving = new Map<SimulatedPeer, number>();
  const wrong: readonly ((id: number, atMs: number, peer: SimulatedPeer) => StreamReply)[] = [
    () => [],
    (id, atMs) => [[atMs, reset(id, codes[Math.floor(next() * codes.length)])]],
    (id, atMs) => [[atMs, head(id, "200")], [atMs + next() * 60, data(id, end, "late")]],
    (id, atMs) => [[atMs, head(id, "200")], [atMs + 1, reset(id)]],
    (id, atMs) => [[atMs, head(id, "503", end)]],
    (id, atMs) => [[atMs, head(id, "2oo", end)]],
    (id, atMs) => [[atMs, data(id, end, "no head")]],
    (_id, atMs) => [[atMs, frame(Type.data, 0, 0, "no stream")]],
    (id, atMs) => [[atMs, settings([3, Math.floor(next() * 3)])], ...ok(id, atMs + 5)],
    (id, atMs, peer) => {
      leaving.set(peer, Math.max(0, id - 2 * Math.floor(next() * 3)));
      peer.at(atMs + next() * 40, () => peer.end());
      return [[peer.nowMs, goaway(leaving.get(peer)!)], ...ok(id, atMs)];
    },
    (id, atMs, peer) => {
      peer.at(atMs, () => peer.end(next() < 0.5 ? "ECONNRESET" : undefined));
      return [[atMs - 0.01, head(id, "200")]];
    },
  ];
  return {
    streamsMax: 1 + Math.floor(next() * 6),
    onConnect: () => next() < 0.05 ? "ECONNREFUSED" : next() < 0.05 ? "EAGAIN" : null,
    onRequest(atMs, id, peer) {
      // A server that has sent GOAWAY does not answer what came after it, and says it once.
      if (id > (leaving.get(peer) ?? Infinity)) return [];
      const replyMs = atMs + next() * 20 + 0.02;
      if (leaving.has(peer) || next() < 0.7) return ok(id, replyMs);
      return wrong[Math.floor(next() * wrong.length)](id, replyMs, peer);
    },
  };
}

Deno.test("HTTP/2: every request is settled exactly once, whatever the server does", async () => {
  for (let seed = 1; seed <= 80; seed++) {
    const { stats, count } = await simulate(http2Server(erratic(seeded(seed))), 1 + seed % 4, {
      ...http2,
      streams: 1 + seed % 7,
      requestCount: 200,
      durationMs: Infinity,
      timeoutMs: 50,
      retry: seed % 2 === 0,
      requestsPerConnection: seed % 3 === 0 ? 5 : Infinity,
    });
    assertEquals(count("answered") + failures(count), 200, `seed ${seed}`);
    assertEquals(stats.latency.count, count("answered"), `seed ${seed}`);
    assertEquals(count("inFlight"), 0, `seed ${seed}`);
  }
});

Deno.test("HTTP/2: an open loop accounts for every request of its schedule", async () => {
  for (let seed = 1; seed <= 40; seed++) {
    const { count } = await simulate(http2Server(erratic(seeded(seed))), 1 + seed % 5, {
      ...http2,
      streams: 1 + seed % 6,
      durationMs: 1000,
      stages: [{ durationMs: 1000, rateStart: 200, rateEnd: 600 }],
      timeoutMs: 50,
    });
    assertEquals(count("scheduled"), 400, `seed ${seed}`);
    const sent = count("scheduled") - count("unsent");
    const settled = count("answered") + failures(count) + count("inFlight");
    // A refused connect fails a request, although none of the schedule was waiting for it.
    const idle = count("failedRefused") + count("failedConnect");
    assertEquals([settled >= sent, settled - idle <= sent], [true, true], `seed ${seed}`);
  }
});
