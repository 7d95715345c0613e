/** A proxy with several workers: the master runs control, checks and API; workers serve traffic. */
import { type Address, formatAddress } from "../../base/address.ts";
import { exitCodes, StartError } from "../../base/errors.ts";
import type { Logger } from "../../log/mod.ts";
import type { Reactor } from "../../net/reactor.ts";
import { keepMemory } from "../../process/memory/memory_keeper.ts";
import { notify, notifyReady } from "../../process/handover/readiness.ts";
import { listenForLeave } from "../../process/signals/pausing.ts";
import { addSignalListener } from "../../process/signals/signals.ts";
import type { Health } from "../../probes/health.ts";
import { openHealth } from "../../probes/health_listener.ts";
import { type HeldLease, SocketLease } from "../../process/handover/socket_lease.ts";
import { atOnceText, leavingText, listenForStop } from "../../process/signals/stop_signals.ts";
import type { InheritedSocket } from "../../process/handover/starter_port.ts";
import type { InheritedBoard } from "../../process/handover/generation_board.ts";
import type { InheritedTls } from "../../tls/appliance.ts";
import type { LoadedPlan } from "../plan/loaded_plan.ts";
import { EngineMetrics } from "../engine/records/engine_metrics.ts";
import type { ConfigWatch } from "../control/config_watch.ts";
import { type Hangups, Reloads } from "../control/reloads.ts";
import { type MasterOpening, MasterSockets } from "./master_sockets.ts";
import { PlanGeneration } from "./plan_generation.ts";
import { WorkerTotals } from "./totals.ts";
import type { WorkerPool } from "./worker_pool.ts";

export interface MasterRun {
  readonly loaded: LoadedPlan;
  readonly reactor: Reactor;
  readonly logger: Logger;
  readonly inherited: readonly InheritedSocket[] | null;
  /** The supervisor's lease on its sockets; null without a supervisor that grants one. */
  readonly lease: HeldLease | null;
  readonly generation: number | null;
  /** Seed for TLS session tickets, which outlive plans and workers. */
  readonly ticketSeed: string;
  /** What the supervisor has set up for its sockets; null: nothing. */
  readonly tls: InheritedTls | null;
  /** What the supervisor tells of its generations; null: nothing. */
  readonly board: InheritedBoard | null;
  /** Reads the configuration for a reload. Throws `StartError`. */
  load(): Promise<LoadedPlan>;
  /** Called when the first workers accept. */
  onServing(): void;
  /** Called before the sockets are closed for good. */
  onStopping(): void;
  /** Called when the reloaded plan is in service. */
  onReloaded(loaded: LoadedPlan): void;
  readonly hangups: Hangups;
  readonly watch: ConfigWatch;
  readonly shutdownDelayMs: number;
  /** Where `/livez` and `/readyz` are answered; null: nowhere. */
  readonly health: Address | null;
}

/** Runs until a signal ends it. Throws `StartError`. */
export async function runMaster(run: MasterRun): Promise<number> {
  const master = new MasterProcess(run);
  const health = run.health === null ? null : openHealth(run.reactor, run.health, master);
  const running = run.reactor.run();
  // A signal may stop the process during the wait for names, checks and workers.
  if (await Promise.race([master.start(), running.then(() => false)])) {
    notifyReady(...run.watch.readyFields());
    keepMemory();
  }
  await running;
  health?.close();
  return master.exitCode;
}

class MasterProcess implements Health {
  readonly #run: MasterRun;
  readonly #sockets: MasterSockets;
  readonly #context;
  readonly #lease: SocketLease;
  readonly #reloads: Reloads;
  readonly #retiring = new Map<PlanGeneration, Promise<void>>();
  #current: PlanGeneration;
  /** The generation being started to replace the current one. */
  #next: PlanGeneration | null = null;
  #generation: number | null;
  #isStopping = false;
  #isLeaving = false;
  exitCode: number = exitCodes.ok;

