/** Log lines to the standard input of a command, which is restarted when it exits. */
import { atExit } from "../base/at_exit.ts";
import { settlesWithin } from "./bounded_wait.ts";
import { DropCount } from "./drop_count.ts";
import { LineBuffer } from "./line_buffer.ts";
import {
  countLines,
  flushBytes,
  flushMs,
  pendingBytesMax,
  type Sink,
  type SinkComplaint,
} from "./sink.ts";

/** A running command; provided by `process/`. */
export interface PipeProcess {
  /** Resolves when the bytes are in the pipe; rejects when the command has exited. */
  write(bytes: Uint8Array): Promise<void>;
  /** Closes the command's standard input, so that it can exit. */
  closeInput(): Promise<void>;
  /** Resolves with a phrase such as "exit 1" when the command has exited; never rejects. */
  readonly ended: Promise<string>;
}

/** Starts `command` through `sh -c` with a pipe as its standard input. Throws when it cannot. */
export type SpawnPipe = (command: string) => PipeProcess;

const restartDelayMsMin = 100;
const restartDelayMsMax = 10_000;
/** A command that ran for this long is not in a crash loop. */
const stableMs = 10_000;
/** How long a command may take to read the rest and exit at the end of the process. */
const closeMsMax = 3000;

export class PipeSink implements Sink {
  readonly buffer = new LineBuffer(flushBytes);
  #process: PipeProcess | null = null;
  #writing: Promise<void> | null = null;
  #timer = 0;
  #restartDelayMs = restartDelayMsMin;
  #lineStart = 0;
  #closed = false;
  readonly #forget: () => void;
  readonly #drops: DropCount;

  /** Starts the command at once; throws what `spawn` throws. */
  constructor(
    readonly command: string,
    private readonly spawn: SpawnPipe,
    private readonly complain: SinkComplaint,
    /** Write each line at once instead of within a second. For error logs. */
    private readonly immediate = false,
  ) {
    this.#drops = new DropCount(
      complain,
      `the log command has exited or reads too slowly: ${command}`,
    );
    this.#start();
    this.#forget = atExit(() => this.close());
  }

  get droppedCount(): number {
    return this.#drops.total;
  }

  endLine(): void {
    if (this.buffer.length > pendingBytesMax) {
      this.#drops.add(
        countLines(this.buffer.bytes.subarray(this.#lineStart, this.buffer.length)),
      );
      this.buffer.length = this.#lineStart;
      return;
    }
    this.#lineStart = this.buffer.length;
    if (this.immediate || this.buffer.length >= flushBytes) this.flush();
    else if (this.#timer === 0 && this.#writing === null) this.#wait(() => this.flush(), flushMs);
  }

  flush(): void {
    if (this.#process === null || this.#writing !== null || this.buffer.length === 0) return;
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#writing = this.#write(this.#process);
  }

  /** Closes the command's input, which ends it, and starts a new one. */
  reopen(): void {
    const old = this.#process;
    if (old === null) return;
    this.#process = null;
    void this.#finish(old);
    this.#restart();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#forget();
    clearTimeout(this.#timer);
    const process = this.#process;
    this.#process = null;
    if (process !== null && !await settlesWithin(this.#end(process), closeMsMax)) {
      this.complain(`log command did not exit within ${closeMsMax} ms: ${this.command}`);
    }
    this.#drops.add(countLines(this.buffer.view()));
    this.buffer.clear();
    this.#drops.report();
  }

  async #end(process: PipeProcess): Promise<void> {
    if (this.#writing !== null) await this.#writing;
    await this.#finish(process);
    await process.ended;
  }

  #start(): void {
    const process = this.spawn(this.command);
    this.#process = process;
    const startedAt = performance.now();
    void process.ended.then((how) => {
      if (this.#process !== process) return;
      this.#process = null;
      if (performance.now() - startedAt > stableMs) this.#restartDelayMs = restartDelayMsMin;
      this.complain(
        `log command exited (${how}), restarting it in ${this.#restartDelayMs} ms: ${this.command}`,
      );
      this.#wait(() => this.#restart(), this.#restartDelayMs);
      this.#restartDelayMs = Math.min(this.#restartDelayMs * 2, restartDelayMsMax);
    });
  }

  #restart(): void {
    if (this.#closed) return;
    try {
      this.#start();
      this.flush();
    } catch (error) {
      this.complain(`cannot start log command: ${(error as Error).message}`);
      this.#wait(() => this.#restart(), restartDelayMsMax);
    }
  }

  async #write(process: PipeProcess): Promise<void> {
    const bytes = this.buffer.view().slice();
    this.buffer.clear();
    this.#lineStart = 0;
    try {
      await process.write(bytes);
    } catch (error) {
      this.#drops.add(countLines(bytes));
      if (!(error instanceof Deno.errors.BrokenPipe)) {
        this.complain(`log command: ${(error as Error).message}`);
      }
    }
    this.#writing = null;
    // After the command's death the timer is the restart's, which writes what waits.
    if (this.buffer.length === 0 || this.#closed || this.#process === null) return;
    if (this.immediate) this.flush();
    else this.#wait(() => this.flush(), flushMs);
  }

  /** Writes the rest and closes the pipe. */
  async #finish(process: PipeProcess): Promise<void> {
    try {
      if (this.buffer.length > 0) await this.#write(process);
      await process.closeInput();
    } catch (error) {
      this.complain(`log command: ${(error as Error).message}`);
    }
  }

  #wait(then: () => void, ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = 0;
      then();
    }, ms);
    Deno.unrefTimer(this.#timer);
  }
}
