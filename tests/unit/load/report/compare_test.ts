import { assertAlmostEquals, assertEquals } from "@std/assert";
import { estimateRatio, median } from "../../../../mod/load/report/bootstrap.ts";
import { compareRuns, renderComparison } from "../../../../mod/load/report/compare.ts";
import type { RunJson } from "../../../../mod/load/report/json/report_json.ts";

function run(requestsPerSecond: number, latencyUs: number, requestsFailed = 0): RunJson {
  const percentilesUs = { p50: latencyUs, p90: latencyUs, p99: latencyUs, "p99.9": latencyUs };
  const part = {
    requestsPerSecond,
    requestsFailed,
    requestsSent: 1000,
    latency: { percentilesUs },
  };
  return part as unknown as RunJson;
}

function verdicts(base: RunJson[], fresh: RunJson[]): string[] {
  return compareRuns(base, fresh, 0.05).map((row) => row.verdict);
}

Deno.test("median() of odd and even counts", () => {
  assertEquals([median([3, 1, 2]), median([4, 1, 2, 3])], [2, 2.5]);
});

Deno.test("estimateRatio() returns a ratio and its interval, or no interval for single runs", () => {
  const { ratio, low, high } = estimateRatio([100, 101, 99], [200, 202, 198]);
  assertEquals(ratio, 2);
  assertEquals(low <= 2 && high >= 2 && low > 1.9 && high < 2.1, true);
  assertEquals(estimateRatio([100], [150]), { ratio: 1.5, low: NaN, high: NaN });
  // The same input gives the same answer.
  assertEquals(estimateRatio([1, 2, 3], [2, 3, 4]), estimateRatio([1, 2, 3], [2, 3, 4]));
});

Deno.test("compareRuns() calls a clear slowdown worse and a clear gain better", () => {
  const before = [run(1000, 500), run(1010, 505), run(990, 495)];
  const after = [run(800, 700), run(810, 705), run(790, 695)];
  assertEquals(verdicts(before, after), ["worse", "worse", "worse", "worse", "worse", "same"]);
  assertEquals(verdicts(after, before)[0], "better");
  assertEquals(verdicts(before, before), ["same", "same", "same", "same", "same", "same"]);
});

Deno.test("compareRuns() does not call noise a regression", () => {
  const before = [run(1000, 500), run(700, 900), run(1300, 300)];
  const after = [run(900, 600), run(1250, 320), run(650, 880)];
  assertEquals(verdicts(before, after).includes("worse"), false);
  assertEquals(verdicts(before, after)[0], "unclear");
});

Deno.test("compareRuns() calls new failures worse, however many runs there are", () => {
  assertEquals(verdicts([run(1000, 500)], [run(1000, 500, 3)]).at(-1), "worse");
});

Deno.test("renderComparison() aligns its columns and reports unknown noise", () => {
  const text = renderComparison(compareRuns([run(1000, 500)], [run(1000, 500)], 0.05));
  assertEquals(
    text.split("\n")[1],
    "requests/s     1.00k     1.00k  1.000  noise unknown     same",
  );
  assertAlmostEquals(text.split("\n").length, 8, 0);
});
