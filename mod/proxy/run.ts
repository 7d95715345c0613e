/** Runs the proxy: configuration, signals, and a graceful stop that loses no request. */
import { exitCodes, StartError } from "../base/errors.ts";
import { describeStaleMount } from "../config/default_file.ts";
import { giveUpRoot, requireProgram, useRootParent } from "../lifecycle/root_parent.ts";
import type { Logger } from "../log/mod.ts";
import { createReactor } from "../net/mod.ts";
import type { Reactor } from "../net/reactor.ts";
import { pin, pinAsTold, unpin } from "../process/affinity.ts";
import { dropVariable, getVariable } from "../process/environment.ts";
import { keepFromChildren, sealInherited } from "../process/handover/inherited.ts";
import type { Grant } from "../process/privileges/grants.ts";
import { parentOpener } from "../process/privileges/parent_opener.ts";
import { raiseOpenFilesLimit } from "../process/limits.ts";
import { claimConnectionRow } from "../process/workers/connection_board.ts";
import { keepMemory } from "../process/memory/memory_keeper.ts";
import { PidFile } from "../process/files/pid_file.ts";
import { listenForLeave, listenForPause } from "../process/signals/pausing.ts";
import { openHealth } from "../probes/health_listener.ts";
import { claimReadiness, notify, notifyReady } from "../process/handover/readiness.ts";
import { addSignalListener, swallowSignal } from "../process/signals/signals.ts";
import { atOnceText, leavingText, listenForStop } from "../process/signals/stop_signals.ts";
import {
  type InheritedSocket,
  parseStarterPort,
  servedConfigVariable,
} from "../process/handover/starter_port.ts";
import { InheritedBoard } from "../process/handover/generation_board.ts";
import { claimLease, type HeldLease } from "../process/handover/socket_lease.ts";
import { loadMediaTypes } from "../static/media_type.ts";
import { openByDescriptor } from "../static/open_file.ts";
import { watchByStatx } from "../static/path_watch.ts";
import { freshTicketSeed, readAppliance, readTicketSeed, tlsVariables } from "../tls/appliance.ts";
import { findConfigFile, loadPlan } from "./directives/config_file.ts";
import type { ConfigTexts, LoadedPlan } from "./plan/loaded_plan.ts";
import { ErrorLog } from "./server/error_log.ts";
import { ListenerSet } from "./server/listeners.ts";
import type { ProxyCommand } from "./plan/options.ts";
import type { ProxyPlan } from "./plan/plan.ts";
import { ConfigWatch } from "./control/config_watch.ts";
import { Hangups, Reloads } from "./control/reloads.ts";
import { reportConfigurationOk } from "./report.ts";
import { environmentConfig, environmentName } from "./plan/environment_config.ts";
import { resolvePlan } from "./plan/resolve_plan.ts";
import { CertificatesOnDemand } from "./certificates_on_demand.ts";
import { defaultUserText, grantsOf, type UserChange, userChangeOf } from "./run_user.ts";
import { SingleProcess } from "./server/single_process.ts";
import { checkBuffers, checkCpusOf, checkErrorLog } from "./start_checks.ts";
import { welcomePlan } from "./plan/welcome_plan.ts";
import { WorkerMember } from "./workers/member.ts";

/** What stays the same during the life of the process. */
interface Setting {
  readonly command: ProxyCommand;
  readonly logger: Logger;
  readonly errorLog: ErrorLog;
  /** null: no supervisor holds sockets for this process. */
  readonly inherited: readonly InheritedSocket[] | null;
  /**
   * No supervisor above this process. With one, its pid is the one to signal and its log the one to
   * read, so `pid-file` and `error-log` are not used (as in h2o).
   */
  readonly isAlone: boolean;
  /** What this process has inherited besides its standard streams. */
  readonly descriptors: readonly number[];
  /** The lease of the process that passed the sockets; null: none. */
  readonly lease: HeldLease | null;
  /** What the supervisor tells of its generations; null: nothing. */
  readonly board: InheritedBoard | null;
  /** SERVER_STARTER_GENERATION; null: not set. */
  readonly generation: number | null;
  /** The channel to the master; null in a single process. */
  readonly member: WorkerMember | null;
  readonly managed: CertificatesOnDemand;
  /** HUPs. A worker ignores them: its master reloads. */
  readonly hangups: Hangups;
  readonly watch: ConfigWatch;
  /** Another process reports what is wrong with the configuration. */
  readonly isQuiet?: boolean;
}

