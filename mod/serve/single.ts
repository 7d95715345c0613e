/** `hayate serve` as a single process, without a master. */
import { formatAddress } from "../base/address.ts";
import type { Logger } from "../log/mod.ts";
import { localAddressOf } from "../net/descriptor.ts";
import { chooseCpus, pin } from "../process/affinity.ts";
import { allVariables, dropVariable } from "../process/environment.ts";
import { notify, notifyReady } from "../process/handover/readiness.ts";
import { claimLease, type HeldLease } from "../process/handover/socket_lease.ts";
import type { InheritedSocket } from "../process/handover/starter_port.ts";
import { raiseOpenFilesLimit } from "../process/limits.ts";
import { listenForLeave, listenForPause } from "../process/signals/pausing.ts";
import { addSignalListener } from "../process/signals/signals.ts";
import { atOnceText, leavingText, listenForStop } from "../process/signals/stop_signals.ts";
import { openHealth } from "../probes/health_listener.ts";
import { AppWatch } from "./app/app_watch.ts";
import { listenForProfile } from "./profile/listen.ts";
import type { ServePlan } from "./plan/plan.ts";
import { readInherited, startedPid } from "./sockets/inherited.ts";
import { adoptAll, bindAll, clippedBacklog, describeListener } from "./sockets/listeners.ts";
import { type NamedSocket, type OwnTls, prepareOwnTls } from "./sockets/own_tls.ts";
import { takeTls } from "./sockets/tls.ts";
import { Worker } from "./worker/worker.ts";

/** Runs until a signal stops it. `onStart` receives the worker. Throws StartError. */
export async function runSingle(
  plan: ServePlan,
  log: Logger,
  onStart: (worker: Worker) => void,
): Promise<number> {
  const cpus = chooseCpus("--cpu-affinity", plan.process.cpus);
  if (cpus.length > 0) pin(cpus[0], (message) => log.warn(message));
  raiseOpenFilesLimit();
  const variables = allVariables();
  const lease = claimLease();
  const inherited = readInherited((name) => variables[name], startedPid());
  // Meant for this process: children of the app must not inherit them.
  for (const name of ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"]) dropVariable(name);
  const sockets = namedSockets(plan, inherited);
  const tls = await prepareOwnTls(plan.listen, sockets, inherited !== null, variables, log);
  try {
    return await serve(plan, log, { inherited, lease, sockets, tls, onStart });
  } finally {
    tls.dispose();
  }
}

/** What `serve` serves with. */
interface Means {
  /** null: it binds its own sockets. */
  readonly inherited: InheritedSocket[] | null;
  readonly lease: HeldLease | null;
  /** Those that are inherited, or will be bound, in their order. */
  readonly sockets: readonly NamedSocket[];
  readonly tls: OwnTls;
  readonly onStart: (worker: Worker) => void;
}

async function serve(
  plan: ServePlan,
  log: Logger,
  { inherited, lease, sockets, tls, onStart }: Means,
): Promise<number> {
  const watch = await AppWatch.of(plan, inherited !== null);
  const worker = await Worker.create(plan, log, takeTls(tls.variables, log)).catch((error) => {
    watch?.failed();
    throw error;
  });
  onStart(worker);
  const health = plan.health === null ? null : openHealth(worker.reactor, plan.health, worker);
  await worker.afterFork(0);
  const listeners = worker.listen((reactor) =>
    inherited === null
      ? bindAll(reactor, plan.listen, worker.onAcceptOf)
      : adoptAll(reactor, inherited, inherited.length > 0, worker.onAcceptOf)
  );
  // While a supervisor holds the sockets, an order may go on: the next generation answers the CA.
  const stopOrders = () => {
    if (inherited === null || lease?.isOver === true) tls.stop();
  };
  const { shutdownDelayMs } = plan.process;
  listenToSignals(worker, log, lease, inherited !== null, shutdownDelayMs, stopOrders);
  const clipped = inherited === null ? clippedBacklog(plan.listen.backlog) : null;
  if (clipped !== null && log.enabled("info")) {
    log.info(`backlog ${plan.listen.backlog} is clipped to ${clipped} (net.core.somaxconn)`);
  }
  listeners.forEach(({ address }, i) => {
    log.info(`listening on ${describeListener(address, tls.isSecure(sockets[i].name))}`);
  });
  const { reactor } = worker;
  tls.begin({
    setTimer: (delayMs, callback) => reactor.setTimer(delayMs, callback),
    clearTimer: (timer) => reactor.clearTimer(timer),
  });
  notifyReady(listenForPause(worker), ...watch?.readyFields() ?? []);
  const exitCode = await worker.run();
  health?.close();
  return exitCode;
}

/** `inherited` null: the plan's own sockets, which are bound later. */
function namedSockets(
  { listen }: ServePlan,
  inherited: readonly InheritedSocket[] | null,
): readonly NamedSocket[] {
  return inherited === null
    ? listen.sockets.map((socket) => ({ ...socket, name: formatAddress(socket.address) }))
    : inherited.map(({ name, fd }) => ({ name, address: localAddressOf(fd), tls: false }));
}

function listenToSignals(
  worker: Worker,
  log: Logger,
  lease: HeldLease | null,
  hasSupervisor: boolean,
  shutdownDelayMs: number,
  stopOrders: () => void,
): void {
  listenForLeave(worker);
  listenForProfile(worker.reactor);
  listenForStop(hasSupervisor, shutdownDelayMs, {
    onLeaving(delayMs) {
      log.info(leavingText(delayMs));
      worker.leave();
    },
    onFirst(name) {
      notify("STOPPING=1");
      log.info(`received ${name}, gracefully shutting down`);
      stopOrders();
      worker.drain(lease?.isOver);
    },
    onAtOnce(name) {
      stopOrders();
      log.warn(atOnceText(name, worker.stop()));
    },
  });
  addSignalListener("USR1", () => worker.reopenLogs());
  addSignalListener(
    "HUP",
    () => log.warn("received HUP: ignored, reloading needs a master (--workers 2 or more)"),
  );
}
