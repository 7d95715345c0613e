/** The workers of one plan: starts them, restarts those that die, and sends them the peers' state. */
import { StartError } from "../../base/errors.ts";
import { shapeFaultOf } from "../../base/shape.ts";
import type { Logger } from "../../log/mod.ts";
import { type Channel, channelVariable, openChannel } from "../../process/channel.ts";
import { deathSignalOf, exitCodeOf } from "../../process/children/children.ts";
import { allVariables, withoutBacktraces } from "../../process/environment.ts";
import { selfCommand } from "../../process/executable.ts";
import { sendSignal } from "../../process/signals/signals.ts";
import { leaseVariable, type SocketLease } from "../../process/handover/socket_lease.ts";
import { spawn } from "../../process/children/spawn.ts";
import { folderOfStart } from "../../process/working_folder.ts";
import { tlsVariables } from "../../tls/appliance.ts";
import type { ConfigTexts } from "../plan/loaded_plan.ts";
import type { HandedSockets } from "./master_sockets.ts";
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

/** A worker that lived shorter than this is restarted after a delay. */
const livedLongMs = 1000;
/** Limit of the delay between failing starts, which doubles each time. */
const startDelayMsMax = 30_000;
/** How long a change waits for the workers to confirm it. */
const applyTimeoutMs = 2000;
/** How long new workers may take to accept connections while old ones still serve. */
const trialMs = 30_000;

export interface CrewParts {
  readonly argv: readonly string[];
  readonly workers: number;
  /** null: no supervisor and no reload so far. */
  readonly generation: number | null;
  readonly ticketSeed: string;
  readonly isSupervised: boolean;
  readonly logger: Logger;
  readonly sockets: HandedSockets;
  readonly lease: SocketLease;
  /** The texts that the plan was read from, even if the files have changed since. */
  readonly texts: ConfigTexts;
  /** `isForAll`: the state is sent to every worker. */
  state(version: number, isForAll: boolean): StateMessage;
  onCounters(pid: number, counters: CountersMessage): void;
  onOutlier(message: OutlierMessage): void;
  onUnreachable(message: UnreachableMessage): void;
  onWorkerGone(pid: number): void;
}

interface Worker {
  readonly pid: number;
  readonly channel: Channel;
  readonly startedMs: number;
  appliedVersion: number;
  isReady: boolean;
  hasClosed: boolean;
  /** It has sent an invalid message. */
  isBroken: boolean;
  /** Send USR1 (reopen logs) once it is ready: before that, USR1 would kill it. */
  owesReopening: boolean;
}

export class Crew {
  readonly #parts: CrewParts;
  readonly #workers = new Set<Worker>();
  readonly #waiting = new Set<() => void>();
  #version = 0;
  /** Workers started to replace one that died. */
  respawnedCount = 0;
  #isStopping = false;
  /** Set during `tryStart`, where the end of a single worker fails the whole crew. */
  #isOnTrial = false;
  #failure: string | null = null;
  /** Exit code of a worker that ended before any has accepted; null: none. */
  #startCode: number | null = null;
  #hasServed = false;
  /** Consecutive failed starts. */
  #misses = 0;

  constructor(parts: CrewParts) {
    this.#parts = parts;
  }