/** Runs until a signal ends it; returns the exit code. Throws `StartError`. */
export async function runProxy(command: ProxyCommand, logger: Logger): Promise<number> {
  const hangups = new Hangups();
  const starterPort = getVariable("SERVER_STARTER_PORT");
  const inherited = starterPort === undefined ? null : parseStarterPort(starterPort);
  claimReadiness();
  useRootParent();
  const descriptors = sealInherited();
  // A supervisor may pass a socket as descriptor 0, which sealInherited does not handle.
  for (const { fd } of inherited ?? []) {
    keepFromChildren(fd);
    if (fd === 0) descriptors.push(fd);
  }
  const member = WorkerMember.join(logger);
  const generation = readGeneration();
  const welcome = member === null ? null : await member.welcome;
  const isAlone = welcome === null ? inherited === null : !welcome.isSupervised;
  const lease = claimLease();
  const board = InheritedBoard.claim();
  const errorLog = new ErrorLog(logger);
  const managed = new CertificatesOnDemand(logger, member !== null);
  const hasKeeper = parentOpener()?.isKeeper === true;
  const watch = new ConfigWatch(command.watch && member === null, inherited !== null, hasKeeper);
  const setting = {
    ...{ command, logger, errorLog, inherited, isAlone, lease, board, generation, member, hangups },
    descriptors,
    managed,
    watch,
  };
  const earlier = getVariable(servedConfigVariable) ?? null;
  dropVariable(servedConfigVariable);
  try {
    return await perform(setting, new Map(welcome?.texts ?? []), earlier);
  } catch (error) {
    watch.failed();
    throw error;
  } finally {
    watch.close();
  }
}

async function perform(
  setting: Setting,
  texts: ConfigTexts,
  earlier: string | null,
): Promise<number> {
  const { command, inherited, logger, member } = setting;
  const loaded = readPlan(setting, texts, earlier);
  const change = member === null ? userChangeOf(loaded.plan, command, logger) : null;
  if (command.testOnly) {
    const { plan } = await resolved(loaded);
    const reactor = await createReactor(getVariable("HAYATE_REACTOR"));
    const { checkStart } = await import("./rehearsal.ts");
    await checkStart(plan, reactor, inherited === null);
    if (change?.isDefault) logger.info(defaultUserText);
    reportConfigurationOk();
    return exitCodes.ok;
  }
  if (change !== null && parentOpener() === null) return await keepRoot(loaded, setting);
  return await serve(loaded, setting, change);
}

/** Keeps root for a child that runs all of this again, and then becomes another user. */
async function keepRoot({ plan }: LoadedPlan, setting: Setting): Promise<number> {
  const { command, descriptors, logger, isAlone } = setting;
  const path = isAlone ? plan.global.pidFile : null;
  const pidFile = path === null ? null : PidFile.acquire(path);
  const { keepRootFor } = await import("../lifecycle/keeper.ts");
  try {
    return await keepRootFor({
      argv: ["proxy", ...command.argv],
      variables: command.variables,
      inherited: descriptors,
      logger,
      refresh: () => grantsOfFile(setting, plan.file),
    });
  } finally {
    pidFile?.release();
  }
}

/** What the configuration names now. The child reports what is wrong with it. */
async function grantsOfFile(setting: Setting, file: string | null): Promise<readonly Grant[]> {
  try {
    const loaded = await resolved(readPlan({ ...setting, isQuiet: true }, new Map(), file));
    return grantsOf(loaded, setting.command);
  } catch (error) {
    if (error instanceof StartError) return [];
    throw error;
  }
}

/**
 * Returns the plan of the configuration, or of the welcome page if there is no file and never was
 * one. `earlier`: the file in force until now. Throws `StartError`.
 */
function readPlan(
  { command, logger, inherited, member, watch, isQuiet }: Setting,
  texts: ConfigTexts,
  earlier: string | null,
): LoadedPlan {
  // A worker serves the texts that its master has read, whatever the files hold by now; the first
  // is the main file.
  const [kept = null] = texts.keys();
  const file = member === null ? findConfig(command, inherited !== null, texts, earlier) : kept;
  watch.beginLoad();
  const plan = file === null
    ? welcomePlan()
    : loadPlan(file, inherited === null, texts, watch.onRead);
  // The master has logged these already.
  if (member === null && isQuiet !== true) {
    for (const notice of plan.notices) logger.warn(notice);
    for (const path of texts.keys()) {
      const stale = describeStaleMount(path);
      if (stale !== null) logger.warn(stale);
    }
  }
  return { plan, texts };
}

/**
 * The file to read; `environmentName`, whose text is put into `texts`; or null for the welcome page.
 * Throws `StartError`.
 */
