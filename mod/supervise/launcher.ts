/** Starts workers: their environment, their descriptors, and how they tell that they are ready. */
import { StartError } from "../base/errors.ts";
import { findDefaultConfig } from "../config/default_file.ts";
import { allVariables, type Variables, withoutBacktraces } from "../process/environment.ts";
import { selfCommand } from "../process/executable.ts";
import { ReadinessWatch } from "../process/readiness_watch.ts";
import { leaseVariable, type SocketLease } from "../process/socket_lease.ts";
import { servedConfigVariable } from "../process/starter_port.ts";
import { isFolder, type PassedDescriptor, spawn, startFailureCode } from "../process/spawn.ts";
import { fromStartFolder, startFolder } from "../process/working_folder.ts";
import type { Launch, WorkerHandler } from "./runner.ts";
import { readEnvdir } from "./envdir.ts";
import type { RunPlan } from "./plan/plan.ts";
import type { HeldSockets } from "./sockets/held_sockets.ts";

/** Meant for us, not for workers. */
const ourVariables = ["LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES", "LISTEN_PIDFDID"];
/** Names the descriptor on which the background process reports that it stands. */
export const daemonVariable = "HAYATE_DAEMON_FD";

/** Names the supervisor of a worker: its pid and start time, so that orphans can be told. */
export const supervisorVariable = "HAYATE_SUPERVISOR";

export class Launcher {
  /** Tells workers at their end whether we still hold the sockets; null where they know nothing of it. */
  lease: SocketLease | null = null;
  /** The configuration that was found in a default place by the generation that serves; null: none was. */
  servedConfig: string | null = null;
  readonly #start: Readonly<Record<string, string>>;

  constructor(
    readonly plan: RunPlan,
    readonly sockets: HeldSockets,
    readonly output: readonly PassedDescriptor[],
    readonly identity: string,
    readonly passedThrough: readonly number[],
    more: Variables = {},
  ) {
    const start: Record<string, string> = { ...allVariables(), ...plan.variables, ...more };
    for (const name of [...ourVariables, daemonVariable]) delete start[name];
    this.#start = start;
  }

  /** Variables as of now: ours, then the envdir's over them. Read before every start. */
  variables(): Variables {
    const folder = this.#start["ENVDIR"];
    return folder === undefined ? this.#start : { ...this.#start, ...readEnvdir(folder) };
  }

  /** The worker's whole environment, as its probes get it, too. */
  environmentFor(slot: number, generation: number): Record<string, string> {
    const variables = this.variables();
    const config = this.servedConfig ?? this.#findConfig();
    return {
      ...(this.plan.own ? withoutBacktraces(variables) : variables),
      SERVER_STARTER_PORT: this.sockets.portsText,
      SERVER_STARTER_GENERATION: String(generation),
      [supervisorVariable]: this.identity,
      ...(config === null ? {} : { [servedConfigVariable]: config }),
      ...(this.plan.workers > 1 ? { SERVER_STARTER_WORKER: String(slot + 1) } : {}),
    };
  }

  launch(slot: number, generation: number, handler: WorkerHandler): Launch {
    const config = this.#findConfig();
    const watch = new ReadinessWatch(({ ready, pausable }) => {
      if (!ready) return;
      this.servedConfig = config;
      handler.onReady(pausable);
      watch.close();
    });
    const [readyNumber, leaseNumber] = this.#freeNumbers();
    const { lease } = this;
    const child = spawn({
      command: this.#command(),
      isReplaceable: true,
      environment: {
        ...this.environmentFor(slot, generation),
        NOTIFY_SOCKET: watch.socketName,
        READY_FD: String(readyNumber),
        ...(lease === null ? {} : { [leaseVariable]: String(leaseNumber) }),
      },
      ...this.#folder(),
      descriptors: [
        ...this.#passedThrough(),
        ...this.sockets.descriptorsFor(slot),
        ...this.output,
        { ours: watch.writeEnd, number: readyNumber },
        ...(lease === null ? [] : [{ ours: lease.readEnd, number: leaseNumber }]),
      ],
    });
    watch.closeWriteEnd();
    if (child.pid === null) {
      watch.close();
      return { ...child, exitCode: startFailureCode(child.errno) };
    }
    child.exited.then((status) => {
      watch.close();
      handler.onDied(status);
    });
    return child;
  }

  /**
   * By its path at every start, so that a link in it may lead somewhere else by now. Without --dir a
   * path that is no more is no obstacle for a program of somebody else, as with Server::Starter; a
   * mode of ours cannot run in a directory that was deleted.
   */
  #folder(): { readonly folder?: string } {
    const { folder, own } = this.plan;
    if (folder !== null) return { folder: fromStartFolder(folder) };
    const path = startFolder();
    return path !== null && (own || isFolder(path)) ? { folder: path } : {};
  }

  #findConfig(): string | null {
    const { own, command } = this.plan;
    if (!own || command[0] !== "proxy") return null;
    try {
      return findDefaultConfig(null);
    } catch (error) {
      // The worker says it.
      if (error instanceof StartError) return null;
      throw error;
    }
  }

  #command(): string[] {
    const { command, own, dieWithParent } = this.plan;
    const full = own ? selfCommand(command) : [...command];
    if (!dieWithParent) return full;
    return selfCommand(["supervise", "exec-with-parent", String(Deno.pid), "--", ...full]);
  }

  /** Under their own numbers, unless a socket was given that very number. */
  #passedThrough(): PassedDescriptor[] {
    const { numbers } = this.sockets;
    return this.passedThrough.filter((fd) => !numbers.includes(fd))
      .map((fd) => ({ ours: fd, number: fd }));
  }

  /** Two of them. */
  #freeNumbers(): number[] {
    const taken = new Set([...this.sockets.numbers, ...this.passedThrough]);
    const free: number[] = [];
    for (let number = 3; free.length < 2; number++) if (!taken.has(number)) free.push(number);
    return free;
  }
}
