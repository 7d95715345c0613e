/** USR2: the program on disk replaces this one, with the same pid, sockets and workers. */
import { StartError } from "../../base/errors.ts";
import { setCloseOnExec } from "../../net/descriptor.ts";
import { CommandOutput, openNothing } from "../../process/children/command_output.ts";
import { execProgram, findExecve } from "../../process/children/exec.ts";
import { spawn } from "../../process/children/spawn.ts";
import { allVariables } from "../../process/environment.ts";
import { commandLine, programPath } from "../../process/executable.ts";
import { holdSignals, releaseSignals } from "../../process/signals/held_signals.ts";
import { sendSignal } from "../../process/signals/signals.ts";
import { openMemoryFile } from "../../sys/memory_file.ts";
import { descriptorsOf, type ReplacementState, stateGreeting } from "./state.ts";

/** Names the descriptor with the state. */
export const stateVariable = "HAYATE_STATE_FD";

/** A program that takes longer to say that it fits is not started. */
const checkMs = 10_000;

/** Why the program on disk cannot replace this one; null: it can. */
export async function checkProgram(): Promise<string | null> {
  const output = new CommandOutput();
  const nothing = openNothing();
  try {
    const child = spawn({
      command: [programPath(), "supervise", "resume-check"],
      environment: allVariables(),
      descriptors: [
        { ours: nothing.fd, number: 0 },
        { ours: output.writeEnd, number: 1 },
        { ours: output.writeEnd, number: 2 },
      ],
    });
    output.closeWriteEnd();
    if (child.pid === null) return `${programPath()}: ${child.reason}`;
    const { pid } = child;
    const timer = setTimeout(() => sendSignal(pid, "KILL"), checkMs);
    await child.exited;
    clearTimeout(timer);
    const line = output.firstLine();
    if (line === stateGreeting) return null;
    return `${programPath()} does not fit: it says ${JSON.stringify(line)}, expected ` +
      JSON.stringify(stateGreeting);
  } finally {
    output.close();
    nothing.close();
  }
}

/**
 * Looks up what `replaceProgram` calls, so that it takes a fraction of a millisecond: a signal that
 * another thread of this program gets meanwhile is lost with the thread.
 */
export function warmUp(): void {
  openMemoryFile("supervise-state")?.close();
  findExecve();
  holdSignals();
  releaseSignals();
}

/**
 * Executes the program on disk with the arguments of this one; it finds `state` by `takeState`.
 * Returns only on failure, with the reason; then nothing has changed. `passedThrough`: descriptors
 * that workers inherit.
 */
export function replaceProgram(state: ReplacementState, passedThrough: readonly number[]): string {
  const file = openMemoryFile("supervise-state");
  if (file === null) return "no file in memory can be made";
  Deno.writeTextFileSync(file.path, JSON.stringify(state));
  const kept = [file.fd, ...descriptorsOf(state), ...passedThrough];
  holdSignals();
  for (const fd of kept) setCloseOnExec(fd, false);
  const { reason } = execProgram(programPath(), commandLine(), {
    ...allVariables(),
    [stateVariable]: String(file.fd),
    ...(state.notifySocket === "" ? {} : { NOTIFY_SOCKET: state.notifySocket }),
  });
  for (const fd of kept) setCloseOnExec(fd, true);
  releaseSignals();
  file.close();
  return reason;
}

/** For `run`, which reports it. */
export function replacementFault(reason: string): StartError {
  return new StartError(`cannot go on with the state of the program before: ${reason}`);
}
