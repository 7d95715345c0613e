import { assertAlmostEquals, assertEquals } from "@std/assert";
import type { Row, Trial } from "../../../../scripts/benchmarks/measure.ts";
import { figuresOf, ratioTo, renderRow } from "../../../../scripts/benchmarks/report.ts";
import { summarize } from "../../../../scripts/benchmarks/statistics.ts";

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

Deno.test("ratioTo() compares requests per CPU-second of the judged side", () => {
  assertAlmostEquals(ratioTo(row, 1)!, 5 / 4);
  assertEquals(ratioTo(row, 2), null);
  assertEquals(figuresOf(row, row.contenders[1])!.errors, 3);
  const failing = { ...row.contenders[1], trials: [{ ...trial(100_000, 1, 4), errors: 500 }] };
  const contenders = [row.contenders[0], failing];
  assertEquals(ratioTo({ ...row, contenders }, 1), null, "failures are another task");
});

Deno.test("renderRow() shows figures, ratio, errors and who is missing", () => {
  assertEquals(
    renderRow(row),
    `  tcp, 50 connections, driven by wrk
    ours                      150,000  ±1.3%     4.00  ±3.8%  (0.50 + 3.50)
    theirs                    100,000  ±1.0%     5.00  ±1.0%  (1.00 + 4.00)            hayate has 1.25 x as many  3 ERRORS
    absent                  not measured: absent is missing`,
  );
});
