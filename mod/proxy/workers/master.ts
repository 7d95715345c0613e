/** The master: starts workers, keeps them alive, and tells all of them the same about the peers. */
import { exitCodes } from "../../base/errors.ts";
import type { Logger } from "../../log/mod.ts";
import { type Channel, channelVariable, openChannel } from "../../process/channel.ts";
import { deathSignalOf, exitCodeOf } from "../../process/children.ts";
import { allVariables } from "../../process/environment.ts";
import { selfCommand } from "../../process/executable.ts";
import { sendSignal } from "../../process/signals.ts";
import { type PassedDescriptor, spawn } from "../../process/spawn.ts";
import type { CountersMessage, StateMessage, WorkerMessage } from "./messages.ts";

/** A worker that lives shorter than this is not started again at once. */
const livedLongMs = 1000;
/** How long a change waits for the workers' word. */
const applyTimeoutMs = 2000;

export interface MasterParts {
  readonly argv: readonly string[];
  readonly workers: number;
  readonly logger: Logger;
  /** Value of SERVER_STARTER_PORT for the workers. */
  readonly portsText: string;
  readonly descriptors: readonly PassedDescriptor[];
  /** A number that no descriptor for the workers has. */
  readonly channelNumber: number;
  state(version: number): StateMessage;
  onCounters(pid: number, counters: CountersMessage): void;
  onWorkerGone(pid: number): void;
}

interface Worker {
  readonly pid: number;
  readonly channel: Channel;
  readonly startedMs: number;
  appliedVersion: number;
  isReady: boolean;
}

export class Master {
  readonly #parts: MasterParts;
  readonly #workers = new Set<Worker>();
  readonly #waiting = new Set<() => void>();
  #version = 0;
  #isStopping = false;

  constructor(parts: MasterParts) {
    this.#parts = parts;
  }

  get pids(): number[] {
    return [...this.#workers].map((worker) => worker.pid);
  }

  /** Starts the workers; resolves when all of them accept. */
  async start(): Promise<void> {
    for (let i = 0; i < this.#parts.workers; i++) this.#startOne();
    await this.#until(() => this.#readyCount === this.#parts.workers || this.#isStopping);
  }

  /** Tells every worker the state as it is now. */
  broadcast(): void {
    const message = this.#parts.state(++this.#version);
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

  /** Ends all workers by `name` and waits for them. */
  async stop(name: "TERM" | "QUIT"): Promise<void> {
    this.#isStopping = true;
    this.signalAll(name);
    await this.#until(() => this.#workers.size === 0);
  }

  get #readyCount(): number {
    let count = 0;
    for (const worker of this.#workers) if (worker.isReady) count++;
    return count;
  }

  #startOne(): void {
    const { argv, portsText, descriptors, channelNumber, logger } = this.#parts;
    let worker: Worker | null = null;
    const pair = openChannel({
      onMessage: (message) => {
        if (worker !== null) this.#hear(worker, message as WorkerMessage);
      },
      // The end of the process tells everything.
      onEnd: () => {},
    });
    const child = spawn({
      command: selfCommand(["proxy", ...argv]),
      environment: {
        ...allVariables(),
        SERVER_STARTER_PORT: portsText,
        [channelVariable]: String(channelNumber),
      },
      descriptors: [...descriptors, { ours: pair.theirs, number: channelNumber }],
    });
    pair.closeTheirs();
    if (child.pid === null) {
      pair.ours.close();
      logger.error(`cannot start a worker: ${child.reason}`);
      this.#startLater();
      return;
    }
    worker = {
      pid: child.pid,
      channel: pair.ours,
      startedMs: performance.now(),
      appliedVersion: -1,
      isReady: false,
    };
    this.#workers.add(worker);
    pair.ours.send(this.#parts.state(this.#version));
    const started = worker;
    void child.exited.then((status) => this.#onExit(started, status));
  }

  #hear(worker: Worker, message: WorkerMessage): void {
    switch (message.kind) {
      case "ready":
        worker.isReady = true;
        break;
      case "applied":
        worker.appliedVersion = message.version;
        break;
      case "counters":
        return this.#parts.onCounters(worker.pid, message);
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
    const how = signal === 0 ? `exit code ${exitCodeOf(status)}` : `signal ${signal}`;
    this.#parts.logger.error(`worker ${worker.pid} died (${how}), starting another`);
    const hadBadConfig = signal === 0 && exitCodeOf(status) === exitCodes.config;
    if (performance.now() - worker.startedMs > livedLongMs && !hadBadConfig) this.#startOne();
    else this.#startLater();
  }

  #startLater(): void {
    setTimeout(() => {
      if (!this.#isStopping) this.#startOne();
    }, livedLongMs);
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
