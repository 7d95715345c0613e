/** Output of the supervisor and its workers: inherited, to a file, or to a command. */
import { StartError } from "../base/errors.ts";
import { settlesWithin } from "../log/bounded_wait.ts";
import { openPipe } from "../process/channel.ts";
import { descriptorWatch } from "../process/descriptor_watch.ts";
import { allVariables } from "../process/environment.ts";
import { type PassedDescriptor, spawn } from "../process/children/spawn.ts";
import { libc } from "../sys/libc.ts";
import { F, O } from "../sys/descriptor_flags.ts";
import { cString, libcProcess } from "../sys/libc_process.ts";
import type { LogTarget } from "./plan/plan.ts";
import type { ReportEvent } from "./report.ts";

export interface LogOutput {
  /** Never blocks and never throws. */
  write(line: string): void;
  /** Standard output and error of workers; empty: they inherit ours. */
  readonly descriptors: readonly PassedDescriptor[];
  /** Opens the file again, after a rotation (USR1). */
  reopen(): void;
  /**
   * Before the program is replaced: puts standard output and error back where they were. Returns the
   * pipe that workers write to and that the next program must read; null: it needs none.
   */
  beforeReplacement(): LogPipe | null;
  /** After a replacement that failed. */
  afterReplacement(): void;
  /** Called after the last worker has ended: delivers everything that they have written. */
  close(): Promise<void>;
}

/** What workers write to. */
export interface LogPipe {
  readonly readEnd: number;
  readonly writeEnd: number;
}

/** Receives problems of the log itself. */
export type LogProblem = (entry: ReportEvent) => void;

/**
 * Opens the target. `pipe`: of the program that this one has replaced, whose workers still write to
 * it. Throws `StartError` with errno as the exit code.
 */
export function openLog(
  target: LogTarget,
  onProblem: LogProblem,
  pipe: LogPipe | null = null,
): LogOutput {
  if (target.kind === "inherited") return new InheritedOutput();
  return target.kind === "file"
    ? new FileOutput(target.path, onProblem, pipe ?? openPipe())
    : new CommandOutput(target.command, onProblem);
}

/** Our own standard error. */
export class InheritedOutput implements LogOutput {
  readonly descriptors: readonly PassedDescriptor[] = [];

  write(line: string): void {
    writeFully(2, new TextEncoder().encode(`${line}\n`));
  }
  reopen(): void {}
  beforeReplacement(): null {
    return null;
  }
  afterReplacement(): void {}
  close(): Promise<void> {
    return Promise.resolve();
  }
}

function writeFully(fd: number, bytes: Uint8Array<ArrayBuffer>): void {
  let rest = bytes;
  while (rest.length > 0) {
    const count = libc.write(fd, rest, rest.length);
    // No reader any more, or a full disk; and there is no other place to report it.
    if (count <= 0) return;
    rest = rest.subarray(count);
  }
}

/** Sends other output of our own process, such as a crash report, to the log as well. */
function redirectOurOutput(fd: number): void {
  libc.dup2(fd, 1);
  libc.dup2(fd, 2);
}

/**
 * Workers write to a pipe and we write to the file: only so can the file be reopened while workers
 * are running.
 */
class FileOutput implements LogOutput {
  readonly descriptors: readonly PassedDescriptor[];
  readonly #pipe: LogPipe;
  readonly #buffer = new Uint8Array(65536);
  #file: number;

