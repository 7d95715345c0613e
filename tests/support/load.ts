/** Running `hayate load` for tests. */
import { assertEquals } from "@std/assert";
import type { ReportJson, RunJson } from "../../mod/load/report/report_json.ts";
import { runHayate } from "./binary.ts";

/** Runs load with a JSON report on stdout. */
export async function measure(...args: string[]): Promise<RunJson> {
  const { stdout, stderr, code } = await runHayate(["load", "--json", "-", ...args]);
  assertEquals(stderr, "");
  const run = (JSON.parse(stdout) as ReportJson).runs[0];
  assertEquals(code, run.requestsAnswered > 0 ? 0 : 1, "1 only when nothing was answered");
  return run;
}
