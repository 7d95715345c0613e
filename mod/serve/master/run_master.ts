/** `hayate serve` with several workers: the master process. */
import { ownFile } from "../../code/executable_file.ts";
import { formatAddress } from "../../base/address.ts";
import { StartError } from "../../base/errors.ts";
import type { Logger } from "../../log/mod.ts";
import { chooseCpus } from "../../process/affinity.ts";
import { readTextOrNull, usableCpus } from "../../process/cpus.ts";
import { allVariables, dropVariable, getVariable } from "../../process/environment.ts";
import { limitGrowth, raiseOpenFilesLimit } from "../../process/limits.ts";
import { keepMemory } from "../../process/memory/memory_keeper.ts";
import { listenForLeave, listenForPause, pausableField } from "../../process/signals/pausing.ts";
import { notify, notifyReady } from "../../process/handover/readiness.ts";
import { addSignalListener } from "../../process/signals/signals.ts";
import { claimLease, SocketLease } from "../../process/handover/socket_lease.ts";
import { atOnceText, leavingText, listenForStop } from "../../process/signals/stop_signals.ts";
import { ConnectionBoard } from "../../process/workers/connection_board.ts";
import { AppWatch } from "../app/app_watch.ts";
import { logAppError } from "../app/app_errors.ts";
import { readInherited, startedPid } from "../sockets/inherited.ts";
import type { Address } from "../../base/address.ts";
import type { HealthListener } from "../../probes/health_listener.ts";
import { inStartTime } from "../app/start_time.ts";
import { clippedBacklog, describeListener } from "../sockets/listeners.ts";
import { type OwnTls, prepareOwnTls } from "../sockets/own_tls.ts";
import type { AppPlan, ServePlan } from "../plan/plan.ts";
import { Master } from "./master.ts";
import { MasterSockets } from "./master_sockets.ts";
import { Scoreboard } from "../worker/scoreboard.ts";
import { judgeBeat, residentBytes } from "./watch.ts";
import { type WorkerRecord, WorkerStarter } from "./worker_starter.ts";

/** How often the heartbeats of running workers are checked. */
const watchMs = 200;
/** Memory is checked less often, because it means reading one file per worker. */
const memoryWatchMs = 2000;

/** Runs until the last worker has exited. Workers get the same `argv`. Throws StartError. */
export async function runMaster(
  plan: ServePlan,
  argv: readonly string[],
  log: Logger,
): Promise<number> {
  if (getVariable("HAYATE_REACTOR") === "portable") checkPortable(plan);
  const workers = plan.process.workers === "auto"
    ? usableCpus(readTextOrNull)
    : plan.process.workers;
  const cpus = chooseCpus("--cpu-affinity", plan.process.cpus);
  raiseOpenFilesLimit();
  keepMemory();
  const inheritedLease = claimLease();
  const sockets = openSockets(plan, workers);
  const tls = await prepareTls(plan, sockets, log);
  const lease = new SocketLease(sockets.isInherited);
  const scoreboard = new Scoreboard();
  const connections = new ConnectionBoard();
  const starter = new WorkerStarter(
    argv,
    sockets,
    lease,
    scoreboard,
    log,
    tls.variables,
    cpus,
    connections,
  );
  const isOurs = () => !sockets.isInherited || inheritedLease?.isOver === true;
  const end: MasterEnd = {
    needsWorker: (master) => isOurs() && !master.isServing && sockets.shut(),
    stopOrders: () => {
      if (isOurs()) tls.stop();
    },
    releaseSockets: () => release(sockets, lease, isOurs()),
  };
  try {
    return await manageWorkers(plan, workers, starter, sockets, tls, scoreboard, log, end);
  } finally {
    tls.dispose();
    sockets.release();
    scoreboard.remove();
    connections.close();
  }
}

/** What the end of the master involves besides its workers. */
interface MasterEnd {
  /** Connections wait, and every worker that could answer them has died. */
  needsWorker(master: Master): boolean;
  /** While a supervisor holds the sockets, an order may go on: the next generation answers the CA. */
  stopOrders(): void;
  releaseSockets(): void;
}

/**
 * Called before the workers drain: the last process to close a socket must answer the connections
 * queued at it, and the master cannot. While a supervisor holds the sockets, its next generation
 * answers them, and they stay open here.
 */
function release(sockets: MasterSockets, lease: SocketLease, areOurs: boolean): void {
  if (!areOurs) return;
  sockets.release();
  lease.end();
}

