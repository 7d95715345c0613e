/** The cases: what the server does, how it is loaded, and which figures have to agree. */
import type { RunJson } from "../../mod/load/report/json/report_json.ts";
import type { TimeJson } from "../../mod/load/report/json/time_json.ts";
import { exact, type Figure, meanOf, percentileOf, type Tolerance } from "./figures.ts";
import { isHttp2, isSecure, type Protocol, type Records } from "./server.ts";
import { answer, type Behaviour, inTurn, type Step } from "./step.ts";

/** How much of a case is done: all, or as much as a test needs. */
export interface Extent {
  readonly requests: (full: number) => number;
  /** Seconds of a run with a rate. */
  readonly seconds: (full: number) => number;
}

export interface TruthCase {
  readonly name: string;
  readonly about: string;
  runsWith(protocol: Protocol): boolean;
  /** A fresh behaviour, and the flags of `hayate load` besides those of the protocol. */
  prepare(protocol: Protocol, extent: Extent): Prepared;
}

export interface Prepared {
  readonly behaviour: Behaviour;
  readonly handshakeDelayMs?: number;
  readonly flags: readonly string[];
  figures(run: RunJson, records: Records): Figure[];
}

const always = () => true;

function count(name: string, known: number, measured: number | null | undefined): Figure {
  return { name, known, measured: measured ?? null, tolerance: exact };
}

/** Percentiles and mean of ascending `knownUs` beside those of the report. */
function times(
  name: string,
  knownUs: readonly number[],
  measured: TimeJson | null,
  kind: "time" | "span" = "time",
): Figure[] {
  const one = (figure: string, known: number, value: number | null | undefined): Figure => {
    const tolerance: Tolerance = { kind: figure === "p100" && kind === "time" ? "extreme" : kind };
    return { name: `${name} ${figure}, us`, known, measured: value ?? null, tolerance };
  };
  const percents = kind === "span" ? [50, 90] : [50, 90, 99, 100];
  return [
    count(`${name}: values`, knownUs.length, measured?.count),
    ...percents.map((percent) => {
      const key = `p${percent}`;
      return one(key, percentileOf(knownUs, percent), measured?.percentilesUs[key]);
    }),
    one("mean", meanOf(knownUs), measured?.meanUs),
  ];
}

const ascending = (values: readonly number[]) => [...values].sort((a, b) => a - b);

const counts: TruthCase = {
  name: "counts",
  about: "statuses and body sizes in turn: requests, answers, bytes, statuses, connections",
  runsWith: always,
  prepare(_protocol, { requests }) {
    const steps = [
      answer({ bodyBytes: 0 }),
      answer({ bodyBytes: 1 }),
      answer({ bodyBytes: 1000 }),
      answer({ bodyBytes: 70_000 }),
      answer({ status: 204, bodyBytes: 0 }),
      answer({ status: 301, bodyBytes: 7 }),
      answer({ status: 404, bodyBytes: 9 }),
      answer({ status: 503, bodyBytes: 11 }),
    ];
    const total = requests(4000);
    return {
      behaviour: inTurn(steps),
      flags: ["-c", "4", "-n", `${total}`],
      figures: (run, records) => [
        count("requests sent", total, run.requestsSent),
        count("requests that arrived", records.requests, run.requestsSent),
        count("requests answered", records.answers, run.requestsAnswered),
        count("bytes read", records.bytesOut, run.bytesRead),
        count("bytes sent", records.bytesIn, run.bytesSent),
        ...Object.entries(records.statuses).map(([status, known]) =>
          count(`answers with ${status}`, known, run.responsesByStatus[status])
        ),
        count("failed", total / 4, run.requestsFailed),
        count("failed of status", total / 4, run.failedByKind["status"]),
        count("connections", 4, run.connections.made),
        count("sum of all seconds", total, sum(run, (each) => each.requests)),
        count("bytes of all seconds", records.bytesOut, sum(run, (each) => each.bytesRead)),
      ],
    };
  },
};

