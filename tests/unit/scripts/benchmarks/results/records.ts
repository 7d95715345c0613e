/** Canned records for the tests of this folder. */
import type { ContenderResult, Row, Trial } from "../../../../../scripts/benchmarks/measure.ts";
import type { ComparisonRecord } from "../../../../../scripts/benchmarks/results/record.ts";
import type { GaugeRow } from "../../../../../scripts/benchmarks/verdict.ts";

export function contender(
  name: string,
  costs: readonly number[],
  isFloor = false,
): ContenderResult {
  const trials = costs.map((systemUs): Trial => ({
    requests: 100_000,
    requestsPerSecond: 50_000,
    errors: 0,
    server: { userUs: 1, systemUs: systemUs - 1 },
    client: { userUs: 0, systemUs: 9 },
  }));
  return { name, trials, missing: null, first: null, isFloor, isAside: false };
}

export const serveRow: Row = {
  comparison: "serve",
  judged: "server",
  transport: "tcp",
  connections: 50,
  driver: "wrk, varied heads",
  value: null,
  goal: 1.2,
  floorGoal: 1.3,
  contenders: [
    contender("hayate serve", [6, 6, 6]),
    contender("floor", [4, 4, 4], true),
    contender("nginx", [9, 9, 9]),
    contender("nginx, newer", [7.5, 7.5, 7.8]),
    {
      name: "absent",
      trials: [],
      missing: "absent is missing",
      first: null,
      isFloor: false,
      isAside: false,
    },
  ],
};

const startRow: GaugeRow = {
  comparison: "start",
  judged: "gauge",
  setting: "one worker",
  unit: "ms",
  goal: { max: 60 },
  contenders: [{ name: "hayate serve", samples: [54], missing: null, note: "of 10" }],
};

const run = {
  host: {
    date: "2026-11-30T14:10Z",
    cpu: "AMD EPYC",
    cores: 2,
    kernel: "6.18",
    loadBefore: 0.1,
  },
  versions: { hayate: "hayate 0.1.0", nginx: "nginx/1.22.1" },
  seconds: 2,
  runs: 3,
} as const;

export const serveRecord: ComparisonRecord = {
  ...run,
  comparison: "serve",
  title: "servers",
  rows: [serveRow, { ...serveRow, connections: 600 }],
};
export const startRecord: ComparisonRecord = {
  ...run,
  comparison: "start",
  title: "starts",
  rows: [startRow],
};
export const growthRows: readonly Row[] = [0, 1000, 100_000].map((number, index) => ({
  ...serveRow,
  comparison: "grow-body",
  goal: null,
  floorGoal: null,
  value: { number, axis: "bytes" },
  contenders: [
    contender("hayate serve", [10 ** (index + 1)]),
    contender("floor", [5 * 10 ** index], true),
    {
      name: "absent",
      trials: [],
      missing: "absent is missing",
      first: null,
      isFloor: false,
      isAside: false,
    },
  ],
}));
export const growthRecord: ComparisonRecord = {
  ...run,
  host: { ...run.host, date: "2026-12-01T08:00Z" },
  comparison: "grow-body",
  title: "files by size",
  rows: growthRows,
};