function findConfig(
  { configFile, variables }: ProxyCommand,
  inherits: boolean,
  texts: ConfigTexts,
  earlier: string | null,
): string | null {
  const file = findConfigFile(configFile, earlier === environmentName ? null : earlier);
  const text = environmentConfig((name) => variables[name], { withListen: !inherits, file });
  if (text === null) return file;
  texts.set(environmentName, text);
  return environmentName;
}

/** Checks and loads what a plan needs of the host before it can be served. Throws `StartError`. */
async function prepared(loaded: LoadedPlan, { managed }: Setting): Promise<LoadedPlan> {
  checkCpusOf(loaded.plan);
  checkBuffers(loaded.plan);
  checkErrorLog(loaded.plan);
  const { plan, texts } = await resolved(loaded);
  return { plan: await managed.prepare(plan), texts };
}

async function resolved({ plan, texts }: LoadedPlan): Promise<LoadedPlan> {
  if (servesFiles(plan)) await loadMediaTypes();
  return { plan: await resolvePlan(plan), texts };
}

function servesFiles({ hosts }: ProxyPlan): boolean {
  return hosts.some(({ paths }) =>
    paths.some(({ handlers }) => handlers.some(({ kind }) => kind === "file"))
  );
}

async function serve(
  unresolved: LoadedPlan,
  setting: Setting,
  change: UserChange | null,
): Promise<number> {
  const { logger, inherited, isAlone, generation, member } = setting;
  const { global } = unresolved.plan;
  if (change !== null) await become(change, unresolved, setting);
  if (isAlone) {
    checkErrorLog(unresolved.plan);
    setting.errorLog.redirect(global.errorLog);
  }
  const hasKeeper = parentOpener()?.isKeeper === true;
  const pidPath = isAlone && member === null && !hasKeeper ? global.pidFile : null;
  const pidFile = pidPath === null ? null : PidFile.acquire(pidPath);
  raiseOpenFilesLimit();
  const loaded = await prepared(unresolved, setting);
  const reactor = await createReactor(getVariable("HAYATE_REACTOR"));
  if (reactor.backend === "epoll") await Promise.all([watchByStatx(), openByDescriptor()]);
  let exitCode: number = exitCodes.ok;
  if (global.workers > 1 && member === null) {
    // Without this check, workers that cannot start would be restarted forever. The state file is
    // left to the master, which reads it and logs its errors.
    const { rehearse } = await import("./rehearsal.ts");
    const { runMaster } = await import("./workers/run_master.ts");
    const withoutState = { ...loaded.plan, global: { ...loaded.plan.global, stateFile: null } };
    await rehearse(withoutState, reactor);
    exitCode = await runMaster({
      loaded,
      reactor,
      logger,
      inherited,
      lease: setting.lease,
      board: setting.board,
      generation,
      tls: readAppliance(getVariable),
      ticketSeed: takeTicketSeed(logger),
      load: () => loadAgain(loaded, setting),
      // Not before: the CA's validation must find a worker.
      onServing: () => setting.managed.use(loaded.plan, reactor),
      onStopping: () => setting.managed.stop(),
      onReloaded: ({ plan }) => {
        setting.managed.use(plan, reactor);
        if (isAlone) setting.errorLog.redirect(plan.global.errorLog);
      },
      hangups: setting.hangups,
      watch: setting.watch,
      shutdownDelayMs: setting.command.shutdownDelayMs,
      health: setting.command.health,
    });
  } else {
    await runSingle(loaded, setting, reactor);
  }
  setting.managed.dispose();
  pidFile?.release();
  return exitCode;
}

/** Nothing has been accepted, asked or looked up so far, except for names in `listen`. */
async function become(
  { user, setting: by, isDefault }: UserChange,
  unresolved: LoadedPlan,
  setting: Setting,
): Promise<void> {
  const loaded = await resolved(unresolved);
  await setting.managed.handTo(user, loaded.plan);
  giveUpRoot(user, by, grantsOf(loaded, setting.command));
  if (loaded.plan.global.workers > 1) requireProgram(by);
  if (isDefault) setting.logger.info(defaultUserText);
}

/**
 * Loads the plan for a reload. A configuration file that has disappeared is an error, not a reason
 * for the welcome page. Throws `StartError`.
 */
async function loadAgain(first: LoadedPlan, setting: Setting): Promise<LoadedPlan> {
  try {
    const opener = parentOpener();
    if (opener?.isKeeper === true) await opener.askLater({ op: "refresh" });
    return await prepared(readPlan(setting, new Map(), first.plan.file), setting);
  } catch (error) {
    setting.watch.failed();
    throw error;
  }
}

