/** Runs the proxy: configuration, sockets, signals, and an end that loses no request. */
import { formatAddress } from "../base/address.ts";
import { exitCodes } from "../base/errors.ts";
import { version } from "../base/version.ts";
import { type Logger, openLogFile } from "../log/mod.ts";
import { createReactor } from "../net/mod.ts";
import { getVariable } from "../process/environment.ts";
import { raiseOpenFilesLimit } from "../process/limits.ts";
import { PidFile } from "../process/pid_file.ts";
import { notify, notifyReady } from "../process/readiness.ts";
import { addSignalListener } from "../process/signals.ts";
import { AccessLogs } from "./access_logs.ts";
import { PeerGroup } from "./balance/peer_group.ts";
import { findConfigFile, loadPlan } from "./config_file.ts";
import { RouteCompiler } from "./engine/compile.ts";
import { Engine } from "./engine/engine.ts";
import { configFilesDefault } from "./flags.ts";
import { type InheritedSocket, openListeners, readInherited } from "./listeners.ts";
import type { ProxyCommand } from "./options.ts";
import type { ProxyPlan } from "./plan.ts";
import { reportConfigurationOk } from "./report.ts";
import { resolvePlan } from "./resolve_plan.ts";
import { WelcomeHandler } from "./engine/welcome.ts";
import { welcomePlan } from "./welcome_plan.ts";

/** Runs until a signal ends it. Throws `StartError`. */
export async function runProxy(command: ProxyCommand, logger: Logger): Promise<number> {
  const inherited = readInherited(getVariable("SERVER_STARTER_PORT"));
  const file = findConfigFile(command.configFile);
  const plan = file === null ? welcomePlan() : loadPlan(file, inherited === null);
  for (const notice of plan.notices) logger.warn(notice);
  if (command.testOnly) {
    reportConfigurationOk();
    return exitCodes.ok;
  }
  return await new Running(plan, logger, inherited).run();
}

class Running {
  readonly #plan: ProxyPlan;
  readonly #logger: Logger;
  readonly #inherited: readonly InheritedSocket[] | null;

  constructor(plan: ProxyPlan, logger: Logger, inherited: readonly InheritedSocket[] | null) {
    this.#plan = plan;
    this.#logger = logger;
    this.#inherited = inherited;
  }

  async run(): Promise<number> {
    const logger = this.#logger;
    const warn = (message: string) => logger.warn(message);
    const { pidFile: pidPath, errorLog } = this.#plan.global;
    // Under a supervisor its pid is the one to signal, and its log the one to read (h2o does so, too).
    const isSupervised = this.#inherited !== null;
    if (errorLog !== null && !isSupervised) logger.redirect(openLogFile(errorLog, warn));
    const pidFile = pidPath !== null && !isSupervised ? PidFile.acquire(pidPath) : null;
    raiseOpenFilesLimit();
    const plan = await resolvePlan(this.#plan, warn);
    const reactor = await createReactor(getVariable("HAYATE_REACTOR"));
    const engine = new Engine(reactor, plan.global, logger);
    const logs = new AccessLogs((message) => logger.error(message));
    const groups = plan.upstreams.map((upstream) => new PeerGroup(upstream));
    const generation = readGeneration();
    const compiler = new RouteCompiler(plan, {
      engine,
      groups,
      openLog: (log) => logs.open(log),
      checkRows: () => ({ rows: [], generation: generation ?? 1 }),
    });
    const facts = { version, generation, pid: Deno.pid, configFiles: configFilesDefault };
    const unknown = compiler.unknown(plan.file === null ? [new WelcomeHandler(engine, facts)] : []);
    const listeners = openListeners(reactor, plan.listeners, this.#inherited, (listen) => {
      const indexes = listen?.hosts ?? sharedHosts(plan);
      return engine.addServer(compiler.hosts(indexes), "http", unknown).onAccept;
    }, warn);
    for (const listener of listeners) {
      logger.info(`listening on ${formatAddress(listener.address)}`);
    }
    const drain = async (name: string) => {
      notify("STOPPING=1");
      logger.info(`received ${name}, gracefully shutting down`);
      for (const listener of listeners) listener.close();
      await engine.drain();
      for (const upstream of compiler.upstreams) upstream.close();
      reactor.stop();
    };
    this.#listenToSignals(drain, () => reactor.stop(), logs);
    notifyReady();
    await reactor.run();
    await logs.close();
    pidFile?.release();
    return exitCodes.ok;
  }

  #listenToSignals(
    drain: (name: string) => Promise<void>,
    stop: () => void,
    logs: AccessLogs,
  ): void {
    let isDraining = false;
    for (const name of ["TERM", "INT"]) {
      addSignalListener(name, () => {
        if (isDraining) return;
        isDraining = true;
        drain(name);
      });
    }
    addSignalListener("QUIT", stop);
    addSignalListener("USR1", () => {
      logs.reopen();
      this.#logger.reopen();
    });
    addSignalListener("HUP", () => {
      this.#logger.warn("received HUP: run under `hayate supervise` and send HUP there to reload");
    });
  }
}

/** Hosts without a `listen` of their own; all of them when there is no such host. */
function sharedHosts(plan: ProxyPlan): number[] {
  const own = new Set(
    plan.listeners.filter((listen) => listen.hosts.length === 1).flatMap((l) => l.hosts),
  );
  const all = plan.hosts.map((_, index) => index);
  const shared = all.filter((index) => !own.has(index));
  return shared.length > 0 ? shared : all;
}

function readGeneration(): number | null {
  const text = getVariable("SERVER_STARTER_GENERATION");
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : null;
}
