/** Starts worker processes and reports their exits: the production `MasterSystem`. */
import { StartError } from "../../base/errors.ts";
import type { Logger } from "../../log/mod.ts";
import { type ChannelPair, channelVariable, openChannel } from "../../process/channel.ts";
import { deathSignalOf, exitCodeOf } from "../../process/children/children.ts";
import { allVariables, withoutBacktraces } from "../../process/environment.ts";
import { selfCommand } from "../../process/executable.ts";
import { sendSignal, signalName } from "../../process/signals/signals.ts";
import { leaseVariable, type SocketLease } from "../../process/handover/socket_lease.ts";
import { spawn } from "../../process/children/spawn.ts";
import { folderOfStart } from "../../process/working_folder.ts";
import type { MasterSignal, MasterSystem, WorkerProcess } from "./master.ts";
import type { MasterSockets } from "./master_sockets.ts";
import { readWorkerMessage, slotVariable, spareSocketsVariable } from "./messages.ts";
import { type Scoreboard, scoreboardVariable } from "./scoreboard.ts";
import type { Sighting } from "./watch.ts";

/** A worker process with its scoreboard row and heartbeat. */
export interface StartedWorker extends WorkerProcess {
  /** Row of the scoreboard; -1 when it is full. */
  readonly row: number;
  readonly sighting: Sighting;
}

/** Receives the events of workers. */
export interface WorkerListener {
  onReady(worker: WorkerProcess): void;
  onRetire(worker: WorkerProcess, why: string): void;
  onExit(worker: WorkerProcess, exitCode: number, how: string): void;
}

/** Descriptor numbers of the channel and the lease in a worker; its listening sockets follow. */
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
    const { descriptors, variable, spareVariable } = this.#sockets.handTo(slot, slotCount);
    const row = this.#scoreboard.take();
    let worker: StartedWorker | null = null;
    const channel = this.#openChannel((message) =>
      worker !== null && this.#receive(worker, message)
    );
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
        [spareSocketsVariable]: spareVariable,
        [channelVariable]: String(channelNumber),
        [leaseVariable]: this.#lease.variableFor(leaseNumber),
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
      this.#free(channel, row);
      this.#log.error(`cannot start a worker: ${outcome.reason}`);
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
    this.#watchExit(worker, outcome.exited, channel);
    return worker;
  }

  /** Null when no descriptors are left; the start is then retried later. */
  #openChannel(onMessage: (message: unknown) => void): ChannelPair | null {
    try {
      // A closed channel needs no action: the exit of the process is reported separately.
      return openChannel({
        onMessage,
        onEnd: (fault) => {
          if (fault !== "") this.#log.error(`invalid data on the channel of a worker: ${fault}`);
        },
      });
    } catch (error) {
      if (!(error instanceof StartError)) throw error;
      this.#log.error(`cannot start a worker: ${error.message}`);
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

  #receive(worker: StartedWorker, message: unknown): void {
    const known = readWorkerMessage(message);
    if (known?.kind === "ready") this.listener?.onReady(worker);
    else if (known?.kind === "retire") this.listener?.onRetire(worker, known.why);
    else {
      const found = JSON.stringify(message).slice(0, 80);
      this.#log.error(`invalid message from worker ${worker.pid}: ${found}`);
    }
  }

  async #watchExit(worker: StartedWorker, exited: Promise<number>, channel: ChannelPair) {
    const status = await exited;
    this.#free(channel, worker.row);
    const signal = deathSignalOf(status);
    const how = signal === 0 ? `exit code ${exitCodeOf(status)}` : `signal ${signalName(signal)}`;
    this.listener?.onExit(worker, exitCodeOf(status), how);
  }

  #free(channel: ChannelPair, row: number): void {
    channel.ours.close();
    if (row >= 0) this.#scoreboard.giveBack(row);
  }
}

/** The master's workers with their extra fields; `WorkerStarter` creates no other kind. */
export function started(workers: Iterable<WorkerProcess>): readonly StartedWorker[] {
  return [...workers] as StartedWorker[];
}
