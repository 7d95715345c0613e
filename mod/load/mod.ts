/** `hayate load`: the load generator. */
import type { Mode } from "../cli/mod.ts";
import { getVariable } from "../process/environment.ts";
import { raiseOpenFilesLimit } from "../process/limits.ts";
import { parseLoadArgs } from "./options.ts";
import type { LoadPlan } from "./plan.ts";
import { prepareRun } from "./prepare.ts";
import { LoadRuns } from "./runs.ts";
import type { MainScript } from "./script/main_script.ts";
import { subcommands } from "./subcommands.ts";
import { loadTable } from "./table.ts";

export const loadMode: Mode = {
  name: "load",
  summary: "HTTP load generator with wrk's output",
  table: loadTable,
  subcommands,
  topics: async () => (await import("./topics/mod.ts")).loadTopics,
  run: runLoad,
};

async function runLoad(argv: readonly string[]): Promise<number> {
  const plan = parseLoadArgs(argv);
  raiseOpenFilesLimit(plan.threads);
  const script = await loadMainScript(plan);
  const scripts = await script?.setup() ?? [];
  const prepared = await prepareRun(plan, scripts, getVariable("HAYATE_REACTOR") ?? "");
  return await new LoadRuns(plan, prepared, argv, script).run();
}

async function loadMainScript(plan: LoadPlan): Promise<MainScript | null> {
  if (plan.script === null) return null;
  const { MainScript } = await import("./script/main_script.ts");
  return await MainScript.load(plan, plan.script);
}
