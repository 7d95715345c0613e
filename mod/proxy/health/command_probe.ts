/** `type=exec`: a command finds out whether a peer is alive; it is when the command exits with 0. */
import { formatAddress } from "../../base/address.ts";
import { exitCodeOf } from "../../process/children.ts";
import { allVariables } from "../../process/environment.ts";
import { withoutPassingThrough } from "../../process/inherited.ts";
import { OutputPipe } from "../../process/output_pipe.ts";
import { sendSignal } from "../../process/signals.ts";
import { type ChildProcess, spawn } from "../../process/spawn.ts";
import type { ProbeListener, ProbeTarget } from "./probe.ts";

/** What the probes need of the reactor. */
export interface CommandTimers {
  setTimer(delayMs: number, callback: () => void): number;
  clearTimer(handle: number): void;
}

/** Runs commands, at most one at a time for each peer. */
export class CommandProbes {
  readonly #timers: CommandTimers;
  /** Peers whose command runs, or was killed and has not ended yet. */
  readonly #busy = new Set<string>();

  constructor(timers: CommandTimers) {
    this.#timers = timers;
  }

  probe(target: ProbeTarget, onResult: ProbeListener): () => void {
    const key = `${target.upstream} ${target.server}`;
    if (this.#busy.has(key)) {
      return this.#fail(onResult, "timeout", "the last command has not ended yet");
    }
    const output = new OutputPipe();
    const child = start(target, output.writeEnd);
    output.closeWriteEnd();
    if (child.pid === null) {
      output.close();
      return this.#fail(onResult, "command", child.reason);
    }
    this.#busy.add(key);
    return this.#watch(target, child, output, key, onResult);
  }

  #watch(
    target: ProbeTarget,
    child: ChildProcess,
    output: OutputPipe,
    key: string,
    onResult: ProbeListener,
  ): () => void {
    let isOver = false;
    const finish = () => {
      isOver = true;
      this.#timers.clearTimer(timer);
    };
    // The command leads a group of its own, so that what it started goes with it.
    const kill = () => void sendSignal(-child.pid, "KILL");
    const timer = this.#timers.setTimer(target.check.timeoutMs, () => {
      if (isOver) return;
      finish();
      kill();
      onResult("timeout", output.firstLine());
    });
    void child.exited.then((status) => {
      this.#busy.delete(key);
      const line = output.firstLine();
      output.close();
      if (isOver) return;
      finish();
      const code = exitCodeOf(status);
      if (code === 0) onResult(null, line);
      else onResult("command", line === "" ? `exit code ${code}` : `exit code ${code}: ${line}`);
    });
    return () => {
      if (isOver) return;
      finish();
      kill();
    };
  }

  #fail(onResult: ProbeListener, fault: "timeout" | "command", note: string): () => void {
    const timer = this.#timers.setTimer(0, () => onResult(fault, note));
    return () => this.#timers.clearTimer(timer);
  }
}

function start(target: ProbeTarget, writeEnd: number): ReturnType<typeof spawn> {
  const { address, upstream, server, check } = target;
  const place: Record<string, string> = address.kind === "tcp"
    ? { HAYATE_PEER_HOST: address.host, HAYATE_PEER_PORT: String(address.port) }
    : { HAYATE_PEER_PATH: address.path };
  // What our own parent gave us is not the command's: it could hold our sockets open after our end.
  const { SERVER_STARTER_PORT: _, ...variables } = allVariables();
  return withoutPassingThrough(() =>
    spawn({
      command: check.command,
      environment: {
        ...variables,
        ...place,
        HAYATE_UPSTREAM: upstream,
        HAYATE_SERVER: server,
        HAYATE_PEER: formatAddress(address),
      },
      descriptors: [{ ours: writeEnd, number: 1 }, { ours: writeEnd, number: 2 }],
      newSession: true,
    })
  );
}