  get pids(): number[] {
    return [...this.#workers].map((worker) => worker.pid);
  }

  /**
   * Starts the workers; resolves with null when all of them accept. Workers that die are restarted.
   * If one exits with an error before any has accepted, the next would fail, too: resolves with its
   * exit code. The worker has logged the reason.
   */
  async start(): Promise<number | null> {
    this.#startAll();
    await this.#until(() => this.#isComplete || this.#isStopping || this.#startCode !== null);
    return this.#startCode;
  }

  /**
   * As `start`, while another crew still serves: resolves with null when all workers accept, or with
   * the reason why this crew must be stopped.
   */
  async tryStart(): Promise<string | null> {
    this.#isOnTrial = true;
    this.#startAll();
    const isOver = () => this.#isComplete || this.#isStopping || this.#failure !== null;
    await this.#until(isOver, trialMs);
    this.#isOnTrial = false;
    if (this.#isComplete) return null;
    if (this.#isStopping) return "the proxy is being stopped";
    return this.#failure ?? `the workers were not ready within ${trialMs / 1000} s`;
  }

  /** At least one worker accepts. */
  get isServing(): boolean {
    return [...this.#workers].some(({ isReady }) => isReady);
  }

  /**
   * Before `stop`, when connections wait in the accept queues: resolves when a worker accepts and can
   * answer them, or when none can be started.
   */
  async revive(): Promise<void> {
    if (this.isServing || !this.#hasServed || this.#isStopping) return;
    if (this.#workers.size === 0) this.#startOne();
    await this.#until(
      () => this.isServing || this.#workers.size === 0 || this.#isStopping,
      trialMs,
    );
  }

  /** Sends the current state to every worker. */
  broadcast(): void {
    const message = this.#parts.state(++this.#version, true);
    for (const worker of this.#workers) worker.channel.send(message);
  }

  /** Sends changed rows of the status page only; each holds absolute values. */
  tellRows(rows: RowsMessage["rows"]): void {
    const message: RowsMessage = { kind: "rows", rows };
    for (const worker of this.#workers) worker.channel.send(message);
  }

  /** Resolves when every worker has applied the last broadcast, or after `applyTimeoutMs`. */
  async settled(): Promise<void> {
    const version = this.#version;
    await this.#until(
      () => [...this.#workers].every((worker) => worker.appliedVersion >= version),
      applyTimeoutMs,
    );
  }

  signalAll(name: string): void {
    for (const worker of this.#workers) sendSignal(worker.pid, name);
  }

  /** After `stop`: resolves when no worker accepts any more, or after `applyTimeoutMs`. */
  async closed(): Promise<void> {
    await this.#until(
      () => [...this.#workers].every((worker) => worker.hasClosed),
      applyTimeoutMs,
    );
  }

  /** Makes every worker reopen its log files (USR1). */
  reopenLogs(): void {
    for (const worker of this.#workers) {
      if (worker.isReady) sendSignal(worker.pid, "USR1");
      else worker.owesReopening = true;
    }
  }

  /** Sends the signal `name` to all workers and waits until they have ended. */
  async stop(name: "TERM" | "QUIT"): Promise<void> {
    this.#isStopping = true;
    this.signalAll(name);
    await this.#until(() => this.#workers.size === 0);
  }

  get #isComplete(): boolean {
    let count = 0;
    for (const worker of this.#workers) if (worker.isReady) count++;
    return count === this.#parts.workers;
  }

  /** Does nothing after `stop`, which may be called during the checks before the start. */
  #startAll(): void {
    if (this.#isStopping) return;
    for (let i = 0; i < this.#parts.workers; i++) this.#startOne();
  }

  #startOne(): void {
    try {
      this.#spawnOne();
    } catch (error) {
      if (!(error instanceof StartError)) throw error;
      this.#missed(`cannot start a worker: ${error.message}`);
    }
  }

  /** Throws `StartError` when out of descriptors. */
  #spawnOne(): void {
    const { argv, sockets, lease, texts, generation, ticketSeed, isSupervised } = this.#parts;
    const channelNumber = sockets.freeNumber;
    const leaseNumber = channelNumber + 1;
    let worker: Worker | null = null;
    const pair = openChannel({
      onMessage: (message) => {
        if (worker !== null) this.#take(worker, message);
      },
      // A regular end of the channel is handled when the process exits.
      onEnd: (fault) => {
        if (fault === "" || worker === null) return;
        this.#parts.logger.error(`worker ${worker.pid} broke its channel: ${fault}`);
      },
    });
    const child = spawn({
      command: selfCommand(["proxy", ...argv]),
      ...folderOfStart(),
      isReplaceable: true,
      environment: {
        ...withoutBacktraces(allVariables()),
        SERVER_STARTER_PORT: sockets.portsText,
        [channelVariable]: String(channelNumber),
        [leaseVariable]: lease.variableFor(leaseNumber),
        [tlsVariables.ticketSeed]: ticketSeed,
        ...(generation === null ? {} : { SERVER_STARTER_GENERATION: String(generation) }),
      },
      descriptors: [
        ...sockets.descriptors,
        { ours: pair.theirs, number: channelNumber },
        { ours: lease.readEnd, number: leaseNumber },
      ],
    });
    pair.closeTheirs();
    if (child.pid === null) {
      pair.ours.close();
      this.#missed(`cannot start a worker: ${child.reason}`);
      return;
    }
    worker = {
      pid: child.pid,
      channel: pair.ours,
      startedMs: performance.now(),
      appliedVersion: -1,
      isReady: false,
      hasClosed: false,
      isBroken: false,
      owesReopening: false,
    };
    this.#workers.add(worker);
    pair.ours.send(
      { kind: "welcome", texts: [...texts], isSupervised } satisfies WelcomeMessage,
    );
    pair.ours.send(this.#parts.state(this.#version, false));
    const started = worker;
    void child.exited.then((status) => this.#onExit(started, status));
  }

  #take(worker: Worker, message: unknown): void {
    const fault = shapeFaultOf(message, workerMessage, "it");
    if (fault === null) return this.#hear(worker, message as WorkerMessage);
    // Log once per worker: counters arrive four times a second.
    if (!worker.isBroken) {
      this.#parts.logger.error(`a message of worker ${worker.pid} cannot be used: ${fault}`);
    }
    worker.isBroken = true;
  }

  #hear(worker: Worker, message: WorkerMessage): void {
    switch (message.kind) {
      case "ready":
        worker.isReady = this.#hasServed = true;
        this.#misses = 0;
        if (worker.owesReopening) sendSignal(worker.pid, "USR1");
        break;
      case "closed":
        worker.hasClosed = true;
        break;
      case "applied":
        worker.appliedVersion = message.version;
        break;
      case "counters":
        return this.#parts.onCounters(worker.pid, message);
      case "outlier":
        return this.#parts.onOutlier(message);
      case "unreachable":
        return this.#parts.onUnreachable(message);
    }
    this.#wake();
  }

  #onExit(worker: Worker, status: number): void {
    this.#workers.delete(worker);
    worker.channel.close();
    this.#parts.onWorkerGone(worker.pid);
    this.#wake();
    if (this.#isStopping) return;
    const signal = deathSignalOf(status);
    if (signal === 0 && exitCodeOf(status) !== 0 && !this.#hasServed && !this.#isOnTrial) {
      this.#startCode ??= exitCodeOf(status);
      return this.#wake();
    }
    const how = signal === 0 ? `exit code ${exitCodeOf(status)}` : `signal ${signal}`;
    const isOld = performance.now() - worker.startedMs > livedLongMs;
    if (!isOld || this.#isOnTrial) return this.#missed(`worker ${worker.pid} died (${how})`);
    this.#parts.logger.error(`worker ${worker.pid} died (${how}), starting another`);
    this.respawnedCount++;
    this.#startOne();
  }

  /** A worker could not be started or died early: starts another after a delay. */
  #missed(why: string): void {
    if (this.#isOnTrial) {
      this.#failure ??= why;
      return this.#wake();
    }
    this.#parts.logger.error(`${why}, starting another`);
    const delayMs = Math.min(livedLongMs * 2 ** Math.min(this.#misses++, 16), startDelayMsMax);
    setTimeout(() => {
      if (this.#isStopping) return;
      this.respawnedCount++;
      this.#startOne();
    }, delayMs);
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
