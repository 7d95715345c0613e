/** `hayate supervise`: the hot-deploy supervisor. */
import type { Invocation, Mode } from "../cli/mod.ts";
import { allVariables, getVariable } from "../process/environment.ts";
import { chooseLog } from "../process/choose_log.ts";
import { daemonVariable } from "./launcher.ts";
import { readSupervisePlan } from "./plan/options.ts";
import type { Plan } from "./plan/plan.ts";
import { stateGreeting } from "./replacement/state.ts";
import { printLine, subcommands } from "./subcommands.ts";
import { superviseTable } from "./plan/flags.ts";
import { becomeWorker, workerStep } from "./worker_step.ts";

export const superviseMode: Mode = {
  name: "supervise",
  summary: superviseTable.summary,
  table: superviseTable,
  topics: async () => (await import("./topics/mod.ts")).superviseTopics,
  subcommands,
  async run(argv: readonly string[], invocation: Invocation): Promise<number> {
    if (argv[0] === "resume-check") {
      Deno.stdout.writeSync(new TextEncoder().encode(`${stateGreeting}\n`));
      return 0;
    }
    if (argv[0] === workerStep) return becomeWorker(argv.slice(1));
    const plan = readSupervisePlan(argv, allVariables(), invocation.calledAs);
    if (plan.kind === "run") chooseLog({ format: plan.logFormat, stream: plan.logStream });
    return await perform(plan, argv, invocation.calledAs);
  },
};

async function perform(plan: Plan, argv: readonly string[], calledAs: string): Promise<number> {
  if (plan.kind !== "run") {
    const { restartByPidFile, stopByPidFile } = await import("./control/client.ts");
    if (plan.kind === "stop") return await stopByPidFile(plan.pidFile, printLine);
    return await restartByPidFile(plan, printLine);
  }
  if (plan.daemonize && getVariable(daemonVariable) === undefined) {
    const { startDaemon } = await import("./daemon.ts");
    return await startDaemon(plan, argv, calledAs);
  }
  const { run } = await import("./run.ts");
  return await run(plan);
}
