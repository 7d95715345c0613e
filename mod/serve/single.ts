/** `hayate serve` as a single process, without a master. */
import type { Logger } from "../log/mod.ts";
import { allVariables, dropVariable } from "../process/environment.ts";
import { raiseOpenFilesLimit } from "../process/limits.ts";
import { listenForLeave, listenForPause } from "../process/signals/pausing.ts";
import { notify, notifyReady } from "../process/handover/readiness.ts";
import { addSignalListener } from "../process/signals/signals.ts";
import { claimLease, type HeldLease } from "../process/handover/socket_lease.ts";
import { atOnceText, leavingText, listenForStop } from "../process/signals/stop_signals.ts";
import { openHealth } from "../probes/health_listener.ts";
import { AppWatch } from "./app/app_watch.ts";
import { readInherited } from "./sockets/inherited.ts";
import { adoptAll, bindAll, clippedBacklog, describeListener } from "./sockets/listeners.ts";
import type { ServePlan } from "./plan/plan.ts";
import { Worker } from "./worker/worker.ts";

/** Runs until a signal stops it. `onStart` receives the worker. Throws StartError. */
export async function runSingle(
  plan: ServePlan,
  log: Logger,
  onStart: (worker: Worker) => void,
): Promise<number> {
  raiseOpenFilesLimit();
  const variables = allVariables();
  const lease = claimLease();
  const inherited = readInherited((name) => variables[name], Deno.pid);
  // Meant for this process: children of the app must not inherit them.
  for (const name of ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"]) dropVariable(name);
  const watch = await AppWatch.of(plan, inherited !== null);
  const worker = await Worker.create(plan, log).catch((error) => {
    watch?.failed();
    throw error;
  });
  onStart(worker);
  const health = plan.health === null ? null : openHealth(worker.reactor, plan.health, worker);
  await worker.afterFork(0);
  const listeners = worker.listen((reactor) =>
    inherited === null
      ? bindAll(reactor, plan.listen, worker.onAcceptOf(null))
      : adoptAll(reactor, inherited, inherited.length > 0, worker.onAcceptOf)
  );
  listenToSignals(worker, log, lease, inherited !== null, plan.process.shutdownDelayMs);
  const clipped = inherited === null ? clippedBacklog(plan.listen.backlog) : null;
  if (clipped !== null && log.enabled("info")) {
    log.info(`backlog ${plan.listen.backlog} is clipped to ${clipped} (net.core.somaxconn)`);
  }
  listeners.forEach(({ address }, i) => {
    const isSecure = worker.isSecure(inherited === null ? null : inherited[i].name);
    log.info(`listening on ${describeListener(address, isSecure)}`);
  });
  notifyReady(listenForPause(worker), ...watch?.readyFields() ?? []);
  const exitCode = await worker.run();
  health?.close();
  return exitCode;
}

function listenToSignals(
  worker: Worker,
  log: Logger,
  lease: HeldLease | null,
  hasSupervisor: boolean,
  shutdownDelayMs: number,
): void {
  listenForLeave(worker);
  listenForStop(hasSupervisor, shutdownDelayMs, {
    onLeaving(delayMs) {
      log.info(leavingText(delayMs));
      worker.leave();
    },
    onFirst(name) {
      notify("STOPPING=1");
      log.info(`received ${name}, gracefully shutting down`);
      worker.drain(lease?.isOver);
    },
    onAtOnce: (name) => log.warn(atOnceText(name, worker.stop())),
  });
  addSignalListener("USR1", () => worker.reopenLogs());
  addSignalListener(
    "HUP",
    () => log.warn("received HUP: ignored, reloading needs a master (--workers 2 or more)"),
  );
}
