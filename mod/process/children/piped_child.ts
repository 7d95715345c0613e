/** A program whose input is written and whose output is read here, while both run. */
import { libc } from "../../sys/libc.ts";
import { F, O } from "../../sys/descriptor_flags.ts";
import { openPipe } from "../channel.ts";
import { descriptorWatch } from "../descriptor_watch.ts";
import { sendSignal } from "../signals/signals.ts";
import { exitCodeOf } from "./children.ts";
import { allVariables } from "../environment.ts";
import { spawn } from "./spawn.ts";

/** F_SETPIPE_SZ of fcntl(2); a pipe of this size takes megabytes at the rate of a fast network. */
const setPipeSize = 1031;
const pipeBytes = 1 << 20;
/** A full pipe is tried again after this. */
const retryMs = 2;
const readBytes = 65536;
/** How long after the exit its output may still be open, as in a program that it left behind. */
const lingerMs = 300;

/** Receives what the program does. */
export interface PipedChildHandler {
  onOutput(bytes: Uint8Array): void;
  onErrors(bytes: Uint8Array): void;
  /** The last event. `exitCode`: as a shell reports it, 128 + signal for a death by signal. */
  onExit(exitCode: number): void;
}

interface Unwritten {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly taken: () => void;
}

export class PipedChild {
  readonly #pid: number;
  readonly #handler: PipedChildHandler;
  #input: number;
  readonly #outputs = new Set<number>();
  readonly #unwritten: Unwritten[] = [];
  #retryTimer = 0;
  #closesInput = false;
  #exitCode: number | null = null;
  #hasEnded = false;

  private constructor(
    pid: number,
    input: number,
    output: number,
    errors: number,
    handler: PipedChildHandler,
  ) {
    this.#pid = pid;
    this.#input = input;
    this.#handler = handler;
    this.#watch(output, (bytes) => handler.onOutput(bytes));
    this.#watch(errors, (bytes) => handler.onErrors(bytes));
  }

  /**
   * Starts `command` in a session of its own, so that Ctrl-C at the terminal does not reach it.
   * Returns the reason when it does not start. Throws `StartError` when no descriptors are left.
   */
  static start(command: readonly string[], handler: PipedChildHandler): PipedChild | string {
    const input = openPipe(true);
    const output = openPipe();
    const errors = openPipe();
    const theirs = [input.readEnd, output.writeEnd, errors.writeEnd];
    const started = spawn({
      command,
      environment: allVariables(),
      descriptors: theirs.map((ours, number) => ({ ours, number })),
      newSession: true,
    });
    for (const fd of theirs) libc.close(fd);
    if (started.pid === null) {
      for (const fd of [input.writeEnd, output.readEnd, errors.readEnd]) libc.close(fd);
      return started.reason;
    }
    libc.fcntl(input.writeEnd, F.setfl, O.nonblock);
    // An unprivileged process may be refused so much: the pipe stays as it is.
    libc.fcntl(input.writeEnd, setPipeSize, pipeBytes);
    const child = new PipedChild(
      started.pid,
      input.writeEnd,
      output.readEnd,
      errors.readEnd,
      handler,
    );
    void started.exited.then((status) => child.#exited(exitCodeOf(status)));
    return child;
  }

  /** Resolves when the program's pipe has taken the bytes, or when the program no longer reads. */
  write(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    if (this.#input < 0 || this.#closesInput) return Promise.resolve();
    return new Promise((taken) => {
      this.#unwritten.push({ bytes, taken });
      if (this.#retryTimer === 0) this.#flush();
    });
  }

  /** Closes the program's input, after what has been written. */
  closeInput(): void {
    this.#closesInput = true;
    if (this.#unwritten.length === 0) this.#dropInput();
  }

  kill(signal: string): void {
    if (this.#exitCode === null) sendSignal(this.#pid, signal);
  }

  #flush(): void {
    this.#retryTimer = 0;
    while (this.#unwritten.length > 0) {
      const { bytes, taken } = this.#unwritten[0];
      const count = bytes.length === 0 ? 0 : libc.write(this.#input, bytes, bytes.length);
      if (count < 0) {
        // Full, or broken: then the exit follows, which drops what is unwritten.
        this.#retryTimer = setTimeout(() => this.#flush(), retryMs);
        return;
      }
      if (count < bytes.length) this.#unwritten[0] = { bytes: bytes.subarray(count), taken };
      else {
        this.#unwritten.shift();
        taken();
      }
    }
    if (this.#closesInput) this.#dropInput();
  }

  #dropInput(): void {
    clearTimeout(this.#retryTimer);
    if (this.#input >= 0) libc.close(this.#input);
    this.#input = -1;
    for (const { taken } of this.#unwritten.splice(0)) taken();
  }

  #watch(fd: number, take: (bytes: Uint8Array) => void): void {
    this.#outputs.add(fd);
    descriptorWatch.watch(fd, () => {
      const bytes = new Uint8Array(readBytes);
      const count = libc.read(fd, bytes, bytes.length);
      if (count > 0) take(bytes.subarray(0, count));
      // A pipe at its end stays readable, so it must be closed.
      else if (count === 0) this.#dropOutput(fd);
    });
  }

  #dropOutput(fd: number): void {
    if (!this.#outputs.delete(fd)) return;
    descriptorWatch.forget(fd);
    libc.close(fd);
    this.#settle();
  }

  #exited(exitCode: number): void {
    this.#exitCode = exitCode;
    this.#dropInput();
    const linger = () => {
      for (const fd of [...this.#outputs]) this.#dropOutput(fd);
    };
    if (this.#outputs.size > 0) setTimeout(linger, lingerMs);
    this.#settle();
  }

  #settle(): void {
    if (this.#hasEnded || this.#exitCode === null || this.#outputs.size > 0) return;
    this.#hasEnded = true;
    this.#handler.onExit(this.#exitCode);
  }
}
