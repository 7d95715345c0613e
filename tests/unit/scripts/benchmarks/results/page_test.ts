import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { renderPage } from "../../../../../scripts/benchmarks/results/page.ts";
import { contender, growthRecord, serveRecord, serveRow, startRecord } from "./records.ts";

const parts = {
  introduction: "# Records\n\nWhat this is.\n",
  records: [serveRecord, startRecord, growthRecord],
  headlines: new Set(["serve", "start", "load"]),
  rest: "\n## Soak\n\nPASS\n",
};
const page = renderPage(parts);

Deno.test("renderPage() has a line for each headline: floor, ours, the best other, goals", () => {
  assertStringIncludes(
    page,
    "| `serve` tcp, 50 | 4.00 | 6.00, 1.50 x | nginx, newer: 7.50, 1.88 x | " +
      "1.25 x (1.25 to 1.27) | PASS: at least 1.20 x; short: at most 1.30 x floor |",
  );
  assertEquals(page.match(/^\| `serve/gm)?.length, 1, "one line, of its first row");
});

Deno.test("renderPage() says what could not be measured or judged in a headline", () => {
  const contenders = [
    serveRow.contenders[0],
    { ...contender("nginx", []), missing: "nginx is missing" },
  ];
  const record = { ...serveRecord, rows: [{ ...serveRow, contenders }] };
  assertStringIncludes(
    renderPage({ ...parts, records: [record] }),
    "| `serve` tcp, 50 |  | 6.00 |  |  | not judged: at least 1.20 x; " +
      "not judged: at most 1.30 x floor |",
  );
  assertStringIncludes(renderPage({ ...parts, headlines: new Set() }), "None was measured.");
});

Deno.test("renderPage() has a line for each other figure of a headline", () => {
  assertStringIncludes(page, "| `start` | one worker | 54 ms |  | PASS: at most 60 ms |");
});

Deno.test("renderPage() prints all rows, each run once with its machine and versions", () => {
  assertEquals(page.match(/^2026-11-30T14:10Z, AMD EPYC, 2 cores/gm)?.length, 1);
  assertEquals(page.match(/^2026-12-01T08:00Z, AMD EPYC, 2 cores/gm)?.length, 1);
  assertEquals(page.match(/^nginx: nginx\/1\.22\.1$/gm)?.length, 2);
  for (const text of ["  tcp, 600 connections", "PASS        at most 60 ms: 54.00", "  of 10"]) {
    assertStringIncludes(page, text);
  }
  assertEquals((page.match(/^```$/gm) ?? []).length % 2, 0);
});

Deno.test("renderPage() shows a picture for each growth comparison", () => {
  assertStringIncludes(page, "![files by size](pictures/grow-body.svg)");
  assert(!renderPage({ ...parts, records: [serveRecord] }).includes("### Growth"));
});

Deno.test("renderPage() begins with the introduction and ends with what it does not make", () => {
  assert(page.startsWith("# Records\n\nWhat this is.\n\n### Headlines\n"));
  assert(page.endsWith("\n\n## Soak\n\nPASS\n"));
});
