/** `hayate serve` as a worker of a master. */
import type { Logger } from "../../log/mod.ts";
import type { AcceptHandler } from "../../net/reactor.ts";
import { pinAsTold } from "../../process/affinity.ts";
import { inheritedChannel } from "../../process/channel.ts";
import { dropVariable, getVariable } from "../../process/environment.ts";
import { listenForLeave, listenForPause } from "../../process/signals/pausing.ts";
import { keepFromChildren } from "../../process/handover/inherited.ts";
import { raiseOpenFilesLimit } from "../../process/limits.ts";
import { claimConnectionRow } from "../../process/workers/connection_board.ts";
import { addSignalListener, sendSignal, swallowSignal } from "../../process/signals/signals.ts";
import { claimLease } from "../../process/handover/socket_lease.ts";
import { parseStarterPort } from "../../process/handover/starter_port.ts";
import { atOnceText } from "../../process/signals/stop_signals.ts";
import { slotVariable, spareSocketsVariable, type WorkerMessage } from "./messages.ts";
import { listenForProfile } from "../profile/listen.ts";
import { watchHeap } from "./heap_watch.ts";
import { watchLoopLag } from "./loop_lag.ts";
import type { WorkerMetrics } from "./worker_metrics.ts";
import { openRow, type Row, RowState, scoreboardVariable } from "./scoreboard.ts";
import { adoptFromMaster, adoptSpares, bindBesideMaster } from "../sockets/listeners.ts";
import type { FetchHandler } from "../fetch/fetch_handler.ts";
import type { ProcessPlan, ServePlan } from "../plan/plan.ts";
import { takeTls } from "../sockets/tls.ts";
import { Worker } from "./worker.ts";

/** Interval of the heartbeat that shows that the event loop runs, without and with `--timeout`. */
const beatMs = 1000;
const beatMsWithTimeout = 100;

/** Serves until the master stops it or exits. Throws StartError. */
export async function runPreforkWorker(
  plan: ServePlan,
  log: Logger,
  onStart: (worker: Worker) => void,
): Promise<number> {
  let worker: Worker | null = null;
  let drain = () => {};
  const lease = claimLease();
  const channel = inheritedChannel({
    onMessage: () => {},
    // The master has exited: no process is left to replace or stop this worker.
    onEnd: () => worker === null ? void sendSignal(Deno.pid, "KILL") : drain(),
  });
  const send = (message: WorkerMessage) => void channel?.send(message);
  swallowSignal("HUP");
  // Until `listenForProfile` takes it.
  swallowSignal("USR2");
  // Ctrl-C reaches every process of the terminal's group, but the master must release the sockets
  // before its workers drain.
  swallowSignal("INT");
  raiseOpenFilesLimit();
  pinAsTold((message) => log.warn(message));
  const share = claimConnectionRow();
  const slot = Number(takeVariable(slotVariable) ?? 0);
  const sockets = parseStarterPort(getVariable("SERVER_STARTER_PORT") ?? "");
  const spareText = takeVariable(spareSocketsVariable) ?? "";
  const spares = spareText === "" ? [] : parseStarterPort(spareText);
  // A program that the app starts must not hold them open.
  for (const { fd } of spares) keepFromChildren(fd);
  const row = openRow(takeVariable(scoreboardVariable) ?? "");
  row?.claim(Deno.pid, RowState.starting);
  const metrics = plan.status === null || row === null ? null : row.metrics;
  const requestsMax = drawRequestsMax(plan.process);
  worker = await Worker.create(plan, log, takeTls({}, log), {
    slot,
    row,
    metrics,
    requestsMax,
    onRequestsMax: () => send({ kind: "retire", why: `it has served ${requestsMax} requests` }),
  });
  const acceptOf = acceptHandlers(worker);
  drain = () => {
    const isLastHolder = lease?.isOver ?? false;
    if (isLastHolder) worker!.listenAlso((reactor) => adoptSpares(reactor, spares, acceptOf));
    void worker!.drain(isLastHolder);
  };
  onStart(worker);
  await worker.afterFork(slot);
  const { backlog } = plan.listen;
  worker.listen((reactor) => {
    const open = reactor.capabilities.inherit ? adoptFromMaster : bindBesideMaster;
    return open(reactor, sockets, backlog, acceptOf, share);
  });
  listenToSignals(worker, row, log, drain, () => channel?.close());
  listenForPause(worker);
  listenForLeave(worker);
  listenForProfile(worker.reactor);
  if (row !== null) beat(worker, row, metrics, plan.process.timeoutMs);
  watchHeapOf(worker, plan.process.heapBytesMax, log, send);
  if (metrics !== null) watchLoopLag(worker.reactor, (lagMs) => metrics.lagMs = lagMs);
  send({ kind: "ready" });
  const exitCode = await worker.run();
  channel?.close();
  return exitCode;
}

/** Who accepts on the socket of this name: one for all sockets of one name. */
function acceptHandlers(worker: Worker): (socketName: string) => AcceptHandler {
  const known = new Map<string, AcceptHandler>();
  return (name) => {
    const handler = known.get(name) ?? worker.onAcceptOf(name);
    known.set(name, handler);
    return handler;
  };
}

/** `--max-heap`. */
function watchHeapOf(
  { reactor }: Worker,
  bytesMax: number | null,
  log: Logger,
  send: (message: WorkerMessage) => void,
): void {
  if (bytesMax === null) return;
  watchHeap(reactor, bytesMax, () => Deno.memoryUsage().heapUsed, {
    onFull: (bytes) => send({ kind: "retire", why: `it has ${megabytes(bytes)} in its heap` }),
    onFullAtStart: (bytes) =>
      log.warn(
        `worker ${Deno.pid}: the app has ${megabytes(bytes)} in its heap from the start, more ` +
          `than --max-heap ${megabytes(bytesMax)} leaves: it is not replaced`,
      ),
  });
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1048576)} MB`;
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
  log: Logger,
  drain: () => void,
  closeChannel: () => void,
): void {
  addSignalListener("TERM", () => {
    if (row !== null) row.state = RowState.draining;
    closeChannel();
    drain();
  });
  addSignalListener("QUIT", () => {
    closeChannel();
    const cutCount = worker.stop();
    // The master logs the stop itself.
    if (cutCount > 0) log.warn(`worker ${Deno.pid}: ${atOnceText("QUIT", cutCount)}`);
  });
  addSignalListener("USR1", () => worker.reopenLogs());
}

/** Starts the heartbeat. A handler that never yields stops it, which the master detects. */
function beat(
  worker: Worker,
  row: Row,
  metrics: WorkerMetrics | null,
  timeoutMs: number,
): void {
  const everyMs = timeoutMs > 0 ? Math.min(beatMsWithTimeout, timeoutMs / 2) : beatMs;
  const { handler } = worker.app;
  const again = () => {
    const { pendingCount: pending = 0, admission } = handler as Partial<FetchHandler>;
    row.beat(worker.server.connectionCount, pending);
    if (metrics !== null) {
      metrics.heapBytes = Deno.memoryUsage().heapUsed;
      metrics.shed = admission?.refusedCount ?? 0;
      metrics.waiting = admission?.waitingCount ?? 0;
    }
    worker.reactor.setTimer(everyMs, again);
  };
  row.state = RowState.idle;
  again();
}
