/** Starts workers: their environment, their descriptors and their readiness channel. */
import { StartError } from "../base/errors.ts";
import { findDefaultConfig } from "../config/default_file.ts";
import { allVariables, type Variables, withoutBacktraces } from "../process/environment.ts";
import { selfCommand } from "../process/executable.ts";
import { ReadinessWatch } from "../process/handover/readiness_watch.ts";
import { boardVariable } from "../process/handover/generation_board.ts";
import { leaseVariable, type SocketLease } from "../process/handover/socket_lease.ts";
import { servedConfigVariable } from "../process/handover/starter_port.ts";
import {
  freeNumbers,
  isFolder,
  type PassedDescriptor,
  spawn,
  type SpawnFailure,
  startFailureCode,
  startFault,
} from "../process/children/spawn.ts";
import type { WatchedFile } from "../process/files/file_watch.ts";
import { watchVariable } from "../process/handover/watch_field.ts";
import { fromStartFolder, startFolder } from "../process/working_folder.ts";
import type { Launch, WorkerHandler } from "../lifecycle/runner.ts";
import { openerVariable } from "../process/privileges/opener_messages.ts";
import type { Openers } from "../process/opening/openers.ts";
import { openerText } from "../process/privileges/parent_opener.ts";
import { closeAll } from "../net/descriptor.ts";
import { userVariable } from "../process/privileges/choose_user.ts";
import type { RunAs } from "../process/privileges/run_as.ts";
import { reportVariables } from "../tls/appliance.ts";
import { readEnvdir } from "./envdir.ts";
import { noStep, workerStep } from "./worker_step.ts";
import type { RunPlan } from "./plan/plan.ts";
import type { HeldSockets } from "./sockets/held_sockets.ts";

/** Addressed to us, so not passed to workers. */
const ourVariables = [
  "LISTEN_FDS",
  "LISTEN_PID",
  "LISTEN_FDNAMES",
  "LISTEN_PIDFDID",
  "HAYATE_HEALTH",
  userVariable,
  watchVariable,
  boardVariable,
];
/** They configure our own modes; another program may give the same names another meaning. */
const edgeVariables = ["UPSTREAM", "UPSTREAM_CHECK", "ACCESS_LOG", "TLS_DOMAIN"];
/** Names the descriptor on which the background process reports that it is up. */
export const daemonVariable = "HAYATE_DAEMON_FD";

/** Names the supervisor of a worker by pid and start time, so that orphans can be recognized. */
export const supervisorVariable = "HAYATE_SUPERVISOR";

export class Launcher {
  /** Shows ending workers whether we still hold the sockets; null if they do not check it. */
  lease: SocketLease | null = null;
  /** Opens for workers what only root may open; null: for other programs, or without root. */
  openers: Openers | null = null;
  /** The configuration that the serving generation found in a default place, or null. */
  servedConfig: string | null = null;
  /** A worker says which files it has read; `ready`: it serves them. */
  onFiles: (files: readonly WatchedFile[], ready: boolean) => void = () => {};
  /** A worker says how it is, in its own words. */
  onStatus: (generation: number, text: string) => void = () => {};
  /** What our own modes read about the generations; null: nothing. */
  board: number | null = null;
  readonly #start: Readonly<Record<string, string>>;

  constructor(
    readonly plan: RunPlan,
    readonly sockets: HeldSockets,
    readonly output: readonly PassedDescriptor[],
    readonly identity: string,
    readonly passedThrough: readonly number[],
    more: Variables = {},
    /** The user that workers become; null: they stay what this process is. */
    readonly runAs: RunAs | null = null,
  ) {
    const start: Record<string, string> = { ...allVariables(), ...plan.variables, ...more };
    const notTheirs = plan.own || plan.asStartServer ? [] : edgeVariables;
    for (const name of [...ourVariables, daemonVariable, ...notTheirs]) delete start[name];
    this.#start = start;
  }

  /** Our variables, overridden by those of the envdir, which is read at each call. */
  variables(): Variables {
    const folder = this.#start["ENVDIR"];
    return folder === undefined ? this.#start : { ...this.#start, ...readEnvdir(folder) };
  }

  /** The worker's environment, except for readiness and lease; its probes get the same. */
  environmentFor(slot: number, generation: number): Record<string, string> {
    const variables = this.variables();
    const config = this.servedConfig ?? this.#findConfig();
    return {
      ...(this.plan.own ? withoutBacktraces(variables) : variables),
      SERVER_STARTER_PORT: this.sockets.portsText,
      SERVER_STARTER_GENERATION: String(generation),
      [supervisorVariable]: this.identity,
      ...(config === null ? {} : { [servedConfigVariable]: config }),
      ...(this.plan.watch && this.plan.own ? { [watchVariable]: "1" } : {}),
      ...(this.plan.user !== null && this.plan.own ? { [userVariable]: this.plan.user } : {}),
      ...(this.plan.own ? reportVariables(slot) : {}),
      ...(this.plan.workers > 1 ? { SERVER_STARTER_WORKER: String(slot + 1) } : {}),
    };
  }

