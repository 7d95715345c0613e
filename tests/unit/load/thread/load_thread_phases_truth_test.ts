/** The phases of `hayate load --phases` against the truth, on a simulated clock. */
import { assertEquals } from "@std/assert";
import { phaseTimes } from "../../../../mod/load/plan/extra_times.ts";
import type { Histogram } from "../../../../mod/metrics/histogram.ts";
import { data, end } from "../../../vectors/http2/wire.ts";
import { head, http2Server } from "./simulated_http2.ts";
import { assertTruth, seeded, simulate, type Simulation } from "./simulation.ts";

const response = new TextEncoder().encode(
  "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789",
);

/** Requests of which the whole response arrived, with the times of their parts. */
interface Parts {
  readonly sentMs: number;
  readonly firstMs: number;
  readonly lastMs: number;
}

function timesOf({ stats }: Simulation): Histogram[] {
  return [stats.extra.get("firstByte")!, stats.extra.get("transfer")!];
}

function assertParts(simulation: Simulation, all: readonly Parts[], endMs: number): void {
  const parts = all.filter(({ lastMs }) => lastMs < endMs);
  const [firstByte, transfer] = timesOf(simulation);
  assertTruth(firstByte, parts.map(({ sentMs, firstMs }) => (firstMs - sentMs) * 1000));
  assertTruth(transfer, parts.map(({ firstMs, lastMs }) => (lastMs - firstMs) * 1000));
  // Connects take 0.05 ms in the simulation, and there is no TLS in it.
  const { extra } = simulation.stats;
  assertEquals(extra.get("transportConnect")!.count, simulation.count("opened"));
  assertEquals(extra.get("transportConnect")!.maxUs <= 51, true);
  assertEquals(extra.get("tlsHandshake")!.count, 0);
}

Deno.test("the first byte and the transfer of HTTP/1.1 add up to the service time", async () => {
  for (const stages of [null, [{ durationMs: 5000, rateStart: 50, rateEnd: 50 }]]) {
    const next = seeded(7), all: Parts[] = [];
    const onRequest = (sentMs: number) => {
      const firstMs = sentMs + next() * 30;
      // Some responses arrive whole; others in the middle of the head or of the body.
      const isWhole = next() < 0.3;
      const lastMs = isWhole ? firstMs : firstMs + next() * 20;
      all.push({ sentMs, firstMs, lastMs });
      const cutAt = 1 + Math.floor(next() * (response.length - 1));
      return isWhole
        ? { atMs: firstMs, bytes: response }
        : { atMs: firstMs, bytes: response, cutAt, restAtMs: lastMs };
    };
    const plan = { durationMs: 5000, extraTimes: phaseTimes, stages };
    const simulation = await simulate({ onRequest }, 20, plan);
    assertParts(simulation, all, 6000);
  }
});

Deno.test("each stream of HTTP/2 has its own first byte and transfer", async () => {
  const next = seeded(11), all: Parts[] = [];
  const server = http2Server({
    onRequest(sentMs, id) {
      const firstMs = sentMs + next() * 30, lastMs = firstMs + next() * 20;
      all.push({ sentMs, firstMs, lastMs });
      const rest: [number, Uint8Array][] = [[lastMs, data(id, end, "ok")]];
      // An interim response is the first byte that a client sees.
      const isInterim = next() < 0.5;
      if (isInterim) rest.unshift([lastMs, head(id, "200")]);
      return [[firstMs, head(id, isInterim ? "103" : "200")], ...rest];
    },
  });
  const plan = { http2: true, streams: 5, durationMs: 5000, extraTimes: phaseTimes };
  assertParts(await simulate(server, 3, plan), all, 6000);
});

Deno.test("phases leave the warm-up out, and pipelined responses are told apart", async () => {
  const all: Parts[] = [];
  const three = Uint8Array.from([...response, ...response, ...response]);
  const onRequest = (sentMs: number) => {
    all.push({ sentMs, firstMs: sentMs + 10, lastMs: sentMs + 25 });
    // The first two arrive together, the third one in two parts.
    return {
      atMs: sentMs + 10,
      bytes: three,
      cutAt: 2 * response.length + 5,
      restAtMs: sentMs + 25,
    };
  };
  const request = new TextEncoder().encode("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  const batch = Uint8Array.from([...request, ...request, ...request]);
  const simulation = await simulate({ onRequest }, 1, {
    groups: [{
      addresses: [{ kind: "unix", path: "/simulated" }],
      batches: [batch],
      ends: [Int32Array.of(1, 2, 3).map((count) => count * request.length)],
      methods: [1],
      idempotent: [true],
      serverName: null,
      loopback: false,
    }],
    pipeline: 3,
    warmupMs: 500,
    durationMs: 1000,
    extraTimes: phaseTimes,
  });
  const measured = all.filter(({ sentMs }) => sentMs >= 1500);
  const early = measured.filter(({ firstMs }) => firstMs < 2500).flatMap(() => [0, 0]);
  const late = measured.filter(({ lastMs }) => lastMs < 2500).map(() => 15_000);
  const [firstByte, transfer] = timesOf(simulation);
  assertTruth(firstByte, [...early, ...late].map(() => 10_000));
  assertTruth(transfer, [...early, ...late]);
  // The connection was made in the warm-up.
  assertEquals(simulation.stats.extra.get("transportConnect")!.count, 0);
});
