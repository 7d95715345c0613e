/** `hayate serve` as a worker of a master. */
import type { Logger } from "../log/mod.ts";
import { inheritedChannel } from "../process/channel.ts";
import { dropVariable, getVariable } from "../process/environment.ts";
import { listenForPause } from "../process/pausing.ts";
import { raiseOpenFilesLimit } from "../process/limits.ts";
import { addSignalListener, sendSignal, swallowSignal } from "../process/signals.ts";
import { claimLease, type HeldLease } from "../process/socket_lease.ts";
import { parseStarterPort } from "../process/starter_port.ts";
import { atOnceText } from "../process/stop_signals.ts";
import { slotVariable, type WorkerMessage } from "./master/messages.ts";
import { openRow, type Row, RowState, scoreboardVariable } from "./master/scoreboard.ts";
import { adoptFromMaster, bindBesideMaster } from "./listeners.ts";
import type { FetchHandler } from "./fetch/fetch_handler.ts";
import type { ProcessPlan, ServePlan } from "./plan.ts";
import { Worker } from "./worker.ts";

/** How often a worker shows that its loop turns, without and with a timeout to be met. */
const beatMs = 1000;
const beatMsWithTimeout = 100;

/** Serves until the master says otherwise, or is gone. Throws StartError. */
export async function runPreforkWorker(
  plan: ServePlan,
  log: Logger,
  onStart: (worker: Worker) => void,
): Promise<number> {
  let worker: Worker | null = null;
  const lease = claimLease();
  const channel = inheritedChannel({
    onMessage: () => {},
    // The master is gone: nobody would replace us, and nobody would stop us.
    onEnd: () => worker === null ? void sendSignal(Deno.pid, "KILL") : worker.drain(lease?.isOver),
  });
  const tell = (message: WorkerMessage) => void channel?.send(message);
  swallowSignal("HUP");
  // Ctrl-C reaches every process of a terminal's group. The master has to let go of the sockets first.
  swallowSignal("INT");
  raiseOpenFilesLimit();
  const slot = Number(takeVariable(slotVariable) ?? 0);
  const sockets = parseStarterPort(getVariable("SERVER_STARTER_PORT") ?? "");
  const row = openRow(takeVariable(scoreboardVariable) ?? "");
  row?.claim(Deno.pid, RowState.starting);
  const requestsMax = drawRequestsMax(plan.process);
  worker = await Worker.create(plan, log, {
    row,
    requestsMax,
    onRequestsMax: () => tell({ kind: "retire", why: `it has had ${requestsMax} requests` }),
  });
  onStart(worker);
  await worker.afterFork(slot);
  const { backlog } = plan.listen;
  worker.listen((reactor) => {
    const open = reactor.capabilities.inherit ? adoptFromMaster : bindBesideMaster;
    return open(reactor, sockets, backlog, worker!.onAcceptOf);
  });
  listenToSignals(worker, row, lease, log, () => channel?.close());
  listenForPause(worker);
  if (row !== null) beat(worker, row, plan.process.timeoutMs);
  tell({ kind: "ready" });
  const exitCode = await worker.run();
  channel?.close();
  return exitCode;
}

function takeVariable(name: string): string | undefined {
  const value = getVariable(name);
  dropVariable(name);
  return value;
}

/** Random between the limits, so that workers that started together do not retire together. */
function drawRequestsMax({ requestsMax, requestsMin }: ProcessPlan): number {
  if (requestsMax === null) return Infinity;
  const least = requestsMin ?? requestsMax;
  return least + Math.floor(Math.random() * (requestsMax - least + 1));
}

function listenToSignals(
  worker: Worker,
  row: Row | null,
  lease: HeldLease | null,
  log: Logger,
  closeChannel: () => void,
): void {
  addSignalListener("TERM", () => {
    if (row !== null) row.state = RowState.draining;
    closeChannel();
    worker.drain(lease?.isOver);
  });
  addSignalListener("QUIT", () => {
    closeChannel();
    const cutCount = worker.stop();
    // The master has said that it ends.
    if (cutCount > 0) log.warn(`worker ${Deno.pid}: ${atOnceText("QUIT", cutCount)}`);
  });
  addSignalListener("USR1", () => worker.reopenLogs());
}

/** Shows the master that the loop turns; a handler that never yields is found by its silence. */
function beat(worker: Worker, row: Row, timeoutMs: number): void {
  const everyMs = timeoutMs > 0 ? Math.min(beatMsWithTimeout, timeoutMs / 2) : beatMs;
  const { handler } = worker.app;
  const again = () => {
    const pending = (handler as Partial<FetchHandler>).pendingCount ?? 0;
    row.beat(worker.server.connectionCount, pending);
    worker.reactor.setTimer(everyMs, again);
  };
  row.state = RowState.idle;
  again();
}
