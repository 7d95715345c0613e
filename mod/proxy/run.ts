/** Runs the proxy: configuration, signals, and an end that loses no request. */
import { exitCodes } from "../base/errors.ts";
import { type Logger, openLogFile } from "../log/mod.ts";
import { createReactor } from "../net/mod.ts";
import type { Reactor } from "../net/reactor.ts";
import { channelVariable } from "../process/channel.ts";
import { getVariable } from "../process/environment.ts";
import { raiseOpenFilesLimit } from "../process/limits.ts";
import { PidFile } from "../process/pid_file.ts";
import { listenForPause } from "../process/pausing.ts";
import { notify, notifyReady } from "../process/readiness.ts";
import { addSignalListener, swallowSignal } from "../process/signals.ts";
import { type InheritedSocket, parseStarterPort } from "../process/starter_port.ts";
import { readAppliance } from "../tls/appliance.ts";
import { findConfigFile, loadPlan } from "./config_file.ts";
import { ListenerSet } from "./listeners.ts";
import type { ProxyCommand } from "./options.ts";
import type { ProxyPlan } from "./plan.ts";
import { Reloads } from "./reloads.ts";
import { reportConfigurationOk } from "./report.ts";
import { resolvePlan } from "./resolve_plan.ts";
import { SingleProcess } from "./single_process.ts";
import { welcomePlan } from "./welcome_plan.ts";
import { WorkerMember } from "./workers/member.ts";
import { runMaster } from "./workers/run_master.ts";

/** What does not change while the process lives. */
interface Setting {
  readonly command: ProxyCommand;
  readonly logger: Logger;
  /** null: no supervisor holds sockets for us. */
  readonly inherited: readonly InheritedSocket[] | null;
}

/** Runs until a signal ends it. Throws `StartError`. */
export async function runProxy(command: ProxyCommand, logger: Logger): Promise<number> {
  const starterPort = getVariable("SERVER_STARTER_PORT");
  const inherited = starterPort === undefined ? null : parseStarterPort(starterPort);
  const setting = { command, logger, inherited };
  const plan = readPlan(setting);
  if (command.testOnly) {
    reportConfigurationOk();
    return exitCodes.ok;
  }
  return await serve(plan, setting);
}

/** The configuration as it is now, or the welcome page where there is none. Throws `StartError`. */
function readPlan({ command, logger, inherited }: Setting): ProxyPlan {
  const file = findConfigFile(command.configFile);
  const plan = file === null ? welcomePlan() : loadPlan(file, inherited === null);
  // The master has said it already.
  const isWorker = getVariable(channelVariable) !== undefined;
  for (const notice of isWorker ? [] : plan.notices) logger.warn(notice);
  return plan;
}

async function serve(unresolved: ProxyPlan, setting: Setting): Promise<number> {
  const { logger, inherited } = setting;
  const member = WorkerMember.join();
  const warn = (message: string) => logger.warn(message);
  // Under a supervisor its pid is the one to signal, and its log the one to read (h2o does so, too).
  const isAlone = inherited === null;
  if (isAlone) redirectLog(unresolved, logger);
  const pidPath = isAlone ? unresolved.global.pidFile : null;
  const pidFile = pidPath === null ? null : PidFile.acquire(pidPath);
  raiseOpenFilesLimit();
  const plan = await resolvePlan(unresolved, warn);
  const reactor = await createReactor(getVariable("HAYATE_REACTOR"));
  const generation = readGeneration();
  if (plan.global.workers > 1 && member === null) {
    const argv = plan.file === null ? [] : ["-c", plan.file];
    const code = await runMaster({ plan, reactor, logger, inherited, generation, argv });
    pidFile?.release();
    return code;
  }
  await runSingle(plan, setting, reactor, member, generation);
  pidFile?.release();
  return exitCodes.ok;
}

async function runSingle(
  plan: ProxyPlan,
  setting: Setting,
  reactor: Reactor,
  member: WorkerMember | null,
  generation: number | null,
): Promise<void> {
  const { logger, inherited } = setting;
  const single = new SingleProcess(plan, {
    reactor,
    logger,
    listeners: new ListenerSet(reactor, inherited, (message) => logger.warn(message)),
    tls: readAppliance(getVariable),
    generation,
    member,
  });
  single.listen();
  const reloads = new Reloads({
    logger,
    load: () => resolvePlan(readPlan(setting), (message) => logger.warn(message)),
    apply: (next) => applyPlan(single, next, setting),
  });
  listenToSignals(single, logger, () => reloads.stop(), () => reactor.stop());
  const running = reactor.run();
  await single.start();
  // A worker's master reloads.
  if (member === null) addSignalListener("HUP", () => reloads.request());
  else swallowSignal("HUP");
  notifyReady(listenForPause(single));
  member?.ready();
  await running;
  member?.close();
  await single.closeLogs();
}

async function applyPlan(
  single: SingleProcess,
  plan: ProxyPlan,
  { logger, inherited }: Setting,
): Promise<void> {
  await single.reload(plan);
  if (inherited === null) redirectLog(plan, logger);
  if (plan.global.workers > 1) {
    logger.warn("num-threads: from one process to several takes a restart; the rest is in force");
  }
}

function redirectLog({ global }: ProxyPlan, logger: Logger): void {
  if (global.errorLog === null) return;
  logger.redirect(openLogFile(global.errorLog, (message) => logger.warn(message)));
}

function listenToSignals(
  single: SingleProcess,
  logger: Logger,
  endReloads: () => void,
  stop: () => void,
): void {
  let isDraining = false;
  for (const name of ["TERM", "INT"]) {
    addSignalListener(name, () => {
      if (isDraining) return;
      isDraining = true;
      endReloads();
      notify("STOPPING=1");
      logger.info(`received ${name}, gracefully shutting down`);
      void single.drain().then(stop);
    });
  }
  addSignalListener("QUIT", stop);
  addSignalListener("USR1", () => {
    single.reopenLogs();
    logger.reopen();
  });
}

function readGeneration(): number | null {
  const text = getVariable("SERVER_STARTER_GENERATION");
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : null;
}
