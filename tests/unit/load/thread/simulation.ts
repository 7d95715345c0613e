/** Runs of `hayate load` against a simulated server, and what is true of them. */
import { assertAlmostEquals, assertEquals } from "@std/assert";
import { eventParts } from "../../../../mod/load/thread/events/event_parts.ts";
import { webSocketParts } from "../../../../mod/load/thread/web_socket/web_socket_lanes.ts";
import { makeStreamLanes } from "../../../../mod/load/thread/http2/lanes.ts";
import { LoadThread } from "../../../../mod/load/thread/load_thread.ts";
import { type CounterName, Slot, ThreadStats } from "../../../../mod/load/stats/thread_stats.ts";
import type { ThreadOutcome, ThreadPlan } from "../../../../mod/load/plan/thread_plan.ts";
import type { Histogram } from "../../../../mod/metrics/histogram.ts";
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
  http2: false,
  streams: 1,
  requestCount: Infinity,
  durationMs: 10_000,
  warmupMs: 0,
  drainMs: 0,
  stages: null,
  timeoutMs: 60_000,
  requestsPerConnection: Infinity,
  retry: false,
  randomOrder: false,
  groupBy: null,
  extraTimes: [],
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
  replay: null,
  eventStreams: null,
  webSocket: null,
  reactor: "",
};

export interface Simulation {
  readonly stats: ThreadStats;
  readonly outcome: ThreadOutcome;
  readonly reactor: SimulatedReactor;
  count(name: CounterName): number;
}

export async function simulate(
  server: SimulatedServer,
  connections: number,
  changes: Partial<ThreadPlan>,
): Promise<Simulation> {
  const reactor = new SimulatedReactor(server);
  const stats = ThreadStats.make(changes.extraTimes);
  const connectionGroups = new Array<number>(connections).fill(0);
  const plan = { ...basePlan, connectionGroups, ...changes };
  const kind = plan.eventStreams !== null
    ? eventParts(plan.eventStreams)
    : plan.webSocket !== null
    ? webSocketParts(plan.webSocket)
    : { makeLanes: plan.http2 ? makeStreamLanes : null };
  const parts = { script: null, secure: null, makeLanes: null, ...kind };
  const outcome = await withSimulatedClock(
    reactor,
    () => new LoadThread(plan, stats, reactor, parts).run(reactor.nowMs),
  );
  return { stats, outcome, reactor, count: (name) => stats.counters[Slot[name]] };
}

const percents = [1, 10, 25, 50, 75, 90, 95, 99, 99.9, 99.99, 100];

/** Each percentile within 1 % or 20 us of the sorted truth. */
export function assertTruth(found: Histogram, truthUs: number[]): void {
  const sorted = truthUs.toSorted((a, b) => a - b);
  assertEquals(found.count, sorted.length);
  found.percentiles(percents).forEach((value, index) => {
    const rank = Math.max(1, Math.ceil(percents[index] / 100 * sorted.length - 1e-6));
    const truth = sorted[rank - 1];
    assertAlmostEquals(value, truth, Math.max(20, truth / 100), `p${percents[index]}`);
  });
}

/** A server that answers after delays from `delayOf`, and keeps what it did. */
export function delaying(delayOf: (index: number, atMs: number) => number) {
  const answered: { sentMs: number; repliedMs: number }[] = [];
  const onRequest = (atMs: number) => {
    const repliedMs = atMs + delayOf(answered.length, atMs);
    answered.push({ sentMs: atMs, repliedMs });
    return { atMs: repliedMs, bytes: okResponse };
  };
  return { onRequest, answered };
}

/** Delays of the responses that arrived before the end of the run. */
export function delaysUs(
  server: Pick<ReturnType<typeof delaying>, "answered">,
  endMs: number,
): number[] {
  return server.answered.filter(({ repliedMs }) => repliedMs < endMs)
    .map(({ sentMs, repliedMs }) => (repliedMs - sentMs) * 1000);
}

/** Stands still for one second of every ten, from second 4.5 on. */
export function stalling(fastMs: number) {
  return delaying((_, atMs) => {
    const phase = (atMs - 1000 - 4500 + 100_000) % 10_000;
    return phase < 1000 ? 1000 - phase + fastMs : fastMs;
  });
}

/** A generator with a seed, so that a failure can be repeated. */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
}

/** Requests that have failed, of whatever kind. */
export function failures(count: Simulation["count"]): number {
  return count("failedRead") + count("failedTruncated") + count("failedConnect") +
    count("failedTimeout") + count("failedRefused") + count("failedProtocol") +
    count("failedWrite") + count("failedStreamReset") + count("failedStreamRefused");
}
