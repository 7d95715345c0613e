import { assertEquals } from "@std/assert";
import { FileReports } from "../../../mod/tls/file_reports.ts";

Deno.test("a line of several listeners is reported once a round", () => {
  let nowMs = 1000;
  const lines: string[] = [];
  const reports = new FileReports((line) => lines.push(line), () => nowMs);
  for (const line of ["a", "b", "a", "b"]) {
    reports.report(line);
    nowMs += 10;
  }
  assertEquals(lines, ["a", "b"]);
  // The next check of the files.
  nowMs += 10_000;
  reports.report("a");
  assertEquals(lines, ["a", "b", "a"]);
});
