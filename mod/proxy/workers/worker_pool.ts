/** The workers of one plan: their lifecycle, and the messages to and from them. */
import { StartError } from "../../base/errors.ts";
import { shapeFaultOf } from "../../base/shape.ts";
import { isServing, type LogEvent, type Settings, type State } from "../../lifecycle/core/state.ts";
import { unreadiness } from "../../lifecycle/core/state.ts";
import { leaveSignal } from "../../process/signals/pausing.ts";
import { hurryMs } from "../../lifecycle/core/shutdown.ts";
import { realProcesses } from "../../lifecycle/real_processes.ts";
import { type Launch, Runner, type WorkerHandler } from "../../lifecycle/runner.ts";
import { deathSignalOf, exitCodeOf } from "../../process/children/children.ts";
import { ConnectionBoard } from "../../process/workers/connection_board.ts";
import type { ConfigTexts } from "../plan/loaded_plan.ts";
import { workerMessage } from "./message_shapes.ts";
import type {
  CountersMessage,
  OutlierMessage,
  RowsMessage,
  StateMessage,
  UnreachableMessage,
  WelcomeMessage,
  WorkerMessage,
} from "./messages.ts";
import { type LaunchedWorker, type LaunchParts, launchWorker } from "./worker_launcher.ts";

/** How long a change waits for the workers to confirm it. */
const applyTimeoutMs = 2000;
/** How long new workers may take to accept connections while old ones still serve. */
const trialMs = 30_000;

/**
 * How the lifecycle of workers differs from that of a supervised program. A plan's workers are not
 * replaced by a HUP: the workers of the next plan start beside them, in a pool of their own.
 */
const lifecycle: Settings = {
  signalOnHup: "TERM",
  signalOnTerm: "TERM",
  signalAtOnce: "QUIT",
  signalOnLeave: leaveSignal,
  // The master has checked the plan before, so the workers need not start one first.
  firstStart: "all",
  startedWith: "any",
  readiness: "notify",
  intervalMs: 0,
  startTimeoutMs: 0,
  spawnIntervalMs: 0,
  startFailuresMax: 0,
  firstStartFailuresMax: 1,
  // A single death is made good at once; those in quick succession are a crash loop.
  freeFailures: 0,
  freeCrashes: 1,
  backoffFirstMs: 1000,
  killOldDelayMs: 0,
  trialMs: 0,
  // Tunnels and downloads may drain for as long as the plan allows, which the workers know.
  drainTimeoutMs: 0,
  generationsMax: 0,
  autoRestartMs: 0,
};

export interface PoolParts {
  readonly launch: Omit<LaunchParts, "passShare">;
  readonly workers: number;
  readonly isSupervised: boolean;
  /** The texts that the plan was read from, even if the files have changed since. */
  readonly texts: ConfigTexts;
  /** `isForAll`: the state is sent to every worker. */
  state(version: number, isForAll: boolean): StateMessage;
  onCounters(pid: number, counters: CountersMessage): void;
  onOutlier(message: OutlierMessage): void;
  onUnreachable(message: UnreachableMessage): void;
  onWorkerGone(pid: number): void;
}

/** What the pool knows of a worker besides its lifecycle. */
interface Member {
  readonly pid: number;
  readonly channel: LaunchedWorker["channel"];
  readonly handler: WorkerHandler;
  appliedVersion: number;
  hasClosed: boolean;
  /** It has sent an invalid message. */
  isBroken: boolean;
}

export class WorkerPool {
  readonly #parts: PoolParts;
  readonly #startWorker: typeof launchWorker;
  readonly #runner: Runner;
  readonly #members = new Set<Member>();
  readonly #waiting = new Set<() => void>();
  readonly #connections = new ConnectionBoard();
  #version = 0;
  #isStopping = false;
  /** Set during `tryStart`, where the end of a single worker fails the whole pool. */
  #isOnTrial = false;
  #failure: string | null = null;

