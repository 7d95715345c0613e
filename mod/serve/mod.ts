/** `hayate serve`: a prefork server for a fetch handler, static files or a fixed body. */
import type { Mode } from "../cli/mod.ts";
import { Logger } from "../log/mod.ts";
import { chooseLog } from "../process/choose_log.ts";
import { useRootParent } from "../lifecycle/root_parent.ts";
import { allVariables, getVariable } from "../process/environment.ts";
import { InheritedBoard } from "../process/handover/generation_board.ts";
import { parentOpener } from "../process/privileges/parent_opener.ts";
import { sealInherited } from "../process/handover/inherited.ts";
import { claimReadiness } from "../process/handover/readiness.ts";
import { ownSection } from "../script/built/section.ts";
import { serveTable } from "./plan/flags.ts";
import { slotVariable } from "./worker/messages.ts";
import { readServePlan } from "./plan/options.ts";
import type { ServePlan } from "./plan/plan.ts";
import { onThisHost } from "./sockets/present_sockets.ts";
import { profileCommand } from "./profile_command.ts";
import { become, userOf } from "./run_user.ts";
import { statusCommand } from "./status_command.ts";
import type { Worker } from "./worker/worker.ts";

/** Replacing and watching a worker is the master's job, so these features need one. */
function needsMaster({ process, status, watch }: ServePlan): boolean {
  const isWatched = process.requestsMax !== null || process.timeoutMs > 0 ||
    process.memoryBytesMax !== null || process.heapBytesMax !== null || status !== null;
  // Under a supervisor it is the supervisor that replaces the process.
  const reloads = watch && getVariable("SERVER_STARTER_PORT") === undefined;
  if (isWatched || reloads) return true;
  // The portable reactor cannot inherit sockets: `auto` means one worker there, and an explicit
  // number of workers is an error.
  const portable = getVariable("HAYATE_REACTOR") === "portable";
  return process.workers === "auto" ? !portable : process.workers !== 1;
}

/** The worker of this process, once it is created. */
let current: Worker | null = null;

export const serveMode: Mode = {
  name: "serve",
  summary: serveTable.summary,
  table: serveTable,
  topics: async () => (await import("./topics/mod.ts")).serveTopics,
  subcommands: [statusCommand, profileCommand],
  async run(argv): Promise<number> {
    const variables = allVariables();
    const plan = onThisHost(readServePlan(argv, getVariable, ownSection() !== null));
    chooseLog(plan.log.flags);
    const log = new Logger({ name: "serve", level: plan.log.quiet ? "warn" : "info" });
    claimReadiness();
    InheritedBoard.claim();
    useRootParent();
    const inherited = sealInherited();
    const onStart = (worker: Worker) => void (current = worker);
    if (getVariable(slotVariable) !== undefined) {
      const { runPreforkWorker } = await import("./worker/prefork_worker.ts");
      return await runPreforkWorker(plan, log, onStart);
    }
    const user = userOf(plan);
    if (user !== null) {
      if (parentOpener() === null) {
        const { keepRootFor } = await import("../lifecycle/keeper.ts");
        return await keepRootFor({ argv: ["serve", ...argv], variables, inherited, logger: log });
      }
      become(user, plan, needsMaster(plan));
    }
    if (needsMaster(plan)) {
      const { runMaster } = await import("./master/run_master.ts");
      return await runMaster(plan, argv, log);
    }
    const { runSingle } = await import("./single.ts");
    return await runSingle(plan, log, onStart);
  },
  onUnhandled(error): boolean {
    current?.onUnhandled(error);
    return current !== null;
  },
};
