/** `hayate supervise`: the hot-deploy supervisor. */
import { StartError } from "../base/errors.ts";
import type { Invocation, Mode } from "../cli/mod.ts";
import { allVariables, getVariable } from "../process/environment.ts";
import { chooseLog } from "../process/choose_log.ts";
import { daemonVariable, noParent } from "./launcher.ts";
import { readSupervisePlan } from "./plan/options.ts";
import type { Plan } from "./plan/plan.ts";
import { stateGreeting } from "./replacement/state.ts";
import { printLine, subcommands } from "./subcommands.ts";
import { superviseTable } from "./plan/flags.ts";

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
    if (argv[0] === "exec-with-parent") return await becomeWorker(argv.slice(1));
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

/**
 * `exec-with-parent PID -- COMMAND...`: what a worker does before it is the command, under
 * `--die-with-parent` (else PID is `-`) and `--listen-fds`.
 */
async function becomeWorker(argv: readonly string[]): Promise<number> {
  const { execProgram, execWithParent } = await import("../process/children/exec.ts");
  const [parent, , ...command] = argv;
  const { reason, exitCode } = parent === noParent
    ? execProgram(command[0] ?? "", command, allVariables())
    : execWithParent(command, Number(parent), "TERM");
  throw new StartError(`failed to exec ${reason}`, exitCode);
}
