/** `type=exec`: a command checks whether a peer is alive; exit code 0 means alive. */
import { formatAddress } from "../../base/address.ts";
import { StartError } from "../../base/errors.ts";
import { exitCodeOf } from "../../process/children/children.ts";
import { CommandOutput, openNothing } from "../../process/children/command_output.ts";
import { allVariables } from "../../process/environment.ts";
import { sendSignal } from "../../process/signals/signals.ts";
import { type ChildProcess, spawn, type SpawnFailure } from "../../process/children/spawn.ts";
import { Errno } from "../../sys/errno.ts";
import type { ProbeListener, ProbeResult, ProbeTarget } from "./probe_target.ts";

/** Timers of the reactor. */
export interface CommandTimers {
  setTimer(delayMs: number, callback: () => void): number;
  clearTimer(handle: number): void;
}

/**
 * Running commands by peer: at most one for each, across all plans. A killed command counts until
 * it has ended.
 */
const running = new Map<string, Promise<unknown>>();

/** Starts a probe by a command. Returns a function that gives it up. */
export function probeByCommand(
  timers: CommandTimers,
  target: ProbeTarget,
  onResult: ProbeListener,
): () => void {
  const run = new CommandRun(timers, target, onResult);
  run.start();
  return () => run.giveUp();
}

class CommandRun {
  readonly #timers: CommandTimers;
  readonly #target: ProbeTarget;
  readonly #onResult: ProbeListener;
  #output: CommandOutput | null = null;
  readonly #timer: number;
  #child: ChildProcess | null = null;
  #isOver = false;

  constructor(timers: CommandTimers, target: ProbeTarget, onResult: ProbeListener) {
    this.#timers = timers;
    this.#target = target;
    this.#onResult = onResult;
    this.#timer = timers.setTimer(target.check.timeoutMs, () => this.#onDeadline());
  }

  /** Runs the command as soon as the previous one has ended. */
  start(): void {
    const { upstream, server } = this.#target;
    const key = `${upstream} ${server}`;
    const before = running.get(key);
    if (before !== undefined) {
      void before.then(() => this.#isOver || this.start());
      return;
    }
    const child = this.#spawn();
    if (child.pid === null) {
      this.#output?.close();
      // Report asynchronously, like every other result.
      this.#timers.setTimer(0, () => this.#end("command", child.reason));
      return;
    }
    this.#child = child;
    const ended = child.exited.then((status) => this.#onExit(key, status));
    running.set(key, ended);
  }

  /** Out of descriptors, only the check fails; traffic continues with the descriptors it has. */
  #spawn(): ChildProcess | SpawnFailure {
    try {
      this.#output = new CommandOutput();
      return startCommand(this.#target, this.#output);
    } catch (error) {
      if (!(error instanceof StartError)) throw error;
      return { pid: null, errno: Errno.EMFILE, reason: error.message };
    }
  }

  giveUp(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#timers.clearTimer(this.#timer);
    // The command leads its own process group: the kill includes its descendants.
    if (this.#child !== null) sendSignal(-this.#child.pid, "KILL");
  }

  #onDeadline(): void {
    const note = this.#child === null
      ? "the last command has not ended yet"
      : this.#output!.firstLine();
    const isOver = this.#isOver;
    this.giveUp();
    if (!isOver) this.#onResult("timeout", note);
  }

  #onExit(key: string, status: number): void {
    running.delete(key);
    // Its pid may be reused from now on, so it must not be signalled again.
    this.#child = null;
    const output = this.#output!;
    const line = output.firstLine();
    output.close();
    const code = exitCodeOf(status);
    if (code === 0) this.#end(null, line);
    else this.#end("command", line === "" ? `exit code ${code}` : `exit code ${code}: ${line}`);
  }

  #end(result: ProbeResult, note: string): void {
    if (this.#isOver) return;
    this.giveUp();
    this.#onResult(result, note);
  }
}

function startCommand(target: ProbeTarget, output: CommandOutput): ChildProcess | SpawnFailure {
  const { address, upstream, server, check } = target;
  const place: Record<string, string> = address.kind === "tcp"
    ? { HAYATE_PEER_HOST: address.host, HAYATE_PEER_PORT: String(address.port) }
    : { HAYATE_PEER_PATH: address.path };
  const { SERVER_STARTER_PORT: _, ...variables } = allVariables();
  const input = openNothing();
  const { writeEnd } = output;
  const child = spawn({
    command: check.command,
    environment: {
      ...variables,
      ...place,
      HAYATE_UPSTREAM: upstream,
      HAYATE_SERVER: server,
      HAYATE_PEER: formatAddress(address),
    },
    descriptors: [
      { ours: input.fd, number: 0 },
      { ours: writeEnd, number: 1 },
      { ours: writeEnd, number: 2 },
    ],
    newSession: true,
  });
  input.close();
  output.closeWriteEnd();
  return child;
}
