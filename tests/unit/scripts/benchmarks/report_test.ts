import { assertAlmostEquals, assertEquals } from "@std/assert";
import { figuresOf, ratioTo } from "../../../../scripts/benchmarks/figures.ts";
import type { Row, Trial } from "../../../../scripts/benchmarks/measure.ts";
import { renderGaugeRow, renderRow } from "../../../../scripts/benchmarks/report.ts";
import { type GaugeRow, judgeGauge, judgeRow } from "../../../../scripts/benchmarks/verdict.ts";
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

const row: Row = {
  comparison: "serve",
  judged: "server",
  transport: "tcp",
  connections: 50,
  driver: "wrk",
  goal: 1.2,
  contenders: [
    {
      name: "ours",
      trials: [trial(150_000, 0.5, 3.5), trial(152_000, 0.5, 3.4), trial(148_000, 0.6, 3.6)],
      missing: null,
    },
    {
      name: "theirs",
      trials: [trial(100_000, 1, 4), { ...trial(99_000, 1, 4.1), errors: 3 }, trial(101_000, 1, 4)],
      missing: null,
    },
    { name: "absent", trials: [], missing: "absent is missing" },
  ],
};

Deno.test("summarize() gives the median and half the range", () => {
  assertEquals(summarize([3, 1, 2]), { median: 2, spread: 0.5 });
  assertEquals(summarize([4, 2]), { median: 3, spread: 1 / 3 });
  assertEquals(summarize([0]), { median: 0, spread: 0 });
});

Deno.test("quantile() lies between values in proportion", () => {
  assertEquals([0, 0.5, 0.75, 1].map((share) => quantile([30, 10, 20], share)), [10, 20, 25, 30]);
  assertEquals(quantile([7], 0.25), 7);
});

Deno.test("ratioTo() compares requests per CPU-second of the judged side", () => {
  assertAlmostEquals(ratioTo(row, 1)!.median, 5 / 4);
  assertEquals(ratioTo(row, 2), null);
  assertEquals(figuresOf(row, row.contenders[1])!.errors, 3);
  const failing = { ...row.contenders[1], trials: [{ ...trial(100_000, 1, 4), errors: 500 }] };
  const contenders = [row.contenders[0], failing];
  assertEquals(ratioTo({ ...row, contenders }, 1), null, "failures are another task");
});

Deno.test("ratioTo() compares consecutive runs, so that the machine's pace does not matter", () => {
  const trials = (costs: number[]) => costs.map((cost) => trial(100_000, 0, cost));
  const contenders = [
    { ...row.contenders[0], trials: trials([1, 2, 4, 8, 16]) },
    { ...row.contenders[1], trials: trials([1.5, 2, 8, 8.8, 19.2]) },
  ];
  const { median, lowerQuartile, upperQuartile } = ratioTo({ ...row, contenders }, 1)!;
  [[median, 1.2], [lowerQuartile, 1.1], [upperQuartile, 1.5]].forEach(([is, should]) =>
    assertAlmostEquals(is, should)
  );
});

Deno.test("renderRow() shows figures, ratio, errors, who is missing and the verdict", () => {
  assertEquals(
    renderRow(row),
    `  tcp, 50 connections, driven by wrk
    ours                              150,000  ±1.3%     4.00  ±3.8%  (0.50 + 3.50)
    theirs                            100,000  ±1.0%     5.00  ±1.0%  (1.00 + 4.00)            hayate has 1.25 x (1.22 to 1.28) as many  3 ERRORS
    absent                          not measured: absent is missing
    PASS        at least 1.20 x the best other's requests per CPU-second: 1.25`,
  );
});

Deno.test("judgeRow() needs the goal against the best of those that could be measured", () => {
  assertEquals(judgeRow({ ...row, goal: null }), null);
  assertEquals(judgeRow({ ...row, goal: 1.3 })!.isMet, false);
  const better = { ...row.contenders[1], name: "better", trials: [trial(200_000, 1, 3)] };
  const contenders = [...row.contenders, better];
  assertAlmostEquals(judgeRow({ ...row, contenders })!.reached!, 1);
  const alone = judgeRow({ ...row, contenders: [row.contenders[0], row.contenders[2]] })!;
  assertEquals([alone.reached, alone.isMet], [null, null]);
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

Deno.test("renderGaugeRow() shows medians, spread, notes, who is missing and the verdict", () => {
  assertEquals(
    renderGaugeRow(gauge),
    `  one worker
    ours                                    54 ±18.5%
    theirs                                   9  of 10
    absent                          not measured: absent is missing
    PASS        at most 60 ms: 54.00`,
  );
});

Deno.test("judgeGauge() compares with a figure or with the best of the others", () => {
  assertEquals(judgeGauge({ ...gauge, goal: { max: 53 } }).isMet, false);
  const ratio = judgeGauge({ ...gauge, goal: { ratioMax: 1 } });
  assertEquals([ratio.reached, ratio.isMet], [6, false]);
  const contenders = [gauge.contenders[0], gauge.contenders[2]];
  assertEquals(judgeGauge({ ...gauge, goal: { ratioMax: 1 }, contenders }).isMet, null);
});
