/** From a plan to runs that can start: the script's `setup`, and the plans of the threads. */
import { exitCodes } from "../../base/errors.ts";
import { getVariable } from "../../process/environment.ts";
import { raiseOpenFilesLimit } from "../../process/limits.ts";
import { addSignalListener } from "../../process/signals/signals.ts";
import type { LoadPlan } from "../plan/plan.ts";
import { type PreparedRun, prepareRun } from "../plan/prepare.ts";
import type { ScriptPlan } from "../plan/thread_plan.ts";
import type { MainScript } from "./main_script.ts";
import { terminatedCode } from "./runs.ts";

export interface BegunRun {
  readonly prepared: PreparedRun;
  readonly script: MainScript | null;
}

/** Throws `StartError` for what cannot be read or resolved, and when the script fails. */
export async function beginRun(plan: LoadPlan): Promise<BegunRun> {
  raiseOpenFilesLimit(plan.threads);
  const { script, scripts } = await beginScript(plan);
  const prepared = await prepareRun(plan, scripts, getVariable("HAYATE_REACTOR") ?? "");
  return { prepared, script };
}

interface BegunScript {
  readonly script: MainScript | null;
  /** One for each thread. */
  readonly scripts: readonly ScriptPlan[];
}

async function beginScript(plan: LoadPlan): Promise<BegunScript> {
  if (plan.script === null) return { script: null, scripts: [] };
  const { MainScript } = await import("./main_script.ts");
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
