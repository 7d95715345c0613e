/** `hayate load`: the load generator. */
import type { Mode } from "../cli/mod.ts";
import { readLoadPlan } from "./options/options.ts";
import { readBenchOptions } from "./options/bench_options.ts";
import { beginRun } from "./run/begin.ts";
import { restoreTerminal } from "./live/terminal.ts";
import { type MetricsDoor, withMetrics } from "./run/metrics_door.ts";
import type { LoadPlan } from "./plan/plan.ts";
import { ownRuns } from "./run/own_runs.ts";
import { LoadRuns } from "./run/runs.ts";
import { subcommands } from "./subcommands.ts";
import { loadTable } from "./options/flags.ts";

export const loadMode: Mode = {
  name: "load",
  summary: "HTTP load generator with wrk's output",
  table: loadTable,
  subcommands,
  topics: async () => (await import("./topics/mod.ts")).loadTopics,
  run: runLoad,
  onUnhandled() {
    restoreTerminal();
    return false;
  },
};

async function runLoad(argv: readonly string[]): Promise<number> {
  const bench = readBenchOptions(argv);
  if (bench !== null) {
    const { runBench } = await import("./bench/bench.ts");
    return await runBench(bench);
  }
  const plan = readLoadPlan(argv);
  if (plan.fleet !== null) {
    const { runOnMachines } = await import("./fleet/run_on_machines.ts");
    return await runOnMachines(plan, plan.fleet, argv);
  }
  return await withMetrics(plan.output.metrics, (metrics) => runHere(plan, argv, metrics));
}

async function runHere(
  plan: LoadPlan,
  argv: readonly string[],
  metrics: MetricsDoor | null,
): Promise<number> {
  const { prepared, script } = await beginRun(plan);
  if (plan.search !== null) {
    const { FindRate } = await import("./search/find_rate.ts");
    return await new FindRate(plan, plan.search, prepared, argv, metrics).run();
  }
  return await new LoadRuns(plan, ownRuns(plan, prepared, metrics), argv, script).run();
}
