/** The workers of one plan: started, kept alive, and told the same about the peers. */
import { StartError } from "../../base/errors.ts";
import { shapeFaultOf } from "../../base/shape.ts";
import type { Logger } from "../../log/mod.ts";
import { type Channel, channelVariable, openChannel } from "../../process/channel.ts";
import { deathSignalOf, exitCodeOf } from "../../process/children.ts";
import { allVariables, withoutBacktraces } from "../../process/environment.ts";
import { selfCommand } from "../../process/executable.ts";
import { sendSignal } from "../../process/signals.ts";
import { leaseVariable, type SocketLease } from "../../process/socket_lease.ts";
import { spawn } from "../../process/spawn.ts";
import { folderOfStart } from "../../process/working_folder.ts";
import { tlsVariables } from "../../tls/appliance.ts";
import type { ConfigTexts } from "../config_file.ts";
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

/** A worker that lives shorter than this is not started again at once. */
const livedLongMs = 1000;
/** Between two starts that fail; it doubles up to here. */
const startDelayMsMax = 30_000;
/** How long a change waits for the workers' word. */
const applyTimeoutMs = 2000;
/** How long new workers may take until they accept, when there are old ones to go on with. */
const trialMs = 30_000;

export interface CrewParts {
  readonly argv: readonly string[];
  readonly workers: number;
  /** null: there is no supervisor, and no reload has been. */
  readonly generation: number | null;
  readonly ticketSeed: string;
  readonly isSupervised: boolean;
  readonly logger: Logger;
  readonly sockets: HandedSockets;
  readonly lease: SocketLease;
  /** What the plan was read from, whatever the files say by now. */
  readonly texts: ConfigTexts;
  /** `isForAll`: every worker is told. */
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
  /** It has sent a message that could not be used. */
  isBroken: boolean;
  /** Logs are to be opened again as soon as it is ready: USR1 ends a process that does not listen yet. */
  owesReopening: boolean;
}

export class Crew {
  readonly #parts: CrewParts;
  readonly #workers = new Set<Worker>();
  readonly #waiting = new Set<() => void>();
  #version = 0;
  /** Workers that were started in the place of one that died. */
  respawnedCount = 0;
  #isStopping = false;
  /** Why the crew is given up as soon as one worker ends: set while it is on trial. */
  #isOnTrial = false;
  #failure: string | null = null;
  /** Exit code of a worker that ended before any of the first crew accepted; null: none has. */
  #startCode: number | null = null;
  #hasServed = false;
  /** Starts in a row that came to nothing. */
  #misses = 0;

  constructor(parts: CrewParts) {
    this.#parts = parts;
  }

  get pids(): number[] {
    return [...this.#workers].map((worker) => worker.pid);
  }

  /**
   * Starts the workers; resolves with null when all of them accept. Those that die are started again;
   * but when one ends by itself before any has accepted, the next would do the same: resolves with its
   * exit code. It has said why.
   */
  async start(): Promise<number | null> {
    this.#startAll();
    await this.#until(() => this.#isComplete || this.#isStopping || this.#startCode !== null);
    return this.#startCode;
  }

  /**
   * As `start`, but there is another crew to fall back on: resolves with null when all accept, or
   * with the reason why this one is to be stopped.
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

  /** Some worker accepts. */
  get isServing(): boolean {
    return [...this.#workers].some(({ isReady }) => isReady);
  }

  /**
   * Before `stop`, when connections wait at the sockets: resolves once a worker accepts, which can
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

  /** Tells every worker the state as it is now. */
  broadcast(): void {
    const message = this.#parts.state(++this.#version, true);
    for (const worker of this.#workers) worker.channel.send(message);
  }

  /** Rows of the status page alone; each is what it says, whatever came before. */
  tellRows(rows: RowsMessage["rows"]): void {
    const message: RowsMessage = { kind: "rows", rows };
    for (const worker of this.#workers) worker.channel.send(message);
  }

  /** Resolves when every worker has applied the last broadcast, or late ones have had their time. */
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

  /** After `stop`: resolves when no worker accepts any more, or late ones have had their time. */
  async closed(): Promise<void> {
    await this.#until(
      () => [...this.#workers].every((worker) => worker.hasClosed),
      applyTimeoutMs,
    );
  }

  /** Has every worker open its log files again (USR1). */
  reopenLogs(): void {
    for (const worker of this.#workers) {
      if (worker.isReady) sendSignal(worker.pid, "USR1");
      else worker.owesReopening = true;
    }
  }

  /** Ends all workers by `name` and waits for them. */
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

  /** None after `stop`, which may come while the checks before the start are under way. */
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

  /** Throws `StartError` without descriptors. */
  #spawnOne(): void {
    const { argv, sockets, lease, texts, generation, ticketSeed, isSupervised } = this.#parts;
    const channelNumber = sockets.freeNumber;
    const leaseNumber = channelNumber + 1;
    let worker: Worker | null = null;
    const pair = openChannel({
      onMessage: (message) => {
        if (worker !== null) this.#take(worker, message);
      },
      // The end of the process tells everything.
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
    // Once for each worker: counters come four times a second.
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

  /** A worker that did not come into being, or not for long: another follows soon. */
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

  /** Resolves when `isTrue`, looked at whenever something has happened, or after `limitMs`. */
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
