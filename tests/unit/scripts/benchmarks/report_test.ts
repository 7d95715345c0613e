import { assertAlmostEquals, assertEquals } from "@std/assert";
import {
  figuresOf,
  floorMultiple,
  ratioTo,
  warmUpOf,
} from "../../../../scripts/benchmarks/figures.ts";
import type { ContenderResult, Row, Trial } from "../../../../scripts/benchmarks/measure.ts";
import { renderGaugeRow, renderRow } from "../../../../scripts/benchmarks/report.ts";
import {
  type GaugeRow,
  judgeGauge,
  judgeRow,
  renderVerdict,
} from "../../../../scripts/benchmarks/verdict.ts";
import { quantile, summarize } from "../../../../scripts/benchmarks/statistics.ts";

function trial(requestsPerSecond: number, userUs: number, systemUs: number): Trial {
  return {
    requests: 100_000,
    requestsPerSecond,
    errors: 0,
    server: { userUs, systemUs },
    client: { userUs: 0, systemUs: 9 },
  };
}

function contender(name: string, trials: readonly Trial[], isFloor = false): ContenderResult {
  return { name, trials, missing: null, first: null, isFloor, isAside: false };
}

const row: Row = {
  comparison: "serve",
  judged: "server",
  transport: "tcp",
  connections: 50,
  driver: "wrk",
  value: null,
  goal: 1.2,
  floorGoal: 1.5,
  contenders: [
    {
      ...contender("ours", [
        trial(150_000, 0.5, 3.5),
        trial(152_000, 0.5, 3.4),
        trial(148_000, 0.6, 3.6),
      ]),
      first: trial(140_000, 1, 5),
    },
    contender("floor", [
      trial(180_000, 0.1, 2.4),
      trial(180_000, 0.1, 2.4),
      trial(180_000, 0.1, 2.4),
    ], true),
    contender("theirs", [
      trial(100_000, 1, 4),
      { ...trial(99_000, 1, 4.1), errors: 3 },
      trial(101_000, 1, 4),
    ]),
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
const [ours, floor, theirs, absent] = row.contenders;

Deno.test("summarize() gives the median and the quartiles", () => {
  assertEquals(summarize([3, 1, 2]), { median: 2, lowerQuartile: 1.5, upperQuartile: 2.5 });
  assertEquals(summarize([4]), { median: 4, lowerQuartile: 4, upperQuartile: 4 });
});

Deno.test("quantile() lies between values in proportion", () => {
  assertEquals([0, 0.5, 0.75, 1].map((share) => quantile([30, 10, 20], share)), [10, 20, 25, 30]);
  assertEquals(quantile([7], 0.25), 7);
});

Deno.test("ratioTo() compares requests per CPU-second of the judged side", () => {
  assertAlmostEquals(ratioTo(row, 2)!.median, 5 / 4);
  assertEquals(ratioTo(row, 3), null);
  assertEquals(figuresOf(row, theirs)!.errors, 3);
  const failing = { ...theirs, trials: [{ ...trial(100_000, 1, 4), errors: 500 }] };
  assertEquals(ratioTo({ ...row, contenders: [ours, failing] }, 1), null, "another task");
});

Deno.test("ratioTo() compares consecutive runs, so that the machine's pace does not matter", () => {
  const trials = (costs: number[]) => costs.map((cost) => trial(100_000, 0, cost));
  const contenders = [
    { ...ours, trials: trials([1, 2, 4, 8, 16]) },
    { ...theirs, trials: trials([1.5, 2, 8, 8.8, 19.2]) },
  ];
  const { median, lowerQuartile, upperQuartile } = ratioTo({ ...row, contenders }, 1)!;
  [[median, 1.2], [lowerQuartile, 1.1], [upperQuartile, 1.5]].forEach(([is, should]) =>
    assertAlmostEquals(is, should)
  );
});

Deno.test("floorMultiple() is the cost beside the floor's, where there is one", () => {
  assertAlmostEquals(floorMultiple(row, 0)!.median, 1.6);
  assertAlmostEquals(floorMultiple(row, 1)!.median, 1);
  assertEquals(floorMultiple({ ...row, contenders: [ours, theirs] }, 0), null);
});

Deno.test("warmUpOf() takes the first second out of a client's runs, and puts it beside a server's", () => {
  assertEquals(warmUpOf(row), { firstSecondUs: 6, laterUs: 4, shareOfRun: 0 });
  const first = { ...trial(100_000, 0, 0), client: { userUs: 4, systemUs: 8 } };
  const run = { ...trial(100_000, 0, 0), requests: 500_000 };
  const client = { ...row, judged: "client" as const };
  // 500,000 requests cost 9 us each, of which the first 100,000 cost 12.
  const { firstSecondUs, laterUs, shareOfRun } = warmUpOf({
    ...client,
    contenders: [{ ...ours, first, trials: [run] }],
  })!;
  assertEquals(firstSecondUs, 12);
  assertAlmostEquals(laterUs, (9 * 5 - 12) / 4);
  assertAlmostEquals(shareOfRun, 1 - 8.25 / 9);
  const short = [{ ...ours, first, trials: [{ ...run, requests: 100_000 }] }];
  assertEquals(warmUpOf({ ...client, contenders: short }), null);
  assertEquals(warmUpOf({ ...row, contenders: [theirs] }), null);
});

Deno.test("renderRow() shows figures, floor, ratio, errors, who is missing, verdicts, compiling", () => {
  assertEquals(
    renderRow(row),
    `\
  tcp, 50 connections, driven by wrk
    floor                              180,000                      2.50         0.10 + 2.40                    1.00
    ours                               150,000       4.00 (3.95 to 4.10)         0.50 + 3.50     1.60 (1.58 to 1.64)
    theirs                             100,000       5.00 (5.00 to 5.05)         1.00 + 4.00     2.00 (2.00 to 2.02)   hayate has 1.25 x (1.22 to 1.28) as many   3 ERRORS
    absent                          not measured: absent is missing
    PASS        at least 1.20 x the best other's requests per CPU-second: 1.25
    short       at most 1.50 x the floor's CPU time per request: 1.60
    compiling   hayate's first second 6.00 us/request, later 4.00; the runs begin after it`,
  );
});

Deno.test("renderRow() says at which value of a growth comparison it was measured", () => {
  const contenders = [{ ...ours, first: null }, theirs];
  const grown = { ...row, contenders, value: { number: 5000, axis: "peers" }, floorGoal: null };
  assertEquals(
    renderRow(grown).split("\n")[0],
    "  peers 5,000: tcp, 50 connections, driven by wrk",
  );
});

Deno.test("judgeRow() needs the goals against the floor and the best of those measured", () => {
  assertEquals(judgeRow({ ...row, goal: null, floorGoal: null }), []);
  const verdicts = (changed: Partial<Row>) =>
    judgeRow({ ...row, ...changed }).map(({ isMet }) => isMet);
  assertEquals(verdicts({}), [true, false]);
  assertEquals(verdicts({ goal: 1.3, floorGoal: 1.61 }), [false, true]);
  const better = contender("better", [trial(200_000, 1, 3)]);
  const [{ reached }] = judgeRow({ ...row, contenders: [...row.contenders, better] });
  assertAlmostEquals(reached!, 1);
  assertEquals(verdicts({ contenders: [ours, absent] }), [null, null]);
});

Deno.test("judgeRow() never takes the floor for another contender", () => {
  const [{ goal }] = judgeRow({ ...row, contenders: [ours, floor, theirs] });
  assertEquals(goal, "at least 1.20 x theirs's requests per CPU-second");
});

Deno.test("judgeRow() leaves out those that stand aside", () => {
  const better = { ...contender("better", [trial(200_000, 1, 3)]), isAside: true };
  const [{ reached }] = judgeRow({ ...row, contenders: [...row.contenders, better] });
  assertAlmostEquals(reached!, 1.25);
});

Deno.test("judgeRow() judges beside a contender that has a goal of its own", () => {
  const contenders = [ours, { ...theirs, goal: 1.2 }, { ...absent, goal: 1 }];
  assertEquals(
    judgeRow({ ...row, goal: null, floorGoal: null, contenders }).map(renderVerdict),
    [
      "    PASS        at least 1.20 x theirs's requests per CPU-second: 1.25",
      "    not judged  at least 1.00 x absent's requests per CPU-second",
    ],
  );
});

Deno.test("renderVerdict() says short when a goal is missed, and when it could not be judged", () => {
  const [verdict] = judgeRow({ ...row, goal: 1.3 });
  assertEquals(
    renderVerdict(verdict),
    "    short       at least 1.30 x the best other's requests per CPU-second: 1.25",
  );
  const [unknown] = judgeRow({ ...row, contenders: [ours, absent] });
  assertEquals(
    renderVerdict(unknown),
    "    not judged  at least 1.20 x absent's requests per CPU-second",
  );
});

const gauge: GaugeRow = {
  comparison: "start",
  judged: "gauge",
  setting: "one worker",
  unit: "ms",
  goal: { max: 60 },
  contenders: [
    { name: "ours", samples: [50, 70, 54], missing: null },
    { name: "theirs", samples: [9], missing: null, note: "of 10" },
    { name: "absent", samples: [], missing: "absent is missing" },
  ],
};

Deno.test("renderGaugeRow() shows medians, quartiles, notes, who is missing and the verdict", () => {
  assertEquals(
    renderGaugeRow(gauge),
    `  one worker
    ours                                    54 (52 to 62)
    theirs                                   9  of 10
    absent                          not measured: absent is missing
    PASS        at most 60 ms: 54.00`,
  );
});

Deno.test("judgeGauge() compares with the one that the goal names", () => {
  const contenders = [...gauge.contenders, { name: "third", samples: [27], missing: null }];
  const [verdict] = judgeGauge({ ...gauge, goal: { ratioMax: 2, beside: "third" }, contenders });
  assertEquals(verdict, { goal: "at most 2.00 x third's", reached: 2, isMet: true });
  const [unknown] = judgeGauge({ ...gauge, goal: { ratioMax: 2, beside: "absent" } });
  assertEquals([unknown.goal, unknown.isMet], ["at most 2.00 x absent's", null]);
});

Deno.test("judgeGauge() compares with a figure or with the best of the others", () => {
  assertEquals(judgeGauge({ ...gauge, goal: { max: 53 } })[0].isMet, false);
  const [ratio] = judgeGauge({ ...gauge, goal: { ratioMax: 1 } });
  assertEquals([ratio.reached, ratio.isMet], [6, false]);
  const contenders = [gauge.contenders[0], gauge.contenders[2]];
  assertEquals(judgeGauge({ ...gauge, goal: { ratioMax: 1 }, contenders })[0].isMet, null);
  assertEquals(judgeGauge({ ...gauge, goal: null }), []);
});
