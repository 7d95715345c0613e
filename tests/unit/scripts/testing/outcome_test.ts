import { assertEquals } from "@std/assert";
import {
  emptyOutcome,
  exitCodeOf,
  formatCounts,
  formatFailed,
  formatReport,
  formatSkipped,
} from "../../../../scripts/testing/outcome.ts";

Deno.test("formatCounts() is the promised last line, with skips only when there are some", () => {
  const outcome = { ...emptyOutcome(), passed: 3, failed: 1 };
  assertEquals(formatCounts(outcome), "3 passed, 1 failed");
  outcome.skipped.push("a [needs wrk]");
  assertEquals(formatCounts(outcome), "3 passed, 1 failed, 1 skipped");
});

Deno.test("formatSkipped() names the missing program", () => {
  assertEquals(
    formatSkipped("proxy answers wrk [needs wrk]"),
    "skipped: proxy answers wrk needs wrk",
  );
});

Deno.test("formatReport() sets a report off, formatFailed() has its first line", () => {
  assertEquals(formatReport("a_test.ts\nexpected 1"), "\n--- a_test.ts\nexpected 1\n");
  assertEquals(formatFailed("a_test.ts\nexpected 1"), "failed: a_test.ts");
});

Deno.test("exitCodeOf() is a failure when something failed or nothing ran", () => {
  assertEquals(exitCodeOf({ ...emptyOutcome(), passed: 1 }), 0);
  assertEquals(exitCodeOf({ ...emptyOutcome(), passed: 9, failed: 1 }), 1);
  assertEquals(exitCodeOf({ ...emptyOutcome(), skipped: ["x"] }), 1);
});
