/** Starts worker processes: their environment, their descriptors and their channel. */
import { StartError } from "../../base/errors.ts";
import type { Launch, WorkerHandler } from "../../lifecycle/runner.ts";
import type { Logger } from "../../log/mod.ts";
import { cpuVariables } from "../../process/affinity.ts";
import { channelVariable, openChannel } from "../../process/channel.ts";
import { allVariables, type Variables, withoutBacktraces } from "../../process/environment.ts";
import { selfCommand } from "../../process/executable.ts";
import { failureVariables } from "../../process/handover/readiness.ts";
import { leaseVariable, type SocketLease } from "../../process/handover/socket_lease.ts";
import { passOpener } from "../../process/privileges/parent_opener.ts";
import { spawn } from "../../process/children/spawn.ts";
import { folderOfStart } from "../../process/working_folder.ts";
import type { Starter } from "./master.ts";
import type { MasterSockets } from "./master_sockets.ts";
import type { ConnectionBoard } from "../../process/workers/connection_board.ts";
import { reportVariables } from "../../tls/appliance.ts";
import { readWorkerMessage, slotVariable, spareSocketsVariable } from "../worker/messages.ts";
import type { Scoreboard } from "../worker/scoreboard.ts";
import type { Sighting } from "./watch.ts";

/** What the master knows of a worker process besides its lifecycle. */
export interface WorkerRecord {
  readonly pid: number;
  readonly slot: number;
  readonly generation: number;
  /** Row of the scoreboard; -1 when it is full. */
  readonly row: number;
  readonly sighting: Sighting;
}

/** Descriptor numbers of the channel and the lease in a worker; its listening sockets follow. */
const channelNumber = 3;
const leaseNumber = 4;

export class WorkerStarter implements Starter {
  /** Called when a worker asks to be replaced. Set before the first start. */
  onRetire: (generation: number, why: string) => void = () => {};
  /** Called when a worker serves. */
  onServing: (pid: number) => void = () => {};
  /** Called before each start: the app's beforeFork. */
  beforeStart: (slot: number) => void = () => {};
  /** Live workers by pid. */
  readonly records = new Map<number, WorkerRecord>();
  /** Workers started so far. */
  startCount = 0;
  readonly #argv: readonly string[];
  readonly #sockets: MasterSockets;
  readonly #lease: SocketLease;
  readonly #scoreboard: Scoreboard;
  readonly #log: Logger;
  readonly #variables: Variables;
  readonly #cpus: readonly number[];
  readonly #connections: ConnectionBoard;

  /** `variables`: for workers, besides those of this process. `cpus`: see `cpuVariables`. */
  constructor(
    argv: readonly string[],
    sockets: MasterSockets,
    lease: SocketLease,
    scoreboard: Scoreboard,
    log: Logger,
    variables: Variables,
    cpus: readonly number[],
    connections: ConnectionBoard,
  ) {
    this.#argv = argv;
    this.#sockets = sockets;
    this.#lease = lease;
    this.#scoreboard = scoreboard;
    this.#log = log;
    this.#variables = variables;
    this.#cpus = cpus;
    this.#connections = connections;
  }

  get socketPerSlot(): boolean {
    return this.#sockets.isPerSlot;
  }

  get socketCount(): number {
    return this.#sockets.socketCount;
  }

  launch(slot: number, slotCount: number, generation: number, handler: WorkerHandler): Launch {
    this.beforeStart(slot);
    const row = this.#scoreboard.take();
    try {
      this.#sockets.ensure(slotCount);
      return this.#spawn(slot, slotCount, generation, row, handler);
    } catch (error) {
      if (row >= 0) this.#scoreboard.giveBack(row);
      // For example no more descriptors; the start is retried later.
      if (!(error instanceof StartError)) throw error;
      return { pid: null, reason: error.message, exitCode: error.exitCode };
    }
  }

  /** Throws StartError. */
  #spawn(
    slot: number,
    slotCount: number,
    generation: number,
    row: number,
    handler: WorkerHandler,
  ): Launch {
    const { descriptors, variable, spareVariable } = this.#sockets.handTo(slot, slotCount);
    const freeNumber = Math.max(leaseNumber, ...descriptors.map(({ number }) => number)) + 1;
    // A socket of its own is no queue that others take from.
    const connectionRow = this.#sockets.isPerSlot ? -1 : this.#connections.take();
    const passed = [
      passOpener(freeNumber),
      this.#scoreboard.pass(row, freeNumber + 1),
      this.#connections.pass(connectionRow, freeNumber + 2),
    ];
    let pid = 0;
    // A closed channel needs no action: the exit of the process is reported separately.
    const channel = openChannel({
      onMessage: (message) => this.#receive(message, pid, generation, handler),
      onEnd: (fault) => {
        if (fault !== "") this.#log.error(`invalid data on the channel of a worker: ${fault}`);
      },
    });
    const outcome = spawn({
      command: selfCommand(["serve", ...this.#argv]),
      ...folderOfStart(),
      isReplaceable: true,
      environment: {
        ...withoutBacktraces(allVariables()),
        ...this.#variables,
        SERVER_STARTER_PORT: variable,
        [spareSocketsVariable]: spareVariable,
        [channelVariable]: String(channelNumber),
        [leaseVariable]: this.#lease.variableFor(leaseNumber),
        [slotVariable]: String(slot),
        ...Object.assign({}, ...passed.map(({ variables }) => variables)),
        ...reportVariables(slot),
        ...cpuVariables(this.#cpus, slot),
        ...failureVariables(),
      },
      descriptors: [
        { ours: channel.theirs, number: channelNumber },
        { ours: this.#lease.readEnd, number: leaseNumber },
        ...descriptors,
        ...passed.flatMap(({ descriptors }) => descriptors),
      ],
    });
    channel.closeTheirs();
    if (outcome.pid === null) {
      channel.ours.close();
      this.#connections.giveBack(connectionRow);
      throw new StartError(outcome.reason);
    }
    pid = outcome.pid;
    this.startCount++;
    const sighting = { beat: 0, beatMs: performance.now() };
    this.records.set(pid, { pid, slot, generation, row, sighting });
    outcome.exited.then((status) => {
      channel.ours.close();
      if (row >= 0) this.#scoreboard.giveBack(row);
      this.#connections.giveBack(connectionRow);
      this.records.delete(pid);
      handler.onDied(status);
    });
    return { pid };
  }

  #receive(message: unknown, pid: number, generation: number, handler: WorkerHandler): void {
    const known = readWorkerMessage(message);
    if (known?.kind === "ready") {
      this.onServing(pid);
      handler.onReady(true);
    } else if (known?.kind === "retire") this.onRetire(generation, known.why);
    else {
      const found = JSON.stringify(message).slice(0, 80);
      this.#log.error(`invalid message from worker ${pid}: ${found}`);
    }
  }
}