  constructor(readonly path: string, readonly onProblem: LogProblem, pipe: LogPipe) {
    this.#pipe = pipe;
    const opened = openAppending(path);
    if (opened < 0) throw new StartError(`failed to open log file:${path}: ${reasonOf(path)}`, 2);
    this.#file = opened;
    const ours = this.#pipe.writeEnd;
    this.descriptors = [{ ours, number: 1 }, { ours, number: 2 }];
    descriptorWatch.watch(this.#pipe.readEnd, () => this.#relay());
    redirectOurOutput(opened);
  }

  write(line: string): void {
    this.#relay();
    writeFully(this.#file, new TextEncoder().encode(`${line}\n`));
  }

  reopen(): void {
    this.#relay();
    const opened = openAppending(this.path);
    if (opened < 0) {
      const reason = reasonOf(this.path);
      return this.onProblem({ event: "reopen-failed", path: this.path, reason });
    }
    libc.close(this.#file);
    this.#file = opened;
    redirectOurOutput(opened);
    this.onProblem({ event: "reopened", path: this.path });
  }

  beforeReplacement(): LogPipe {
    this.#relay();
    return this.#pipe;
  }

  afterReplacement(): void {}

  close(): Promise<void> {
    this.#relay();
    descriptorWatch.forget(this.#pipe.readEnd);
    libc.close(this.#pipe.readEnd);
    libc.close(this.#pipe.writeEnd);
    return Promise.resolve();
  }

  /** Copies what workers have written so far; bounded, so that one worker cannot keep us busy. */
  #relay(): void {
    for (let round = 0; round < 64; round++) {
      const count = libc.read(this.#pipe.readEnd, this.#buffer, this.#buffer.length);
      if (count <= 0) return;
      writeFully(this.#file, this.#buffer.subarray(0, count));
    }
  }
}

function openAppending(path: string): number {
  return libcProcess.open(cString(path), O.wronly | O.creat | O.append | O.cloexec, 0o666);
}

function reasonOf(path: string): string {
  try {
    Deno.openSync(path, { append: true, create: true }).close();
    return "unknown reason";
  } catch (error) {
    return (error as Error).message;
  }
}

const linesMax = 1000;
const retryMs = 20;
const closeWaitMs = 1000;
const loggerRestartMs = 500;

/** `| command`: the pipe outlives the command, which loses only what it had read when it died. */
class CommandOutput implements LogOutput {
  readonly descriptors: readonly PassedDescriptor[];
  readonly #pipe = openPipe(true);
  /** Another open file of the same pipe, so that O_NONBLOCK applies to our writes only. */
  readonly #ours: number;
  /** The output that we were started with: the command itself prints there. */
  readonly #callers = [1, 2].map((fd) => libc.fcntl(fd, F.dupfdCloexec, 10));
  #waiting: string[] = [];
  #lost = 0;
  #retry = 0;
  #closing = false;
  #logger: Promise<unknown> = Promise.resolve();

  constructor(readonly command: string, readonly onProblem: LogProblem) {
    const path = `/proc/self/fd/${this.#pipe.writeEnd}`;
    this.#ours = libcProcess.open(cString(path), O.wronly | O.nonblock | O.cloexec, 0);
    const ours = this.#pipe.writeEnd;
    this.descriptors = [{ ours, number: 1 }, { ours, number: 2 }];
    this.#start();
    redirectOurOutput(this.#ours);
  }

  write(line: string): void {
    if (this.#waiting.length >= linesMax) this.#lost++;
    else this.#waiting.push(line);
    if (this.#retry === 0) this.#flush();
  }

  /** Nothing to do: a log command rotates its files itself. */
  reopen(): void {}

  /** The next program starts a command of its own; this one ends with the workers that write to it. */
  beforeReplacement(): null {
    this.#flush();
    this.#callers.forEach((fd, index) => libc.dup2(fd, index + 1));
    return null;
  }

  afterReplacement(): void {
    redirectOurOutput(this.#ours);
  }

  async close(): Promise<void> {
    this.#closing = true;
    this.#flush();
    clearTimeout(this.#retry);
    for (const fd of [1, 2, this.#ours, this.#pipe.writeEnd, this.#pipe.readEnd]) libc.close(fd);
    await settlesWithin(this.#logger, closeWaitMs);
  }

  #start(): void {
    const child = spawn({
      command: ["/bin/sh", "-c", this.command],
      environment: allVariables(),
      descriptors: [
        { ours: this.#pipe.readEnd, number: 0 },
        ...this.#callers.map((ours, index) => ({ ours, number: index + 1 })),
      ],
    });
    if (child.pid === null) throw new StartError(`failed to open pipe:${child.reason}`, 2);
    this.#logger = child.exited.then((status) => {
      if (this.#closing) return;
      setTimeout(() => this.#startAgain(status), loggerRestartMs);
    });
  }

  #startAgain(status: number): void {
    if (this.#closing) return;
    this.onProblem({ event: "logger-died", status });
    try {
      this.#start();
    } catch (error) {
      if (!(error instanceof StartError)) throw error;
      setTimeout(() => this.#startAgain(status), loggerRestartMs);
    }
  }

  #flush(): void {
    this.#retry = 0;
    while (this.#waiting.length > 0) {
      const bytes = new TextEncoder().encode(`${this.#waiting[0]}\n`);
      // A write of up to 4096 bytes to a pipe is all or nothing (pipe(7)).
      if (libc.write(this.#ours, bytes.subarray(0, 4096), Math.min(4096, bytes.length)) < 0) {
        this.#retry = setTimeout(() => this.#flush(), retryMs);
        return;
      }
      this.#waiting.shift();
    }
    if (this.#lost === 0) return;
    const count = this.#lost;
    this.#lost = 0;
    this.onProblem({ event: "lines-lost", count });
  }
}
