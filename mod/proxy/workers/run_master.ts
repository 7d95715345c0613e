/** A proxy with several workers: control, checks and the API here, traffic there. */
import { formatAddress } from "../../base/address.ts";
import { exitCodes, StartError } from "../../base/errors.ts";
import { isResolved } from "../../config/mod.ts";
import type { Logger } from "../../log/mod.ts";
import type { Reactor } from "../../net/reactor.ts";
import { notify, notifyReady } from "../../process/readiness.ts";
import { addSignalListener } from "../../process/signals.ts";
import type { InheritedSocket } from "../../process/starter_port.ts";
import { PeerGroup } from "../balance/peer_group.ts";
import { Board } from "../control/board.ts";
import { ControlHandler } from "../control/control_handler.ts";
import { type ControlListener, openControl } from "../control/control_listener.ts";
import { Engine } from "../engine/engine.ts";
import { Checker } from "../health/checker.ts";
import { ReactorProbes } from "../health/probe.ts";
import type { ProxyPlan } from "../plan.ts";
import { StateFile } from "../state_file.ts";
import { Master } from "./master.ts";
import { openMasterSockets } from "./master_sockets.ts";
import { peerStateOf, type StateMessage } from "./messages.ts";
import { WorkerTotals } from "./totals.ts";

/** At most so often the workers hear of new rows for the status page. */
const rowsIntervalMs = 200;

export interface MasterRun {
  readonly plan: ProxyPlan;
  readonly reactor: Reactor;
  readonly logger: Logger;
  readonly inherited: readonly InheritedSocket[] | null;
  readonly generation: number | null;
  /** argv for the workers. */
  readonly argv: readonly string[];
}

/** Runs until a signal ends it. Throws `StartError`. */
export async function runMaster(run: MasterRun): Promise<number> {
  const control = new MasterControl(run);
  const running = run.reactor.run();
  await control.start();
  notifyReady();
  for (const { address } of run.plan.listeners) {
    run.logger.info(`listening on ${formatAddress(address)}`);
  }
  run.logger.info(`${run.plan.global.workers} workers: ${control.master.pids.join(" ")}`);
  await running;
  return exitCodes.ok;
}

class MasterControl {
  readonly master: Master;
  readonly #run: MasterRun;
  readonly #engine: Engine;
  readonly #groups: readonly PeerGroup[];
  readonly #checker: Checker;
  readonly #board: Board;
  readonly #stateFile: StateFile | null;
  readonly #totals = new WorkerTotals();
  readonly #closeSockets: () => void;
  #control: ControlListener | null = null;
  #rowsTimer = 0;
  #isStopping = false;

  constructor(run: MasterRun) {
    const { plan, reactor, logger, inherited } = run;
    this.#run = run;
    this.#engine = new Engine(reactor, plan.global, logger);
    this.#groups = plan.upstreams.map((upstream) => new PeerGroup(upstream));
    this.#checker = new Checker(this.#groups, {
      transport: new ReactorProbes(reactor),
      setTimer: (delayMs, callback) => reactor.setTimer(delayMs, callback),
      clearTimer: (handle) => reactor.clearTimer(handle),
      nowMs: () => reactor.nowMs,
      random: Math.random,
      log: (line) => logger.error(line),
      onResult: (hasChanged) => this.#onProbe(hasChanged),
    });
    const { stateFile } = plan.global;
    this.#stateFile = stateFile === null ? null : new StateFile(stateFile, logger);
    this.#stateFile?.restore(this.#groups, this.#checker, reactor.nowMs);
    const sockets = openMasterSockets(plan.listeners, inherited);
    this.#closeSockets = () => sockets.close();
    this.master = new Master({
      argv: run.argv,
      workers: plan.global.workers,
      logger,
      portsText: sockets.portsText,
      descriptors: sockets.descriptors,
      channelNumber: sockets.freeNumber,
      state: (version) => this.#state(version),
      onCounters: (pid, counters) => this.#totals.take(pid, counters),
      onWorkerGone: (pid) => this.#totals.forget(pid),
    });
    this.#board = new Board({
      groups: this.#groups,
      checker: this.#checker,
      metrics: this.#engine.metrics,
      generation: run.generation ?? 1,
      nowMs: () => reactor.nowMs,
      connectionCount: () => this.#totals.connections,
      idleCount: (group) => this.#totals.idleCount(group),
      refresh: () => this.#totals.writeTo(this.#engine.metrics, this.#groups),
      onChange: (group) => {
        this.#stateFile?.noteChange(group.plan.name, this.#groups, this.#checker);
        this.master.broadcast();
      },
      settled: () => this.master.settled(),
    });
    this.#listenToSignals();
  }

  async start(): Promise<void> {
    this.#openControl();
    await this.#checker.start();
    await this.master.start();
    // What the checks found while the workers started.
    this.master.broadcast();
  }

  #openControl(): void {
    const { control } = this.#run.plan.global;
    if (control === null) return;
    if (!isResolved(control.address)) {
      throw new StartError("control: an IP address or a unix path is expected", 78);
    }
    const handler = new ControlHandler(this.#engine, this.#board, control);
    const settings = this.#run.plan.settings;
    const route = {
      hostName: "",
      prefix: "",
      handlers: [handler],
      settings,
      logs: [],
      responseRules: [],
      changesResponses: false,
    };
    const server = this.#engine.addServer([], "http", route);
    this.#control = openControl(this.#run.reactor, control.address, server.onAccept);
  }

  #state(version: number): StateMessage {
    return {
      kind: "state",
      version,
      upstreams: this.#groups.map((group) => ({
        name: group.plan.name,
        peers: group.peers.map(peerStateOf),
      })),
      rows: this.#checker.rows(),
    };
  }

  #onProbe(hasChanged: boolean): void {
    this.#stateFile?.noteProbe(this.#groups, this.#checker, hasChanged);
    if (hasChanged) {
      this.master.broadcast();
    } else if (this.#rowsTimer === 0) {
      this.#rowsTimer = setTimeout(() => {
        this.#rowsTimer = 0;
        this.master.broadcast();
      }, rowsIntervalMs);
    }
  }

  #listenToSignals(): void {
    for (const name of ["TERM", "INT"]) {
      addSignalListener(name, () => void this.#stop("TERM", name));
    }
    addSignalListener("QUIT", () => void this.#stop("QUIT", "QUIT"));
    addSignalListener("USR1", () => this.master.signalAll("USR1"));
    addSignalListener("HUP", () => {
      this.#run.logger.warn(
        "received HUP: run under `hayate supervise` and send HUP there to reload",
      );
    });
  }

  async #stop(signal: "TERM" | "QUIT", name: string): Promise<void> {
    if (this.#isStopping) return;
    this.#isStopping = true;
    notify("STOPPING=1");
    this.#run.logger.info(`received ${name}, gracefully shutting down`);
    this.#checker.stop();
    this.#stateFile?.stop();
    clearTimeout(this.#rowsTimer);
    this.#control?.close();
    await this.master.stop(signal);
    this.#closeSockets();
    await this.#engine.drain();
    this.#run.reactor.stop();
  }
}