function sum(run: RunJson, of: (interval: RunJson["intervals"][number]) => number): number {
  return run.intervals.reduce((total, interval) => total + of(interval), 0);
}

/** What ends a request otherwise than by an answer, and the kind it is counted as. */
const failing: readonly (readonly [step: Step["kind"], kind: string, on: "both" | 1 | 2])[] = [
  ["reset", "read", "both"],
  ["close", "read", "both"],
  ["cutHead", "truncated", 1],
  ["cutBody", "truncated", 1],
  ["garbage", "protocol", "both"],
  ["surplus", "protocol", 1],
  ["resetStream", "streamReset", 2],
  ["refuseStream", "streamRefused", 2],
  ["hang", "timeout", "both"],
];

const errors: TruthCase = {
  name: "errors",
  about: "every second request fails, each time otherwise: counted once, under its own kind",
  runsWith: always,
  prepare(protocol, { requests }) {
    const version = isHttp2(protocol) ? 2 : 1;
    const kinds = failing.filter(([, , on]) => on === "both" || on === version);
    const steps = [
      ...kinds.flatMap(([kind]) => [answer(), { kind } as Step]),
      answer(),
      answer({ status: 500 }),
    ];
    const rounds = requests(10);
    const total = rounds * steps.length;
    const byKind = new Map<string, number>([["status", rounds]]);
    for (const [, kind] of kinds) byKind.set(kind, (byKind.get(kind) ?? 0) + rounds);
    return {
      behaviour: inTurn(steps),
      flags: ["-c", "4", "-n", `${total}`, "--timeout", "2s"],
      figures: (run, records) => [
        count("requests that arrived", records.requests, run.requestsSent),
        count("requests answered", records.answers, run.requestsAnswered),
        ...[...byKind].map(([kind, known]) =>
          count(`failed of ${kind}`, known, run.failedByKind[kind])
        ),
        count("failed", total / 2, run.requestsFailed),
        count("failed of all seconds", total / 2, sum(run, (each) => each.failed)),
      ],
    };
  },
};

const closes: TruthCase = {
  name: "closes",
  about: "every fifth answer ends its connection properly: nothing is lost",
  runsWith: always,
  prepare(protocol, { requests }) {
    const plain = answer();
    const total = requests(500) + 1;
    return {
      behaviour: inTurn([plain, plain, plain, plain, answer({ closes: true })]),
      flags: ["-c", "1", "-n", `${total}`],
      figures: (run, records) => [
        count("requests answered", records.answers, run.requestsAnswered),
        count("failed", 0, run.requestsFailed),
        count("connections", (total - 1) / 5 + 1, run.connections.made),
        // With HTTP/2 the GOAWAY comes after the answer, when no request is under way.
        ...isHttp2(protocol) ? [] : [
          count("closed after an answer", (total - 1) / 5, run.connections.closedAfterResponse),
        ],
      ],
    };
  },
};

const delays: TruthCase = {
  name: "delays",
  about: "90 % of the answers take 2 ms, 9 % 20 ms, 1 % 100 ms: percentiles of a closed loop",
  runsWith: always,
  prepare(_protocol, { requests }) {
    const delayOf = (index: number) => {
      const place = index % 100;
      return place === 50 ? 100 : place % 11 === 7 ? 20 : 2;
    };
    return {
      behaviour: (index) => answer({ delayMs: delayOf(index) }),
      flags: ["-c", "8", "-n", `${requests(4000)}`],
      figures: (run, records) => times("latency", records.serviceUs, run.latency),
    };
  },
};

const stall = { firstMs: 200, everyMs: 2000, lengthMs: 500 };
const stallRate = 200;

