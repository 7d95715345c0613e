/** One plan in service under a master: its control plane and the workers that serve it. */
import { StartError } from "../../base/errors.ts";
import type { Logger } from "../../log/mod.ts";
import type { Reactor } from "../../net/reactor.ts";
import type { SocketLease } from "../../process/handover/socket_lease.ts";
import type { LoadedPlan } from "../plan/loaded_plan.ts";
import { ejectionsOf, peerStateOf } from "../balance/peer_state.ts";
import { ControlPlane } from "../control/control_plane.ts";
import { Engine } from "../engine/engine.ts";
import { type EngineMetrics, Generation } from "../engine/records/engine_metrics.ts";
import type { Route, RouteHandler } from "../engine/routes/routes.ts";
import type { StatusRow } from "../health/status_page.ts";
import type { ProxyPlan } from "../plan/plan.ts";
import { Crew } from "./crew.ts";
import type { HandedSockets } from "./master_sockets.ts";
import type { StateMessage } from "./messages.ts";
import type { WorkerTotals } from "./totals.ts";

/** Minimum time between updates of the status page's rows to the workers. */
const rowsIntervalMs = 200;

/** What is shared by all plans of a process. */
export interface ReignHome {
  readonly reactor: Reactor;
  readonly logger: Logger;
  readonly totals: WorkerTotals;
  readonly metrics: EngineMetrics;
  readonly ticketSeed: string;
  readonly isSupervised: boolean;
  readonly lease: SocketLease;
}

export class Reign {
  readonly plan: ProxyPlan;
  readonly crew: Crew;
  readonly #engine: Engine;
  readonly #control: ControlPlane;
  readonly #nowMs: () => number;
  readonly #generation: Generation;
  #rowsTimer = 0;
  /** The rows as last sent to the workers. */
  #toldRows: readonly StatusRow[] = [];
  /** Whether any path serves the status page. */
  readonly #showsRows: boolean;

  /** `former`: the reign that this one will replace; null at the start of the process. */
  constructor(
    { plan, texts }: LoadedPlan,
    sockets: HandedSockets,
    generation: number | null,
    home: ReignHome,
    former: Reign | null,
  ) {
    const { reactor, logger, totals, metrics } = home;
    this.plan = plan;
    this.#showsRows = plan.hosts.some(({ paths }) =>
      paths.some(({ handlers }) => handlers.some(({ kind }) => kind === "checkStatus"))
    );
    this.#nowMs = () => reactor.nowMs;
    this.#engine = new Engine(reactor, plan.global, logger, metrics);
    this.#control = new ControlPlane(plan, {
      reactor,
      logger,
      engine: this.#engine,
      generation: generation ?? 1,
      isWorker: false,
      idleCount: (group) => totals.idleCount(group),
      refresh: () => totals.writeTo(metrics, this.#control.groups),
      workerViews: () => totals.workerViews(this.crew.pids),
      respawned: () => this.crew.respawnedCount,
      onProbe: (hasChanged) => this.#onProbe(hasChanged),
      onChange: () => this.crew.broadcast(),
      onEjection: () => this.crew.broadcast(),
      settled: () => this.crew.settled(),
    }, former === null ? null : former.#control);
    this.#generation = new Generation(
      generation ?? 1,
      () => totals.connectionsOf(this.crew.pids),
    );
    this.crew = new Crew({
      argv: plan.file === null ? [] : ["-c", plan.file],
      workers: plan.global.workers,
      generation,
      ticketSeed: home.ticketSeed,
      isSupervised: home.isSupervised,
      lease: home.lease,
      logger,
      texts,
      sockets,
      state: (version, isForAll) => this.#state(version, isForAll),
      onCounters: (pid, counters) => totals.take(pid, counters),
      onOutlier: (message) => this.#control.judge(message),
      onUnreachable: (message) => this.#control.noteUnreachable(message),
      onWorkerGone: (pid) => totals.forget(pid),
    });
  }

  /**
   * Resolves with null when every worker accepts, or with the exit code of one that cannot start.
   * Throws `StartError` only when the control listener cannot be opened.
   */
  async start(): Promise<number | null> {
    this.#control.listen((handler) => this.#route(handler));
    await this.#control.start();
    const failure = await this.crew.start();
    if (failure !== null) return failure;
    // Send the results of checks that ended while the workers started.
    this.crew.broadcast();
    this.#engine.metrics.generations.add(this.#generation);
    return null;
  }

  /** As `start`, while another reign still serves. Throws `StartError` when a worker cannot serve. */
  async tryStart(): Promise<void> {
    this.#control.listen((handler) => this.#route(handler));
    await this.#control.start();
    const failure = await this.crew.tryStart();
    if (failure !== null) throw new StartError(failure);
  }

  /** Takes over control of the peers from `former`. */
  takeOver(former: Reign): void {
    this.#control.takeOver(former.#control);
    this.#engine.metrics.generations.add(this.#generation);
    this.crew.broadcast();
  }

  /** Ends the workers; with TERM, after they have answered the connections they accepted. */
  async end(signal: "TERM" | "QUIT"): Promise<void> {
    this.#generation.isEnding = true;
    this.#control.stop();
    clearTimeout(this.#rowsTimer);
    this.#control.closeListener();
    await this.crew.stop(signal);
    await this.#engine.drain();
    this.#engine.metrics.generations.delete(this.#generation);
  }

  #route(handler: RouteHandler): Route {
    return {
      hostName: "",
      prefix: "",
      handlers: [handler],
      settings: this.plan.settings,
      logs: [],
      responseRules: [],
      realIp: null,
      requestId: null,
      changesResponses: false,
    };
  }

  #state(version: number, isForAll: boolean): StateMessage {
    const rows = this.#showsRows ? this.#control.checker.rows() : [];
    if (isForAll) this.#toldRows = rows;
    return {
      kind: "state",
      version,
      upstreams: this.#control.groups.map((group) => ({
        name: group.plan.name,
        peers: group.peers.map(peerStateOf),
      })),
      ejections: ejectionsOf(this.#control.groups, this.#nowMs()),
      rows,
    };
  }

  #onProbe(hasChanged: boolean): void {
    if (hasChanged) {
      this.crew.broadcast();
    } else if (this.#rowsTimer === 0 && this.#showsRows) {
      this.#rowsTimer = setTimeout(() => {
        this.#rowsTimer = 0;
        this.#tellRows();
      }, rowsIntervalMs);
    }
  }

  /** Most probes change only counters: with thousands of servers a full state would be too large. */
  #tellRows(): void {
    const rows = this.#control.checker.rows();
    const told = this.#toldRows;
    const isSameList = rows.length === told.length &&
      rows.every(({ upstream, name }, at) =>
        upstream === told[at].upstream && name === told[at].name
      );
    if (!isSameList) return this.crew.broadcast();
    const changed = rows.filter(({ isDown, rise, fall }, at) =>
      isDown !== told[at].isDown || rise !== told[at].rise || fall !== told[at].fall
    );
    this.#toldRows = rows;
    if (changed.length === 0) return;
    this.crew.tellRows(
      changed.map(({ index, isDown, rise, fall }) => ({ index, isDown, rise, fall })),
    );
  }
}
