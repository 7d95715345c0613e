/** A command that reads log lines from its standard input (`| rotatelogs ...`). */
import { StartError } from "../../base/errors.ts";
import { libc } from "../../sys/libc.ts";
import { openPipe } from "../channel.ts";
import { nextAnswer, parentOpener } from "../privileges/parent_opener.ts";
import { spawnLogCommand } from "./spawn_log_command.ts";

/** The pipe to a running command; implements mod/log's PipeProcess. */
export interface LogCommand {
  /** Resolves when the bytes are in the pipe; rejects with BrokenPipe when the command has exited. */
  write(bytes: Uint8Array): Promise<void>;
  /** Closes the command's input, so that it can exit. */
  closeInput(): Promise<void>;
  /** Resolves with "exit 1" or "signal TERM". */
  readonly ended: Promise<string>;
}

/**
 * Starts `command` with the shell: as the root parent, where this process has one, because the
 * command has the same logs to write as without a change of the user. Throws `StartError`.
 */
export function startLogCommand(command: string): LogCommand {
  const { readEnd, writeEnd } = openPipe(true);
  try {
    const ended = askParent(command, readEnd) ?? spawnLogCommand(command, readEnd);
    if (typeof ended === "string") throw new StartError(`cannot start the log command: ${ended}`);
    // Reopened as a file of Deno's, whose writes block a pool thread and not this one. The read end
    // is still open here, so that this cannot block if the command has already exited.
    const input = Deno.openSync(`/proc/self/fd/${writeEnd}`, { write: true });
    return new OpenCommand(input, ended);
  } finally {
    libc.close(readEnd);
    libc.close(writeEnd);
  }
}

/** How the command ends; a text: why it cannot start; null: this process starts it itself. */
function askParent(command: string, input: number): Promise<string> | string | null {
  const { fault, text, replyFd } = parentOpener()?.askOn({ op: "run", command }, input) ??
    { fault: "denied" as const, text: "", replyFd: -1 };
  if (fault === null) return nextAnswer(replyFd).then((answer) => answer.text);
  if (replyFd >= 0) libc.close(replyFd);
  return fault === "denied" ? null : text;
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
