/** A proxy with several workers: control, checks and the API here, traffic there. */
import { formatAddress } from "../../base/address.ts";
import { exitCodes } from "../../base/errors.ts";
import type { Logger } from "../../log/mod.ts";
import type { Reactor } from "../../net/reactor.ts";
import { notify, notifyReady } from "../../process/readiness.ts";
import { addSignalListener } from "../../process/signals.ts";
import type { InheritedSocket } from "../../process/starter_port.ts";
import { ControlPlane } from "../control/control_plane.ts";
import { Engine } from "../engine/engine.ts";
import type { Route, RouteHandler } from "../engine/routes.ts";
import type { ProxyPlan } from "../plan.ts";
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
  readonly #control: ControlPlane;
  readonly #totals = new WorkerTotals();
  readonly #closeSockets: () => void;
  #rowsTimer = 0;
  #isStopping = false;

  constructor(run: MasterRun) {
    const { plan, reactor, logger, inherited } = run;
    this.#run = run;
    this.#engine = new Engine(reactor, plan.global, logger);
    this.#control = new ControlPlane(plan, {
      reactor,
      logger,
      engine: this.#engine,
      generation: run.generation ?? 1,
      isWorker: false,
      connectionCount: () => this.#totals.connections,
      idleCount: (group) => this.#totals.idleCount(group),
      refresh: () => this.#totals.writeTo(this.#engine.metrics, this.#control.groups),
      onProbe: (hasChanged) => this.#onProbe(hasChanged),
      onChange: () => this.master.broadcast(),
      settled: () => this.master.settled(),
    }, null);
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
    this.#listenToSignals();
  }

  async start(): Promise<void> {
    this.#control.listen((handler) => this.#route(handler));
    await this.#control.checker.start();
    await this.master.start();
    // What the checks found while the workers started.
    this.master.broadcast();
  }

  #route(handler: RouteHandler): Route {
    return {
      hostName: "",
      prefix: "",
      handlers: [handler],
      settings: this.#run.plan.settings,
      logs: [],
      responseRules: [],
      changesResponses: false,
    };
  }

  #state(version: number): StateMessage {
    return {
      kind: "state",
      version,
      upstreams: this.#control.groups.map((group) => ({
        name: group.plan.name,
        peers: group.peers.map(peerStateOf),
      })),
      rows: this.#control.checker.rows(),
    };
  }

  #onProbe(hasChanged: boolean): void {
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
    this.#control.stop();
    clearTimeout(this.#rowsTimer);
    this.#control.closeListener();
    await this.master.stop(signal);
    this.#closeSockets();
    await this.#engine.drain();
    this.#run.reactor.stop();
  }
}