  /** `processes`: the clock, the timers and the signals. */
  constructor(parts: PoolParts, launch = launchWorker, processes = realProcesses) {
    this.#parts = parts;
    this.#startWorker = launch;
    this.#runner = new Runner({
      ...processes,
      settings: () => lifecycle,
      launch: (slot, _generation, handler) => this.#launch(slot, handler),
      log: (entry) => this.#report(entry),
      notify: () => {},
      onStep: () => this.#wake(),
    }, parts.workers);
  }

  get pids(): number[] {
    return [...this.#members].map(({ pid }) => pid);
  }

  /** Workers started to replace one that died. */
  get respawnedCount(): number {
    return Math.max(0, this.#state.generation - this.#parts.workers);
  }

  /**
   * Starts the workers; resolves with null when all of them accept. Workers that die are restarted.
   * If one ends before any has accepted, the next would fail, too: resolves with its exit code.
   */
  async start(): Promise<number | null> {
    this.#runner.start();
    await this.#until(() => this.#isComplete || this.#hasEnded);
    return this.#hasEnded && !this.#isStopping ? this.#state.exitCode : null;
  }

  /**
   * As `start`, while another pool still serves: resolves with null when all workers accept, or with
   * the reason why this pool must be stopped.
   */
  async tryStart(): Promise<string | null> {
    this.#isOnTrial = true;
    this.#runner.start();
    const isOver = () => this.#isComplete || this.#hasEnded || this.#failure !== null;
    await this.#until(isOver, trialMs);
    this.#isOnTrial = false;
    if (this.#isComplete) return null;
    if (this.#isStopping) return "the proxy is being stopped";
    return this.#failure ?? `the workers were not ready within ${trialMs / 1000} s`;
  }

  /** At least one worker accepts. */
  get isServing(): boolean {
    return isServing(this.#state);
  }

  /** Why no requests should come now; null: a worker accepts. */
  unready(): string | null {
    return unreadiness(this.#state);
  }

  /**
   * Before `stop`, when connections wait in the accept queues: resolves when a worker accepts and can
   * answer them, or when none can be started.
   */
  async revive(): Promise<void> {
    this.#runner.revive();
    await this.#until(() => !this.#state.isReviving, trialMs);
  }

  /** Sends the current state to every worker. */
  broadcast(): void {
    const message = this.#parts.state(++this.#version, true);
    for (const { channel } of this.#members) channel.send(message);
  }

  /** Sends changed rows of the status page only; each holds absolute values. */
  sendRows(rows: RowsMessage["rows"]): void {
    const message: RowsMessage = { kind: "rows", rows };
    for (const { channel } of this.#members) channel.send(message);
  }

  /** Resolves when every worker has applied the last broadcast, or after `applyTimeoutMs`. */
  async settled(): Promise<void> {
    const version = this.#version;
    await this.#until(
      () => [...this.#members].every(({ appliedVersion }) => appliedVersion >= version),
      applyTimeoutMs,
    );
  }

  /** After `stop`: resolves when no worker accepts any more, or after `applyTimeoutMs`. */
  async closed(): Promise<void> {
    await this.#until(
      () => [...this.#members].every(({ hasClosed }) => hasClosed),
      applyTimeoutMs,
    );
  }

  /** Tells the workers that a stop is near; they go on serving. */
  leave(): void {
    this.#runner.leave();
  }

  /** Makes every worker reopen its log files (USR1). */
  reopenLogs(): void {
    this.#runner.reopen();
  }

  /** Resolves when all workers have ended, with TERM after they have drained. */
  async stop(name: "TERM" | "QUIT"): Promise<void> {
    this.#isStopping = true;
    if (name === "QUIT") this.stopAtOnce();
    // A second TERM would cut the drain short.
    else if (!this.#hasEnded) this.#runner.stop("TERM");
    await this.#runner.finished;
    this.#connections.close();
  }

  /** Ends the workers without waiting for the exchanges in progress. */
  stopAtOnce(): void {
    this.#runner.stopAtOnce();
  }

  get #state(): State {
    return this.#runner.state;
  }

  get #isComplete(): boolean {
    return this.#state.slots.every(({ current }) => current !== null);
  }

  /** The workers end, because of `stop` or because none could be started. */
  get #hasEnded(): boolean {
    return this.#state.phase !== "running";
  }

  #launch(slot: number, handler: WorkerHandler): Launch {
    const { launch, texts, isSupervised, state, onWorkerGone } = this.#parts;
    let member: Member | null = null;
    const row = this.#connections.take();
    try {
      const passShare = (number: number) => this.#connections.pass(row, number);
      const parts = { ...launch, passShare };
      const { pid, channel, exited } = this.#startWorker(parts, (message) => {
        if (member !== null) this.#receive(member, message);
      }, slot);
      const started = member = {
        pid,
        channel,
        handler,
        appliedVersion: -1,
        hasClosed: false,
        isBroken: false,
      };
      this.#members.add(started);
      channel.send({ kind: "welcome", texts: [...texts], isSupervised } satisfies WelcomeMessage);
      channel.send(state(this.#version, false));
      void exited.then((status) => {
        this.#members.delete(started);
        channel.close();
        this.#connections.giveBack(row);
        onWorkerGone(pid);
        handler.onDied(status);
      });
      return { pid };
    } catch (error) {
      this.#connections.giveBack(row);
      if (!(error instanceof StartError)) throw error;
      return { pid: null, reason: error.message, exitCode: error.exitCode };
    }
  }

  #receive(member: Member, message: unknown): void {
    const fault = shapeFaultOf(message, workerMessage, "it");
    if (fault === null) return this.#onMessage(member, message as WorkerMessage);
    // Log once per worker: counters arrive four times a second.
    if (!member.isBroken) {
      this.#logger.error(`a message of worker ${member.pid} cannot be used: ${fault}`);
    }
    member.isBroken = true;
  }

  #onMessage(member: Member, message: WorkerMessage): void {
    switch (message.kind) {
      case "ready":
        return member.handler.onReady(false);
      case "closed":
        member.hasClosed = true;
        break;
      case "applied":
        member.appliedVersion = message.version;
        break;
      case "counters":
        return this.#parts.onCounters(member.pid, message);
      case "outlier":
        return this.#parts.onOutlier(message);
      case "unreachable":
        return this.#parts.onUnreachable(message);
    }
    this.#wake();
  }

  #report(entry: LogEvent): void {
    if (entry.event === "killed") {
      for (const pid of entry.pids) {
        this.#logger.warn(`killing worker ${pid}: it did not exit within ${hurryMs} ms`);
      }
    }
    const failure = failureOf(entry);
    if (failure === null) return;
    if (this.#isOnTrial) this.#failure ??= failure;
    else if (this.#state.anyServed) this.#logger.error(`${failure}, starting another`);
    else if (!hasLogged(entry)) this.#logger.error(failure);
  }

  get #logger() {
    return this.#parts.launch.logger;
  }

  #wake(): void {
    for (const check of this.#waiting) check();
  }

  /** Resolves when `isTrue`, evaluated at each event, or after `limitMs`. */
  #until(isTrue: () => boolean, limitMs?: number): Promise<void> {
    if (isTrue()) return Promise.resolve();
    return new Promise((resolve) => {
      let timer = 0;
      const finish = () => {
        clearTimeout(timer);
        this.#waiting.delete(check);
        resolve();
      };
      const check = () => {
        if (isTrue()) finish();
      };
      this.#waiting.add(check);
      if (limitMs !== undefined) timer = setTimeout(finish, limitMs);
    });
  }
}

/** Why a worker could not be started or does not serve any more; null for other events. */
function failureOf(entry: LogEvent): string | null {
  if (entry.event === "refused") return `cannot start a worker: ${entry.reason}`;
  if (entry.event !== "start-failed" && entry.event !== "died-unexpectedly") return null;
  const status = entry.status ?? 0;
  const signal = deathSignalOf(status);
  const how = signal === 0 ? `exit code ${exitCodeOf(status)}` : `signal ${signal}`;
  return `worker ${entry.pid} died (${how})`;
}

/** The worker has exited with an error, and logs such an error itself. */
function hasLogged(entry: LogEvent): boolean {
  if (entry.event !== "start-failed" || entry.status === null) return false;
  return deathSignalOf(entry.status) === 0 && exitCodeOf(entry.status) !== 0;
}
