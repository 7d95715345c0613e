/** A command that reads log lines from its standard input (`| rotatelogs ...`). */
import { StartError } from "../../base/errors.ts";
import { libc } from "../../sys/libc.ts";
import { openPipe } from "../channel.ts";
import { deathSignalOf, exitCodeOf } from "./children.ts";
import { allVariables } from "../environment.ts";
import { signalName } from "../signals/signals.ts";
import { spawn } from "./spawn.ts";

/** The pipe to a running command; implements mod/log's PipeProcess. */
export interface LogCommand {
  /** Resolves when the bytes are in the pipe; rejects with BrokenPipe when the command has exited. */
  write(bytes: Uint8Array): Promise<void>;
  /** Closes the command's input, so that it can exit. */
  closeInput(): Promise<void>;
  /** Resolves with "exit 1" or "signal TERM". */
  readonly ended: Promise<string>;
}

/** Starts `command` with the shell. Throws `StartError` when there is no shell. */
export function startLogCommand(command: string): LogCommand {
  // The command does not inherit the sockets that this variable lists.
  const { SERVER_STARTER_PORT: _, ...environment } = allVariables();
  const { readEnd, writeEnd } = openPipe(true);
  try {
    const child = spawn({
      command: ["/bin/sh", "-c", command],
      environment,
      descriptors: [{ ours: readEnd, number: 0 }],
      // Not stopped by Ctrl-C: the command must run until the last lines are written.
      newSession: true,
    });
    if (child.pid === null) throw new StartError(`cannot start the log command: ${child.reason}`);
    // Reopened as a file of Deno's, whose writes block a pool thread and not this one. The read end
    // is still open here, so that this cannot block if the command has already exited.
    const input = Deno.openSync(`/proc/self/fd/${writeEnd}`, { write: true });
    return new OpenCommand(input, child.exited.then(describe));
  } finally {
    libc.close(readEnd);
    libc.close(writeEnd);
  }
}

function describe(status: number): string {
  const signal = deathSignalOf(status);
  return signal === 0 ? `exit ${exitCodeOf(status)}` : `signal ${signalName(signal)}`;
}

class OpenCommand implements LogCommand {
  #closed = false;

  constructor(private readonly input: Deno.FsFile, readonly ended: Promise<string>) {
    void ended.then(() => this.closeInput());
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) at += await this.input.write(bytes.subarray(at));
  }

  closeInput(): Promise<void> {
    if (!this.#closed) this.input.close();
    this.#closed = true;
    return Promise.resolve();
  }
}
