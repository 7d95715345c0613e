/** One plan in service under a master: its control plane and the workers that serve it. */
import { StartError } from "../../base/errors.ts";
import type { Logger } from "../../log/mod.ts";
import type { Reactor } from "../../net/reactor.ts";
import type { SocketLease } from "../../process/handover/socket_lease.ts";
import type { InheritedBoard } from "../../process/handover/generation_board.ts";
import type { InheritedTls } from "../../tls/appliance.ts";
import type { LoadedPlan } from "../plan/loaded_plan.ts";
import { ejectionsOf, peerStateOf } from "../balance/peer_state.ts";
import { ControlPlane } from "../control/control_plane.ts";
import { Engine } from "../engine/engine.ts";
import { type EngineMetrics, Generation } from "../engine/records/engine_metrics.ts";
import type { Route, RouteHandler } from "../engine/routes/routes.ts";
import type { StatusRow } from "../health/status_page.ts";
import type { ProxyPlan } from "../plan/plan.ts";
import type { HandedSockets } from "./master_sockets.ts";
import type { StateMessage } from "./messages.ts";
import type { WorkerTotals } from "./totals.ts";
import { WorkerPool } from "./worker_pool.ts";

/** Minimum time between updates of the status page's rows to the workers. */
const rowsIntervalMs = 200;

/** What is shared by all plans of a process. */
export interface MasterContext {
  readonly reactor: Reactor;
  readonly logger: Logger;
  readonly totals: WorkerTotals;
  readonly metrics: EngineMetrics;
  readonly ticketSeed: string;
  readonly isSupervised: boolean;
  readonly lease: SocketLease;
  /** What the supervisor has set up for its sockets; null: nothing. */
  readonly tls: InheritedTls | null;
  /** What the supervisor tells of its generations; null: nothing. */
  readonly board: InheritedBoard | null;
}

export class PlanGeneration {
  readonly plan: ProxyPlan;
  readonly pool: WorkerPool;
  readonly #engine: Engine;
  readonly #control: ControlPlane;
  readonly #nowMs: () => number;
  readonly #generation: Generation;
  #rowsTimer = 0;
  /** The rows as last sent to the workers. */
  #sentRows: readonly StatusRow[] = [];
  /** Whether any path serves the status page. */
  readonly #showsRows: boolean;

  /** `previous`: the generation that this one will replace; null at the start of the process. */
  constructor(
    { plan, texts }: LoadedPlan,
    sockets: HandedSockets,
    generation: number | null,
    context: MasterContext,
    previous: PlanGeneration | null,
  ) {
    const { reactor, logger, totals, metrics } = context;
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
      tls: context.tls,
      board: context.board,
      idleCount: (group) => totals.idleCount(group),
      unready: () => this.pool.unready(),
      refresh: () => totals.writeTo(metrics, this.#control.groups, this.pool.pids),
      workerViews: () => totals.workerViews(this.pool.pids),
      respawned: () => this.pool.respawnedCount,
      onProbe: (hasChanged) => this.#onProbe(hasChanged),
      onChange: () => this.pool.broadcast(),
      onEjection: () => this.pool.broadcast(),
      settled: () => this.pool.settled(),
    }, previous === null ? null : previous.#control);
    this.#generation = new Generation(
      generation ?? 1,
      () => totals.connectionsOf(this.pool.pids),
    );
    this.pool = new WorkerPool({
      launch: {
        argv: plan.file === null ? [] : ["-c", plan.file],
        generation,
        ticketSeed: context.ticketSeed,
        lease: context.lease,
        cpus: plan.global.cpus,
        logger,
        sockets,
      },
      workers: plan.global.workers,
      isSupervised: context.isSupervised,
      texts,
      state: (version, isForAll) => this.#state(version, isForAll),
      onCounters: (pid, counters) => totals.take(pid, counters, reactor.nowMs),
      onOutlier: (message) => this.#control.judge(message),
      onUnreachable: (message) => this.#control.noteUnreachable(message),
      onWorkerGone: (pid) => totals.forget(pid),
    });
  }

  /** See `Health`. */
  unready(query: string): string | null {
    return this.#control.admin.unready(query);
  }

  /**
   * Resolves with null when every worker accepts, or with the exit code of one that cannot start.
   * Throws `StartError` only when the control listener cannot be opened.
   */
  async start(): Promise<number | null> {
    this.#control.listen((handler) => this.#route(handler));
    await this.#control.start();
    const failure = await this.pool.start();
    if (failure !== null) return failure;
    // Send the results of checks that ended while the workers started.
    this.pool.broadcast();
    this.#engine.metrics.generations.add(this.#generation);
    return null;
  }

  /** As `start`, while another generation still serves. Throws `StartError` when a worker cannot serve. */
  async tryStart(): Promise<void> {
    this.#control.listen((handler) => this.#route(handler));
    await this.#control.start();
    const failure = await this.pool.tryStart();
    if (failure !== null) throw new StartError(failure);
  }

  /** For the list of changes. */
  noteReload(why: string, fault: string | null): void {
    this.#control.noteReload(why, fault);
  }

  /** Takes over control of the peers from `previous`. */
  takeOver(previous: PlanGeneration): void {
    this.#control.takeOver(previous.#control);
    this.#engine.metrics.generations.add(this.#generation);
    this.pool.broadcast();
  }

  /** Ends the workers; with TERM, after they have answered the connections they accepted. */
  async end(signal: "TERM" | "QUIT"): Promise<void> {
    this.#generation.isEnding = true;
    this.#control.stop();
    clearTimeout(this.#rowsTimer);
    this.#control.closeListener();
    await this.pool.stop(signal);
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
    if (isForAll) this.#sentRows = rows;
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
      this.pool.broadcast();
    } else if (this.#rowsTimer === 0 && this.#showsRows) {
      this.#rowsTimer = setTimeout(() => {
        this.#rowsTimer = 0;
        this.#sendRows();
      }, rowsIntervalMs);
    }
  }

  /** Most probes change only counters: with thousands of servers a full state would be too large. */
  #sendRows(): void {
    const rows = this.#control.checker.rows();
    const sent = this.#sentRows;
    const isSameList = rows.length === sent.length &&
      rows.every(({ upstream, name }, at) =>
        upstream === sent[at].upstream && name === sent[at].name
      );
    if (!isSameList) return this.pool.broadcast();
    const changed = rows.filter(({ isDown, rise, fall }, at) =>
      isDown !== sent[at].isDown || rise !== sent[at].rise || fall !== sent[at].fall
    );
    this.#sentRows = rows;
    if (changed.length === 0) return;
    this.pool.sendRows(
      changed.map(({ index, isDown, rise, fall }) => ({ index, isDown, rise, fall })),
    );
  }
}