/** Portable workers each bind a socket with SO_REUSEPORT. Throws StartError where they cannot. */
function checkPortable({ listen }: ServePlan): void {
  const path = listen.sockets.map(({ address }) => address).find(({ kind }) => kind === "unix");
  const handedOver = ["SERVER_STARTER_PORT", "LISTEN_FDS"].find((name) => getVariable(name));
  const what = handedOver !== undefined
    ? `share the sockets of ${handedOver}`
    : path !== undefined
    ? `share ${formatAddress(path)}`
    : null;
  if (what === null) return;
  throw new StartError(
    `several workers of the portable reactor cannot ${what}: use --workers 1, ` +
      `HAYATE_REACTOR=epoll${handedOver === undefined ? ", or --port alone" : ""}`,
  );
}

function openSockets(plan: ServePlan, workers: number): MasterSockets {
  const variables = allVariables();
  const inherited = readInherited((name) => variables[name], startedPid());
  for (const name of ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"]) dropVariable(name);
  const sockets = new MasterSockets(plan.listen);
  if (inherited !== null) sockets.adopt(inherited);
  else sockets.bind(workers);
  return sockets;
}

/** Throws StartError; then the sockets are closed. */
async function prepareTls(plan: ServePlan, sockets: MasterSockets, log: Logger): Promise<OwnTls> {
  try {
    const { named, isInherited } = sockets;
    return await prepareOwnTls(plan.listen, named, isInherited, allVariables(), log);
  } catch (error) {
    sockets.release();
    throw error;
  }
}

async function manageWorkers(
  plan: ServePlan,
  workers: number,
  starter: WorkerStarter,
  sockets: MasterSockets,
  tls: OwnTls,
  scoreboard: Scoreboard,
  log: Logger,
  end: MasterEnd,
): Promise<number> {
  const watch = await AppWatch.of(plan, sockets.isInherited);
  const onServing = () => {
    const clipped = sockets.isInherited ? null : clippedBacklog(plan.listen.backlog);
    if (clipped !== null) {
      log.info(`backlog ${plan.listen.backlog} is clipped to ${clipped} (net.core.somaxconn)`);
    }
    for (const { name, address } of sockets.named) {
      const where = sockets.isInherited ? name : describeListener(address, tls.isSecure(name));
      log.info(`listening on ${where} with ${workers} workers`);
    }
    tls.begin({
      setTimer: (delayMs, callback) => setTimeout(callback, delayMs),
      clearTimer: (timer) => clearTimeout(timer),
    });
    status?.answer();
    notifyReady(pausableField, ...watch?.readyFields() ?? []);
  };
  const master = new Master(starter, { ...plan.process, workers }, log, onServing);
  starter.onRetire = (generation, why) => master.replace(generation, why);
  starter.onServing = (pid) => limitHeap(pid, plan.process.heapBytesMax, log);
  starter.beforeStart = await beforeForkOf(plan, log);
  listenToSignals(master, log, end, sockets.isInherited, plan.process.shutdownDelayMs);
  listenForPause(master);
  listenForLeave(master);
  const workerWatch = new WorkerWatch(plan, master, starter, scoreboard);
  watch?.start((why) => {
    log.info(`${why}, reloading the app`);
    master.reload();
  });
  const health = plan.health === null ? null : await openHealthOf(plan.health, master);
  const status = plan.status === null
    ? null
    : await openStatus(plan, master, starter, scoreboard, sockets.isInherited);
  master.start();
  const exitCode = await master.finished;
  // Nobody has served: the app does not load.
  if (!master.hasServed) watch?.failed();
  watch?.close();
  workerWatch.stop();
  status?.close();
  health?.close();
  return exitCode;
}

/** What a worker may take beyond its heap: stacks of threads, buffers, code. */
const otherBytesMax = 256 << 20;

/** The hard limit behind the replacement of `--max-heap`, for an app that grows faster. */
function limitHeap(pid: number, heapBytesMax: number | null, log: Logger): void {
  if (heapBytesMax === null) return;
  const fault = limitGrowth(pid, 2 * heapBytesMax + otherBytesMax);
  if (fault !== null) log.warn(`worker ${pid}: its memory cannot be limited: ${fault}`);
}

/** The text of the entry module; of a built app all that was linked. */
async function textOf(app: Extract<AppPlan, { kind: "script" | "built" }>): Promise<string> {
  if (app.kind === "script") return readTextOrNull(app.path) ?? "";
  const { ownSection, readContent } = await import("../../script/built/section.ts");
  return new TextDecoder().decode(await readContent(ownFile(), ownSection()!));
}

/**
 * The app's beforeFork. The master loads the app only if the text of its entry module mentions
 * beforeFork, because a loaded app also takes memory in the master.
 */
async function beforeForkOf(plan: ServePlan, log: Logger): Promise<(slot: number) => void> {
  const { app } = plan;
  if (app.kind !== "script" && app.kind !== "built") return () => {};
  if (!(await textOf(app)).includes("beforeFork")) return () => {};
  const { importApp, nameOf } = await import("../app/app_module.ts");
  const { CapturedServer } = await import("../app/captured_server.ts");
  // A server that the app opens is the workers' to serve.
  const nowhere = new CapturedServer({ transport: "tcp", hostname: "0.0.0.0", port: 0 }, () => {});
  const loaded = importApp(app, nowhere);
  const { exports } = await inStartTime(loaded, plan.process.startTimeoutMs, nameOf(app));
  const { beforeFork } = exports;
  if (typeof beforeFork !== "function") return () => {};
  return (slot) => {
    try {
      beforeFork(slot);
    } catch (error) {
      logAppError(log, "beforeFork failed", error);
    }
  };
}

/** A reactor of its own: the master has none otherwise. */
async function openHealthOf(address: Address, master: Master): Promise<HealthListener> {
  const { createReactor } = await import("../../net/mod.ts");
  const { openHealth } = await import("../../probes/health_listener.ts");
  const reactor = await createReactor();
  const listener = openHealth(reactor, address, master);
  void reactor.run();
  return {
    close() {
      listener.close();
      reactor.stop();
    },
  };
}

async function openStatus(
  plan: ServePlan,
  master: Master,
  starter: WorkerStarter,
  scoreboard: Scoreboard,
  hasFormer: boolean,
) {
  const { StatusServer } = await import("./status_server.ts");
  return await StatusServer.open(plan, master, starter, scoreboard, hasFormer);
}

function listenToSignals(
  master: Master,
  log: Logger,
  end: MasterEnd,
  hasSupervisor: boolean,
  shutdownDelayMs: number,
): void {
  listenForStop(hasSupervisor, shutdownDelayMs, {
    onLeaving(delayMs) {
      log.info(leavingText(delayMs));
      master.leave();
    },
    onFirst(name) {
      notify("STOPPING=1");
      log.info(`received ${name}, gracefully shutting down`);
      end.stopOrders();
      const drain = () => {
        end.releaseSockets();
        master.drain();
      };
      if (end.needsWorker(master)) master.revive(drain);
      else drain();
    },
    onAtOnce(name) {
      log.warn(atOnceText(name, 0));
      end.stopOrders();
      master.stop();
    },
  });
  addSignalListener("HUP", () => {
    log.info("received HUP, reloading the app");
    master.reload();
  });
  addSignalListener("TTIN", () => master.more());
  addSignalListener("TTOU", () => master.fewer());
  addSignalListener("USR1", () => master.reopenLogs());
}

/** Kills workers that hang, and replaces workers above the memory limit. */
class WorkerWatch {
  readonly #timers: number[] = [];

  constructor(
    plan: ServePlan,
    master: Master,
    { records }: WorkerStarter,
    scoreboard: Scoreboard,
  ) {
    const { timeoutMs, memoryBytesMax } = plan.process;
    const every = (ms: number, look: (record: WorkerRecord) => void) => {
      this.#timers.push(setInterval(() => [...records.values()].forEach(look), ms));
    };
    if (timeoutMs > 0) {
      every(Math.min(watchMs, timeoutMs), ({ pid, row, sighting }) => {
        if (row < 0) return;
        const reading = scoreboard.row(row).read();
        const why = judgeBeat(sighting, reading, performance.now(), Date.now(), timeoutMs);
        if (why !== null) master.kill(pid, why);
      });
    }
    if (memoryBytesMax !== null) {
      every(memoryWatchMs, ({ pid, generation }) => {
        const bytes = residentBytes(pid);
        if (bytes <= memoryBytesMax) return;
        master.replace(generation, `it uses ${Math.round(bytes / 1048576)} MB of memory`);
      });
    }
  }

  stop(): void {
    for (const timer of this.#timers) clearInterval(timer);
  }
}