async function runSingle(loaded: LoadedPlan, setting: Setting, reactor: Reactor): Promise<void> {
  const { logger, inherited, generation, member } = setting;
  pinProcess(loaded.plan, setting);
  const single = new SingleProcess(loaded.plan, {
    reactor,
    logger,
    listeners: new ListenerSet(
      reactor,
      inherited,
      (message) => logger.warn(message),
      claimConnectionRow(),
    ),
    tls: readAppliance(getVariable),
    ticketSeed: takeTicketSeed(logger),
    generation,
    member,
    lease: setting.lease,
    board: setting.board,
  });
  single.listen();
  const { health: address } = setting.command;
  const health = address === null || member !== null ? null : openHealth(reactor, address, single);
  const reloads = new Reloads({
    logger,
    load: () => loadAgain(loaded, setting),
    apply: async (next) => {
      await applyPlan(single, next, setting);
      setting.watch.serves((why) => reloads.request(why));
      setting.managed.use(next.plan, reactor);
    },
    onEnd: (why, fault) => single.noteReload(why, fault),
  });
  const onStopping = () => {
    // While a supervisor holds the sockets, an order may go on: the next generation answers the CA.
    if (inherited === null || setting.lease?.isOver === true) setting.managed.stop();
  };
  const onDrain = () => {
    reloads.stop();
    member?.closed();
  };
  listenToSignals(single, setting, { onStopping, onDrain, stop: () => reactor.stop() });
  const running = reactor.run();
  // A signal may end the process while names and checks are still pending.
  if (await Promise.race([single.start(), running.then(() => false)])) {
    setting.managed.use(loaded.plan, reactor);
    if (member === null) setting.hangups.passTo(() => reloads.request());
    setting.watch.serves((why) => reloads.request(why));
    notifyReady(listenForPause(single), ...setting.watch.readyFields());
    member?.ready();
    keepMemory(single);
  }
  await running;
  health?.close();
  member?.close();
  await single.closeLogs();
}

/** To the CPU that the master, or `num-threads`, says. */
function pinProcess({ global }: ProxyPlan, { logger, member }: Setting): void {
  const warn = (message: string) => logger.warn(message);
  if (member !== null) pinAsTold(warn);
  else if (global.cpus.length > 0) pin(global.cpus[0], warn);
  else unpin();
}

async function applyPlan(
  single: SingleProcess,
  loaded: LoadedPlan,
  setting: Setting,
): Promise<void> {
  const { logger, isAlone, errorLog } = setting;
  await single.reload(loaded.plan);
  pinProcess(loaded.plan, setting);
  if (isAlone) errorLog.redirect(loaded.plan.global.errorLog);
  if (loaded.plan.global.workers > 1) {
    logger.warn(
      "num-threads: changing from one process to several needs a restart; the rest is in force",
    );
  }
}

/**
 * Returns the ticket seed of the supervisor or master, or a new one. Removes it from the
 * environment, so that no child process inherits it.
 */
function takeTicketSeed(logger: Logger): string {
  const seed = readTicketSeed(getVariable, (line) => logger.warn(line)) ?? freshTicketSeed();
  dropVariable(tlsVariables.ticketSeed);
  return seed;
}

function listenToSignals(
  single: SingleProcess,
  { command, logger, member, inherited }: Setting,
  { onStopping, onDrain, stop }: {
    /** Before anything is closed. */
    readonly onStopping: () => void;
    readonly onDrain: () => void;
    readonly stop: () => void;
  },
): void {
  listenForLeave(single);
  let isDraining = false;
  const drain = () => {
    if (isDraining) return;
    isDraining = true;
    onStopping();
    void single.drain().then(stop);
    onDrain();
  };
  if (member !== null) {
    // Ctrl-C reaches all processes of the terminal's group, but the master must close the sockets
    // first.
    swallowSignal("INT");
    swallowSignal("USR2");
    addSignalListener("TERM", drain);
    addSignalListener("QUIT", () => {
      const cutCount = single.cut();
      // The master has logged that it ends.
      if (cutCount > 0) logger.warn(`worker ${Deno.pid}: ${atOnceText("QUIT", cutCount)}`);
      stop();
    });
  } else {
    listenForStop(inherited !== null, command.shutdownDelayMs, {
      onLeaving(delayMs) {
        logger.info(leavingText(delayMs));
        single.leave();
      },
      onFirst(name) {
        notify("STOPPING=1");
        logger.info(`received ${name}, gracefully shutting down`);
        drain();
      },
      onAtOnce(name) {
        onStopping();
        logger.warn(atOnceText(name, single.cut()));
        stop();
      },
    });
  }
  addSignalListener("USR1", () => {
    single.reopenLogs();
    logger.reopen();
  });
}

function readGeneration(): number | null {
  const text = getVariable("SERVER_STARTER_GENERATION");
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : null;
}
