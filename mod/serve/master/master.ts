/** The workers of a master: their number, their replacement and their end, by the common lifecycle. */
import type { Logger } from "../../log/mod.ts";
import {
  allWorkers,
  isServing,
  type LogEvent,
  type Settings,
  type State,
  unreadiness,
} from "../../lifecycle/core/state.ts";
import { realProcesses } from "../../lifecycle/real_processes.ts";
import { leaveSignal } from "../../process/signals/pausing.ts";
import { type Launch, Runner, type System, type WorkerHandler } from "../../lifecycle/runner.ts";
import { linesOf } from "./report.ts";

/** What starts the workers. */
export interface Starter {
  /** Starts a worker for `slot` of `slotCount`. */
  launch(slot: number, slotCount: number, generation: number, handler: WorkerHandler): Launch;
  /** Each worker has its own socket, so connections wait at a slot without a worker. */
  readonly socketPerSlot: boolean;
  /** Number of sockets per address so far; none is closed while the master runs. */
  readonly socketCount: number;
}

export interface MasterSettings {
  readonly workers: number;
  readonly spawnIntervalMs: number;
  readonly errorRespawnIntervalMs: number;
  readonly gracefulTimeoutMs: number;
}

/** A live worker process. */
export interface WorkerView {
  readonly pid: number;
  readonly generation: number;
  readonly startedMs: number;
  /** It accepts connections. */
  readonly isReady: boolean;
  /** It has been signalled to end. */
  readonly isEnding: boolean;
}

/** Added to the worker's own graceful timeout, so that the worker exits first. */
const killMarginMs = 1000;
const workersMax = 1024;

/** How the lifecycle of workers differs from that of a supervised program. */
function lifecycleOf(settings: MasterSettings): Settings {
  return {
    signalOnHup: "TERM",
    signalOnTerm: "TERM",
    signalAtOnce: "QUIT",
    signalOnLeave: leaveSignal,
    // An app that cannot be loaded reports it once.
    firstStart: "one",
    startedWith: "any",
    readiness: "notify",
    intervalMs: 0,
    // The worker limits the time in which its app must load.
    startTimeoutMs: 0,
    spawnIntervalMs: settings.spawnIntervalMs,
    // The old workers serve an app that works: a new one that fails is a reason to keep them.
    startFailuresMax: 1,
    firstStartFailuresMax: 1,
    // A single death is made good at once; those in quick succession are a crash loop.
    freeFailures: 0,
    freeCrashes: 1,
    backoffFirstMs: settings.errorRespawnIntervalMs,
    killOldDelayMs: 0,
    trialMs: 0,
    drainTimeoutMs: settings.gracefulTimeoutMs + killMarginMs,
    generationsMax: 0,
    autoRestartMs: 0,
  };
}

export class Master {
  /** Resolves with the exit code, when the last worker has exited after a stop. */
  readonly finished: Promise<number>;
  readonly #starter: Starter;
  readonly #log: Pick<Logger, "info" | "warn" | "error">;
  readonly #onServing: () => void;
  readonly #processes: typeof realProcesses;
  readonly #runner: Runner;
  #hasServed = false;
  /** Waits for a worker, or for the failure of one; null: nothing does. */
  #onRevived: (() => void) | null = null;

  /**
   * `onServing` is called once, when every slot serves. `processes`: the clock, the timers and the
   * signals.
   */
  constructor(
    starter: Starter,
    settings: MasterSettings,
    log: Pick<Logger, "info" | "warn" | "error">,
    onServing: () => void,
    processes: typeof realProcesses = realProcesses,
  ) {
    this.#starter = starter;
    this.#log = log;
    this.#onServing = onServing;
    this.#processes = processes;
    const lifecycle = lifecycleOf(settings);
    const system: System = {
      ...processes,
      settings: () => lifecycle,
      launch: (slot, generation, handler) =>
        starter.launch(slot, this.slotCount, generation, handler),
      log: (entry) => this.#report(entry),
      notify: (what) => this.#notify(what),
      onStep: (state) => this.#checkRevived(state),
    };
    this.#runner = new Runner(system, settings.workers);
    this.finished = this.#runner.finished;
  }