const omission: TruthCase = {
  name: "omission",
  about:
    "the server stalls for 0.5 s in every 2 s, and only 4 connections meet it: with -R latency " +
    "is what the schedule's requests wait, not what was sent",
  runsWith: always,
  prepare(_protocol, { seconds }) {
    const lengthSeconds = seconds(6);
    let startMs = NaN;
    const behaviour: Behaviour = (_index, nowMs) => {
      if (Number.isNaN(startMs)) startMs = nowMs;
      const phaseMs = (nowMs - startMs - stall.firstMs) % stall.everyMs;
      const isStalled = phaseMs >= 0 && phaseMs < stall.lengthMs;
      return answer({ delayMs: isStalled ? stall.lengthMs - phaseMs : 0 });
    };
    return {
      behaviour,
      flags: ["-c", "4", "-R", `${stallRate}`, "-d", `${lengthSeconds}s`, "--drain", "10s"],
      figures: (run, records) => [
        ...scheduled(stallRate * lengthSeconds, run, records),
        ...times("latency", waitedUs(records, stallRate), run.latency),
        // Those that follow a stall wait before the server reads them, which it cannot know.
        ...times("service time", records.serviceUs, run.serviceTime).slice(0, 2),
      ],
    };
  },
};

/** What was due is sent, or counted as unsent, and what is sent is answered. */
function scheduled(due: number, run: RunJson, records: Records): Figure[] {
  return [
    count("requests due", due, run.schedule?.requestsDue),
    count("sent and unsent", due, run.requestsSent + (run.schedule?.requestsUnsent ?? NaN)),
    count("requests that arrived", records.requests, run.requestsSent),
    count("requests answered", records.answers, run.requestsAnswered),
  ];
}

/**
 * What each request of a schedule has waited since it was due, ascending. The server's first request is
 * the schedule's first one; the beginning is where no request has come early.
 */
function waitedUs({ arrivedMs, answeredMs }: Records, rate: number): number[] {
  const dueMs = (index: number) => index * 1000 / rate;
  const beginMs = Math.min(...arrivedMs.map((atMs, index) => atMs - dueMs(index)));
  return ascending(answeredMs.map((atMs, index) => (atMs - beginMs - dueMs(index)) * 1000));
}

const rates: TruthCase = {
  name: "rates",
  about: "a rate, a ramp and steps: what is due is sent, and the rate is that of the schedule",
  runsWith: always,
  prepare(_protocol, { seconds }) {
    const each = seconds(3);
    const stages = `${each}s:300,${each}s:100-500,${each}s:50`;
    const due = each * (300 + 300 + 50);
    return {
      behaviour: inTurn([answer()]),
      flags: ["-c", "4", "--stages", stages, "--drain", "10s"],
      figures: (run, records) => [
        ...scheduled(due, run, records),
        {
          name: "requests a second",
          known: due / (3 * each),
          measured: run.requestsPerSecond,
          tolerance: { kind: "percent", percent: 1 },
        },
      ],
    };
  },
};

const phases: TruthCase = {
  name: "phases",
  about: "a handshake that waits 25 ms, a first byte after 30 ms, the last one 40 ms later",
  runsWith: always,
  prepare(protocol, { requests }) {
    const handshakeMs = 25;
    const total = requests(80);
    return {
      behaviour: inTurn([answer({ bodyBytes: 1000, delayMs: 30, pauseMs: 40 })]),
      handshakeDelayMs: handshakeMs,
      flags: ["-c", "4", "-n", `${total}`, "--phases"],
      figures: (run, records) => [
        ...times("latency", records.serviceUs, run.latency),
        ...times("first byte", ascending(records.firstByteUs), run.phases!.firstByte),
        ...times("transfer", ascending(records.transferUs), run.phases!.transfer, "span"),
        count("connects counted", 4, run.phases!.connect?.count),
        ...isSecure(protocol)
          ? [
            count("handshakes counted", 4, run.phases!.tls?.count),
            {
              name: "shortest handshake, us",
              known: handshakeMs * 1000,
              measured: run.phases!.tls?.minUs ?? null,
              tolerance: { kind: "handshake" } as const,
            },
          ]
          : [],
      ],
    };
  },
};

export const cases: readonly TruthCase[] = [
  counts,
  errors,
  closes,
  delays,
  omission,
  rates,
  phases,
];