  constructor(run: MasterRun) {
    const { reactor, logger, loaded, generation } = run;
    this.#run = run;
    this.#lease = new SocketLease(run.inherited !== null);
    this.#generation = generation;
    this.#context = {
      reactor,
      logger,
      totals: new WorkerTotals(),
      metrics: new EngineMetrics(),
      ticketSeed: run.ticketSeed,
      isSupervised: run.inherited !== null,
      lease: this.#lease,
      tls: run.tls,
      board: run.board,
    };
    this.#sockets = new MasterSockets(run.inherited, (message) => logger.warn(message));
    const opening = this.#sockets.open(loaded.plan.listeners);
    this.#current = this.#generationOf(loaded, opening, generation, null);
    opening.commit();
    this.#reloads = new Reloads({
      logger,
      load: () => run.load(),
      apply: (next) => this.#reload(next),
      onEnd: (why, fault) => this.#current.noteReload(why, fault),
    });
    this.#listenToSignals();
  }

  /** See `Health`. */
  unready(query: string): string | null {
    return this.#isStopping ? "stopping" : this.#current.unready(query);
  }

  /** Resolves when every worker accepts. False: it was stopped before that. */
  async start(): Promise<boolean> {
    const failure = await this.#current.start();
    if (this.#isStopping) return false;
    if (failure !== null) {
      this.exitCode = failure;
      await this.#end("TERM");
      return false;
    }
    const { logger } = this.#run;
    for (const { address } of this.#current.plan.listeners) {
      logger.info(`listening on ${formatAddress(address)}`);
    }
    this.#logWorkers();
    this.#run.onServing();
    this.#run.hangups.passTo(() => this.#reloads.request());
    this.#run.watch.serves((why) => this.#reloads.request(why));
    return true;
  }

  async #reload(loaded: LoadedPlan): Promise<void> {
    const { logger, inherited } = this.#run;
    // Under a supervisor, the supervisor counts the generations.
    const generation = inherited === null ? (this.#generation ?? 1) + 1 : this.#generation;
    const opening = this.#sockets.open(loaded.plan.listeners);
    const next = this.#generationOf(loaded, opening, generation, this.#current);
    this.#next = next;
    if (this.#isLeaving) next.pool.leave();
    try {
      await next.tryStart();
      if (opening.shutDropped()) await this.#current.pool.revive();
      if (this.#isStopping) throw new StartError("the proxy is being stopped");
    } catch (error) {
      this.#next = null;
      opening.discard();
      await next.end("TERM");
      throw error;
    }
    this.#next = null;
    opening.commit();
    const previous = this.#current;
    next.takeOver(previous);
    this.#retire(previous);
    this.#current = next;
    this.#generation = generation;
    // After this no new connection reaches the previous plan.
    await previous.pool.closed();
    for (const address of opening.fresh) logger.info(`listening on ${formatAddress(address)}`);
    this.#logWorkers();
    this.#run.watch.serves((why) => this.#reloads.request(why));
    this.#run.onReloaded(loaded);
  }

  #generationOf(
    loaded: LoadedPlan,
    opening: MasterOpening,
    generation: number | null,
    previous: PlanGeneration | null,
  ): PlanGeneration {
    try {
      return new PlanGeneration(loaded, opening.handed, generation, this.#context, previous);
    } catch (error) {
      opening.discard();
      throw error;
    }
  }

  #retire(generation: PlanGeneration): void {
    const ended = generation.end("TERM").then(() => void this.#retiring.delete(generation));
    this.#retiring.set(generation, ended);
  }

  #logWorkers(): void {
    const { pids } = this.#current.pool;
    this.#run.logger.info(`${pids.length} workers: ${pids.join(" ")}`);
  }

  #listenToSignals(): void {
    listenForLeave(this);
    listenForStop(this.#run.inherited !== null, this.#run.shutdownDelayMs, {
      onLeaving: (delayMs) => {
        this.#run.logger.info(leavingText(delayMs));
        this.leave();
      },
      onFirst: (name) => void this.#stop(name),
      onAtOnce: (name) => void this.#stopAtOnce(name),
    });
    addSignalListener("USR1", () => {
      for (const pool of this.#livePools()) pool.reopenLogs();
      this.#run.logger.reopen();
    });
  }

  /** A stop is near: the workers go on accepting, and let their clients go. */
  leave(): void {
    this.#isLeaving = true;
    for (const pool of this.#livePools()) pool.leave();
  }

  #livePools(): WorkerPool[] {
    const next = this.#next === null ? [] : [this.#next];
    return [this.#current, ...next, ...this.#retiring.keys()].map(({ pool }) => pool);
  }

  async #stop(name: string): Promise<void> {
    notify("STOPPING=1");
    this.#run.logger.info(`received ${name}, gracefully shutting down`);
    if (!this.#isStopping) await this.#end("TERM");
  }

  async #stopAtOnce(name: string): Promise<void> {
    this.#run.logger.warn(atOnceText(name, 0));
    if (!this.#isStopping) return await this.#end("QUIT");
    // All workers have already received TERM.
    for (const pool of this.#livePools()) pool.stopAtOnce();
  }

  /** Whether no supervisor will serve the sockets after this process. */
  get #areSocketsOurs(): boolean {
    const { inherited, lease } = this.#run;
    return inherited === null || lease?.isOver === true;
  }

  async #end(signal: "TERM" | "QUIT"): Promise<void> {
    this.#isStopping = true;
    if (this.#areSocketsOurs) this.#run.onStopping();
    this.#reloads.stop();
    const { pool } = this.#current;
    const needsWorker = signal === "TERM" && this.#areSocketsOurs && !pool.isServing;
    if (needsWorker && this.#sockets.shut()) await pool.revive();
    this.#releaseSockets();
    // Retiring workers have already received TERM; QUIT must reach them, too.
    const retiring = signal === "QUIT" ? [...this.#retiring.keys()] : [];
    for (const { pool } of retiring) pool.stopAtOnce();
    await Promise.all([
      this.#current.end(signal),
      this.#next?.end(signal),
      ...this.#retiring.values(),
    ]);
    this.#run.reactor.stop();
  }

  /**
   * Closes the sockets before the workers are signalled: the last process to close a socket must
   * answer the connections waiting in it, and the master cannot. While a supervisor holds the
   * sockets, its next generation answers them.
   */
  #releaseSockets(): void {
    if (!this.#areSocketsOurs) return;
    this.#sockets.close();
    this.#lease.end();
  }
}
