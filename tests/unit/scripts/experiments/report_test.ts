import { assertEquals } from "@std/assert";
import {
  hasPassed,
  judged,
  measured,
  renderText,
  type Result,
} from "../../../../scripts/experiments/report.ts";
import { lossText, readAbReport } from "../../../../scripts/experiments/reuseport_pair.ts";

const good: Result = {
  name: "sample",
  question: "does it work?",
  rows: [measured("requests", "118,981", "386,505"), judged("errors", "0", "0", true, "some")],
  notes: ["two cores"],
  picture: "dist/experiments/sample.svg",
  figures: null,
  durationMs: 11_000,
};

Deno.test("renderText() puts the original and ours side by side and prints PASS", () => {
  assertEquals(
    renderText(good),
    `sample: does it work?
            original, 2015  here
  requests  118,981         386,505
  errors    0               0
  note: two cores
  picture: dist/experiments/sample.svg
PASS sample (11 s)
`,
  );
});

Deno.test("renderText() names what fell short", () => {
  const bad = { ...good, rows: [judged("errors", "0", "3", false, "read: 3")] };
  assertEquals(hasPassed(bad), false);
  assertEquals(renderText(bad).split("\n").slice(-3), [
    "  FELL SHORT: errors: read: 3",
    "FELL SHORT sample (11 s)",
    "",
  ]);
});

Deno.test("readAbReport() reads what ab counted, with and without failures", () => {
  const text = (failed: string) =>
    `Concurrency Level:      20
Complete requests:      100000
Failed requests:        ${failed}
Requests per second:    9876.54 [#/sec] (mean)
`;
  assertEquals(readAbReport(text("0")), {
    complete: 100_000,
    failed: 0,
    causes: "",
    requestsPerSecond: 9876.54,
  });
  const causes = "Connect: 0, Receive: 7, Length: 6, Exceptions: 7";
  const report = readAbReport(text(`20\n   (${causes})`));
  assertEquals([report.failed, report.causes], [20, causes]);
  assertEquals(lossText(report), "20 of 100,000 (20.0 in 100,000)");
});
