/** Starts worker processes and hears of their ends: the real world behind `MasterSystem`. */
import { StartError } from "../../base/errors.ts";
import type { Logger } from "../../log/mod.ts";
import { type ChannelPair, channelVariable, openChannel } from "../../process/channel.ts";
import { deathSignalOf, exitCodeOf } from "../../process/children.ts";
import { allVariables, withoutBacktraces } from "../../process/environment.ts";
import { selfCommand } from "../../process/executable.ts";
import { sendSignal, signalName } from "../../process/signals.ts";
import { leaseVariable, type SocketLease } from "../../process/socket_lease.ts";
import { spawn } from "../../process/spawn.ts";
import { folderOfStart } from "../../process/working_folder.ts";
import type { MasterSignal, MasterSystem, WorkerProcess } from "./master.ts";
import type { MasterSockets } from "./master_sockets.ts";
import { readWorkerMessage, slotVariable } from "./messages.ts";
import { type Scoreboard, scoreboardVariable } from "./scoreboard.ts";
import type { Sighting } from "./watch.ts";

/** A process with what belongs to it. */
export interface StartedWorker extends WorkerProcess {
  /** On the scoreboard; -1 when it is full. */
  readonly row: number;
  readonly sighting: Sighting;
}

/** Who hears of workers. */
export interface WorkerListener {
  onReady(worker: WorkerProcess): void;
  onRetire(worker: WorkerProcess, why: string): void;
  onExit(worker: WorkerProcess, exitCode: number, how: string): void;
}

/** Numbers of the channel and the lease in a worker; its listening sockets come behind them. */
const channelNumber = 3;
const leaseNumber = 4;

export class WorkerStarter implements MasterSystem {
  /** Set before the first start. */
  listener: WorkerListener | null = null;
  /** Called before each start: the app's beforeFork. */
  beforeStart: (slot: number) => void = () => {};
  readonly #argv: readonly string[];
  readonly #sockets: MasterSockets;
  readonly #lease: SocketLease;
  readonly #scoreboard: Scoreboard;
  readonly #log: Logger;

  constructor(
    argv: readonly string[],
    sockets: MasterSockets,
    lease: SocketLease,
    scoreboard: Scoreboard,
    log: Logger,
  ) {
    this.#argv = argv;
    this.#sockets = sockets;
    this.#lease = lease;
    this.#scoreboard = scoreboard;
    this.#log = log;
  }

  get socketPerSlot(): boolean {
    return this.#sockets.isPerSlot;
  }

  get socketCount(): number {
    return this.#sockets.socketCount;
  }

  nowMs(): number {
    return performance.now();
  }

  start(slot: number, slotCount: number): StartedWorker | null {
    this.beforeStart(slot);
    this.#sockets.ensure(slotCount);
    const { descriptors, variable } = this.#sockets.handTo(slot, slotCount);
    const row = this.#scoreboard.take();
    let worker: StartedWorker | null = null;
    const channel = this.#openChannel((message) => worker !== null && this.#hear(worker, message));
    if (channel === null) {
      if (row >= 0) this.#scoreboard.giveBack(row);
      return null;
    }
    const outcome = spawn({
      command: selfCommand(["serve", ...this.#argv]),
      ...folderOfStart(),
      isReplaceable: true,
      environment: {
        ...withoutBacktraces(allVariables()),
        SERVER_STARTER_PORT: variable,
        [channelVariable]: String(channelNumber),
        [leaseVariable]: String(leaseNumber),
        ...(row < 0 ? {} : { [scoreboardVariable]: `${this.#scoreboard.path}#${row}` }),
        [slotVariable]: String(slot),
      },
      descriptors: [
        { ours: channel.theirs, number: channelNumber },
        { ours: this.#lease.readEnd, number: leaseNumber },
        ...descriptors,
      ],
    });
    channel.closeTheirs();
    if (outcome.pid === null) {
      this.#abandon(channel, row);
      this.#log.error(`a worker cannot be started: ${outcome.reason}`);
      return null;
    }
    const started = performance.now();
    worker = {
      pid: outcome.pid,
      slot,
      startedMs: started,
      isReady: false,
      isEnding: false,
      row,
      sighting: { beat: 0, beatMs: started },
    };
    this.#watchEnd(worker, outcome.exited, channel);
    return worker;
  }

  /** Null without descriptors: the worker is started later. */
  #openChannel(onMessage: (message: unknown) => void): ChannelPair | null {
    try {
      // The end of the process itself tells everything.
      return openChannel({
        onMessage,
        onEnd: (fault) => {
          if (fault !== "") this.#log.error(`a worker broke its channel: ${fault}`);
        },
      });
    } catch (error) {
      if (!(error instanceof StartError)) throw error;
      this.#log.error(`a worker cannot be started: ${error.message}`);
      return null;
    }
  }

  signal(worker: WorkerProcess, name: MasterSignal): void {
    sendSignal(worker.pid, name);
  }

  setTimer(delayMs: number, callback: () => void): void {
    setTimeout(callback, delayMs);
  }

  info(message: string): void {
    this.#log.info(message);
  }

  warn(message: string): void {
    this.#log.warn(message);
  }

  #hear(worker: StartedWorker, message: unknown): void {
    const known = readWorkerMessage(message);
    if (known?.kind === "ready") this.listener?.onReady(worker);
    else if (known?.kind === "retire") this.listener?.onRetire(worker, known.why);
    else {
      const found = JSON.stringify(message).slice(0, 80);
      this.#log.error(`a message of worker ${worker.pid} cannot be used: ${found}`);
    }
  }

  async #watchEnd(worker: StartedWorker, exited: Promise<number>, channel: ChannelPair) {
    const status = await exited;
    this.#abandon(channel, worker.row);
    const signal = deathSignalOf(status);
    const how = signal === 0 ? `exit code ${exitCodeOf(status)}` : `signal ${signalName(signal)}`;
    this.listener?.onExit(worker, exitCodeOf(status), how);
  }

  #abandon(channel: ChannelPair, row: number): void {
    channel.ours.close();
    if (row >= 0) this.#scoreboard.giveBack(row);
  }
}

/** The workers of `WorkerStarter`, which makes no others. */
export function started(workers: Iterable<WorkerProcess>): readonly StartedWorker[] {
  return [...workers] as StartedWorker[];
}
