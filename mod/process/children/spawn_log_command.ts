import { deathSignalOf, exitCodeOf } from "./children.ts";
import { allVariables } from "../environment.ts";
import { signalName } from "../signals/signals.ts";
import { spawn } from "./spawn.ts";

/**
 * Starts `command` with the shell, and `input` as its standard input. Resolves with "exit 1" or
 * "signal TERM" when it has ended; a text: why it cannot start.
 */
export function spawnLogCommand(command: string, input: number): Promise<string> | string {
  // The command does not inherit the sockets that this variable lists.
  const { SERVER_STARTER_PORT: _, ...environment } = allVariables();
  const child = spawn({
    command: ["/bin/sh", "-c", command],
    environment,
    descriptors: [{ ours: input, number: 0 }],
    // Not stopped by Ctrl-C: the command must run until the last lines are written.
    newSession: true,
  });
  return child.pid === null ? child.reason : child.exited.then(describe);
}

function describe(status: number): string {
  const signal = deathSignalOf(status);
  return signal === 0 ? `exit ${exitCodeOf(status)}` : `signal ${signalName(signal)}`;
}
