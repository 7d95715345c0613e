/** `hayate supervise`: the hot-deploy supervisor. */
import type { Invocation, Mode } from "../cli/mod.ts";
import { allVariables } from "../process/environment.ts";
import { readPlan } from "./options.ts";
import { superviseTable } from "./table.ts";

export const superviseMode: Mode = {
  name: "supervise",
  summary: superviseTable.summary,
  table: superviseTable,
  async run(argv: readonly string[], invocation: Invocation): Promise<number> {
    const plan = readPlan(argv, allVariables(), invocation.calledAs);
    if (plan.kind !== "run") throw new Error("not yet");
    const { run } = await import("./run.ts");
    return await run(plan);
  },
};