  get slotCount(): number {
    return this.#runner.state.slots.length;
  }

  /** Every slot has served. */
  get hasServed(): boolean {
    return this.#hasServed;
  }

  /** True while at least one worker accepts and is not stopping. */
  get isServing(): boolean {
    return isServing(this.#runner.state);
  }

  /** Live workers in the order of their start. */
  get workers(): readonly WorkerView[] {
    const { state } = this.#runner;
    const starting = new Set(state.slots.map(({ candidate }) => candidate));
    return allWorkers(state).filter(({ pid }) => pid > 0)
      .sort((a, b) => a.generation - b.generation)
      .map((worker) => ({
        pid: worker.pid,
        generation: worker.generation,
        startedMs: worker.startedMs,
        isReady: !starting.has(worker),
        isEnding: worker.signalled,
      }));
  }

  /** See `Health`. */
  unready(): string | null {
    return unreadiness(this.#runner.state);
  }

  start(): void {
    this.#runner.start();
  }

  /** Replaces a worker that has reached its limit of requests or memory. */
  replace(generation: number, why: string): void {
    this.#runner.replace(generation, why);
  }

  /**
   * Before `drain`, when connections wait at the sockets: calls `done` once a worker accepts, which
   * can answer them, or when none can be started.
   */
  revive(done: () => void): void {
    this.#onRevived = done;
    this.#runner.revive();
  }

  /** TERM: graceful stop. */
  drain(): void {
    this.#runner.stop("TERM");
  }

  /** QUIT: stops at once. */
  stop(): void {
    this.#runner.stopAtOnce();
  }

  /** HUP: replaces the workers one by one with new ones, which load the app again. */
  reload(): void {
    this.#runner.hup();
  }

  /** TTIN: adds a worker. */
  more(): void {
    const { slotCount } = this;
    if (slotCount >= workersMax) return;
    const { socketPerSlot, socketCount } = this.#starter;
    // The spare sockets, which other workers served meanwhile, go to their own worker again.
    this.#resize(slotCount + 1, socketPerSlot && socketCount > slotCount);
  }

  /** TTOU: removes a worker. */
  fewer(): void {
    if (this.slotCount > 1) this.#resize(this.slotCount - 1, this.#starter.socketPerSlot);
  }

  /** Kills a worker that hangs; its death then starts a new one. */
  kill(pid: number, why: string): void {
    this.#log.warn(`killing worker ${pid}: ${why}`);
    this.#processes.signal(pid, "KILL");
  }

  /** USR1: the workers reopen their log files. */
  reopenLogs(): void {
    this.#runner.reopen();
  }

  /** The workers close each connection after its next response, and go on accepting. */
  leave(): void {
    this.#runner.leave();
  }

  pause(): void {
    this.#runner.pause();
  }

  resume(): void {
    this.#runner.resume();
  }

  #resize(slotCount: number, redistributes: boolean): void {
    if (this.#runner.state.phase !== "running") return;
    this.#log.info(`${slotCount} workers`);
    this.#runner.resize(slotCount, redistributes);
  }

  #report(entry: LogEvent): void {
    const { anyServed } = this.#runner.state;
    for (const { level, text } of linesOf(entry, anyServed)) this.#log[level](text);
  }

  #notify(what: "ready" | "reloading" | "stopping"): void {
    if (what !== "ready" || this.#hasServed) return;
    this.#hasServed = true;
    this.#onServing();
  }

  #checkRevived(state: State): void {
    if (this.#onRevived === null || state.isReviving) return;
    const done = this.#onRevived;
    this.#onRevived = null;
    if (state.phase === "running") done();
  }
}