  launch(slot: number, generation: number, handler: WorkerHandler): Launch {
    const config = this.#findConfig();
    const watch = new ReadinessWatch(({ ready, pausable, files, status }) => {
      if (status !== null) this.onStatus(generation, status);
      this.onFiles(files, ready);
      if (!ready) return;
      this.servedConfig = config;
      handler.onReady(pausable);
      // Our own modes send a few lines more at most; another program could wait for us to read them.
      if (this.plan.own) watch.rest();
      else watch.close();
    });
    const taken = [...this.sockets.numbers, ...this.passedThrough];
    const [readyNumber, leaseNumber, openerNumber, boardNumber] = freeNumbers(4, taken);
    const { lease, board } = this;
    const opener = this.openers?.open() ?? null;
    const environment = {
      ...this.environmentFor(slot, generation),
      ...this.#listenFds(),
      NOTIFY_SOCKET: watch.socketName,
      READY_FD: String(readyNumber),
      ...(lease === null ? {} : { [leaseVariable]: String(leaseNumber) }),
      ...(opener === null ? {} : { [openerVariable]: openerText(openerNumber, false) }),
      ...(board === null ? {} : { [boardVariable]: String(boardNumber) }),
    };
    const child = this.#stepFault(environment) ?? spawn({
      command: this.#command(),
      isReplaceable: true,
      environment,
      ...this.#folder(),
      descriptors: [
        ...this.#passedThrough(),
        ...this.sockets.descriptorsFor(slot),
        ...this.output,
        { ours: watch.writeEnd, number: readyNumber },
        ...(lease === null ? [] : [{ ours: lease.readEnd, number: leaseNumber }]),
        ...(opener === null ? [] : [{ ours: opener, number: openerNumber }]),
        ...(board === null ? [] : [{ ours: board, number: boardNumber }]),
      ],
    });
    watch.closeWriteEnd();
    if (opener !== null) closeAll([opener]);
    if (child.pid === null) {
      watch.close();
      return { ...child, exitCode: startFailureCode(child.errno) };
    }
    child.exited.then((status) => {
      const said = watch.lastStatus();
      if (said !== null) this.onStatus(generation, said);
      watch.close();
      handler.onDied(status);
    });
    return child;
  }

  /**
   * Resolved by its path at every start, so that a link in it may point to another release by then.
   * Without --dir, a path that no longer exists is ignored for other programs, as with
   * Server::Starter; our own modes cannot run in a deleted directory.
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
      // The worker reports it.
      if (error instanceof StartError) return null;
      throw error;
    }
  }

  #command(): string[] {
    const { command, own, dieWithParent } = this.plan;
    const full = own ? selfCommand(command) : [...command];
    if (!this.#hasStep) return full;
    const user = this.#changesUser ? this.plan.user ?? noStep : noStep;
    const parent = dieWithParent ? String(Deno.pid) : noStep;
    return selfCommand(["supervise", workerStep, user, parent, "--", ...full]);
  }

  /** Our own modes become the user themselves, after what only root may read. */
  get #changesUser(): boolean {
    return !this.plan.own && this.runAs !== null;
  }

  /** A worker runs us before it is the command: posix_spawn(3) cannot do all of it. */
  get #hasStep(): boolean {
    const { dieWithParent, listenFds } = this.plan;
    return dieWithParent || listenFds || this.#changesUser;
  }

  /** For the launch only: the step adds the pid, which only the worker knows. */
  #listenFds(): Variables {
    if (!this.plan.listenFds) return {};
    const { numbers, namesText } = this.sockets;
    return { LISTEN_FDS: String(numbers.length), LISTEN_FDNAMES: namesText };
  }

  /**
   * The step before the program starts before it can find that the command is missing; by then the
   * worker may have been alive long enough to count as ready.
   */
  #stepFault(environment: Variables): SpawnFailure | null {
    const { command, own } = this.plan;
    if (own || !this.#hasStep) return null;
    return startFault({ command, environment, ...this.#folder() });
  }

  /** Under the same numbers, except where a socket has that number. */
  #passedThrough(): PassedDescriptor[] {
    const { numbers } = this.sockets;
    return this.passedThrough.filter((fd) => !numbers.includes(fd))
      .map((fd) => ({ ours: fd, number: fd }));
  }
}
