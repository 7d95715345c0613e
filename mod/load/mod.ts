/** `hayate load`: the load generator. */
import { exitCodes } from "../base/errors.ts";
import type { Mode } from "../cli/mod.ts";
import { getVariable } from "../process/environment.ts";
import { raiseOpenFilesLimit } from "../process/limits.ts";
import { addSignalListener } from "../process/signals/signals.ts";
import { readLoadPlan } from "./plan/options.ts";
import type { LoadPlan } from "./plan/plan.ts";
import { prepareRun } from "./plan/prepare.ts";
import { ownRuns } from "./run/own_runs.ts";
import { LoadRuns, terminatedCode } from "./run/runs.ts";
import type { MainScript } from "./run/main_script.ts";
import { subcommands } from "./subcommands.ts";
import { loadTable } from "./plan/flags.ts";
import type { ScriptPlan } from "./plan/thread_plan.ts";

export const loadMode: Mode = {
  name: "load",
  summary: "HTTP load generator with wrk's output",
  table: loadTable,
  subcommands,
  topics: async () => (await import("./topics/mod.ts")).loadTopics,
  run: runLoad,
};

async function runLoad(argv: readonly string[]): Promise<number> {
  const plan = readLoadPlan(argv);
  if (plan.fleet !== null) {
    const { runOnMachines } = await import("./fleet/run_on_machines.ts");
    return await runOnMachines(plan, plan.fleet, argv);
  }
  raiseOpenFilesLimit(plan.threads);
  const { script, scripts } = await beginScript(plan);
  const prepared = await prepareRun(plan, scripts, getVariable("HAYATE_REACTOR") ?? "");
  if (plan.search !== null) {
    const { FindRate } = await import("./search/find_rate.ts");
    return await new FindRate(plan, plan.search, prepared, argv).run();
  }
  return await new LoadRuns(plan, ownRuns(plan, prepared), argv, script).run();
}

interface BegunScript {
  readonly script: MainScript | null;
  /** One for each thread. */
  readonly scripts: readonly ScriptPlan[];
}

async function beginScript(plan: LoadPlan): Promise<BegunScript> {
  if (plan.script === null) return { script: null, scripts: [] };
  const { MainScript } = await import("./run/main_script.ts");
  const script = new MainScript(plan, plan.script);
  const removers = [
    addSignalListener("INT", () => script.interrupt(exitCodes.interrupted)),
    addSignalListener("TERM", () => script.interrupt(terminatedCode)),
  ];
  try {
    await script.load();
    return { script, scripts: await script.setup(plan.threads) };
  } finally {
    for (const remove of removers) remove();
  }
}
