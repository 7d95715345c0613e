/** `hayate load`: the load generator. */
import type { Mode } from "../cli/mod.ts";
import { getVariable } from "../process/environment.ts";
import { raiseOpenFilesLimit } from "../process/limits.ts";
import { compareCommand } from "./compare.ts";
import { mergeCommand } from "./merge.ts";
import { parseLoadArgs } from "./options.ts";
import { plotCommand } from "./plot.ts";
import { prepareRun } from "./prepare.ts";
import { LoadRuns } from "./runs.ts";
import { loadTable } from "./table.ts";

export const loadMode: Mode = {
  name: "load",
  summary: "HTTP load generator with wrk's output",
  table: loadTable,
  subcommands: [plotCommand, compareCommand, mergeCommand],
  topics: async () => (await import("./topics/mod.ts")).loadTopics,
  run: runLoad,
};

async function runLoad(argv: readonly string[]): Promise<number> {
  const plan = parseLoadArgs(argv);
  raiseOpenFilesLimit();
  const prepared = await prepareRun(plan, null, getVariable("HAYATE_REACTOR") ?? "");
  return await new LoadRuns(plan, prepared, argv).run();
}
