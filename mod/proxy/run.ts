/** Runs the proxy: configuration, signals, and an end that loses no request. */
import { exitCodes } from "../base/errors.ts";
import { type Logger, openLogFile } from "../log/mod.ts";
import { createReactor } from "../net/mod.ts";
import { channelVariable } from "../process/channel.ts";
import { getVariable } from "../process/environment.ts";
import { raiseOpenFilesLimit } from "../process/limits.ts";
import { PidFile } from "../process/pid_file.ts";
import { listenForPause } from "../process/pausing.ts";
import { notify, notifyReady } from "../process/readiness.ts";
import { addSignalListener } from "../process/signals.ts";
import { type InheritedSocket, parseStarterPort } from "../process/starter_port.ts";
import { readAppliance } from "../tls/appliance.ts";
import { findConfigFile, loadPlan } from "./config_file.ts";
import type { ProxyCommand } from "./options.ts";
import type { ProxyPlan } from "./plan.ts";
import { reportConfigurationOk } from "./report.ts";
import { resolvePlan } from "./resolve_plan.ts";
import { ProxyServer } from "./server.ts";
import { welcomePlan } from "./welcome_plan.ts";
import { WorkerMember } from "./workers/member.ts";
import { runMaster } from "./workers/run_master.ts";

/** Runs until a signal ends it. Throws `StartError`. */
export async function runProxy(command: ProxyCommand, logger: Logger): Promise<number> {
  const starterPort = getVariable("SERVER_STARTER_PORT");
  const inherited = starterPort === undefined ? null : parseStarterPort(starterPort);
  const file = findConfigFile(command.configFile);
  const plan = file === null ? welcomePlan() : loadPlan(file, inherited === null);
  // The master has said it already.
  const isWorker = getVariable(channelVariable) !== undefined;
  for (const notice of isWorker ? [] : plan.notices) logger.warn(notice);
  if (command.testOnly) {
    reportConfigurationOk();
    return exitCodes.ok;
  }
  return await serve(plan, logger, inherited, file === null ? [] : ["-c", file]);
}

async function serve(
  unresolved: ProxyPlan,
  logger: Logger,
  inherited: readonly InheritedSocket[] | null,
  argv: readonly string[],
): Promise<number> {
  const member = WorkerMember.join();
  const warn = (message: string) => logger.warn(message);
  const { pidFile: pidPath, errorLog } = unresolved.global;
  // Under a supervisor its pid is the one to signal, and its log the one to read (h2o does so, too).
  const isAlone = inherited === null;
  if (errorLog !== null && isAlone) logger.redirect(openLogFile(errorLog, warn));
  const pidFile = pidPath !== null && isAlone ? PidFile.acquire(pidPath) : null;
  raiseOpenFilesLimit();
  const plan = await resolvePlan(unresolved, warn);
  const reactor = await createReactor(getVariable("HAYATE_REACTOR"));
  const generation = readGeneration();
  if (plan.global.workers > 1 && member === null) {
    const code = await runMaster({ plan, reactor, logger, inherited, generation, argv });
    pidFile?.release();
    return code;
  }
  const server = new ProxyServer(plan, {
    reactor,
    logger,
    inherited,
    tls: readAppliance(getVariable),
    generation,
    member,
  });
  server.listen();
  listenToSignals(server, logger, () => reactor.stop());
  const running = reactor.run();
  await server.start();
  notifyReady(listenForPause(server));
  member?.ready();
  await running;
  member?.close();
  await server.closeLogs();
  pidFile?.release();
  return exitCodes.ok;
}

function listenToSignals(server: ProxyServer, logger: Logger, stop: () => void): void {
  let isDraining = false;
  for (const name of ["TERM", "INT"]) {
    addSignalListener(name, () => {
      if (isDraining) return;
      isDraining = true;
      notify("STOPPING=1");
      logger.info(`received ${name}, gracefully shutting down`);
      void server.drain().then(stop);
    });
  }
  addSignalListener("QUIT", stop);
  addSignalListener("USR1", () => {
    server.reopenLogs();
    logger.reopen();
  });
  addSignalListener("HUP", () => {
    logger.warn("received HUP: run under `hayate supervise` and send HUP there to reload");
  });
}

function readGeneration(): number | null {
  const text = getVariable("SERVER_STARTER_GENERATION");
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : null;
}
