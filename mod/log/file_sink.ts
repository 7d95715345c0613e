/** Log lines to a file, which may be renamed at any time (USR1 reopens it). */
import { atExit } from "../base/at_exit.ts";
import { StartError, systemReason } from "../base/errors.ts";
import { DropCount } from "./drop_count.ts";
import { LineBuffer } from "./line_buffer.ts";
import { type LogFile, type LogFiles, ownLogFiles } from "./log_file.ts";
import type { Rotation } from "./rotation.ts";
import { countLines, flushBytes, flushMs, type Sink, type SinkComplaint } from "./sink.ts";

export interface FileSinkOptions {
  /** Write each line at once instead of within a second. For error logs. */
  readonly immediate?: boolean;
  /** Mode of a new file, default 0o644. */
  readonly mode?: number;
  /** Rotates the file when due; checked before each write. */
  readonly rotation?: Rotation;
  /** Default: those of this process alone. */
  readonly files?: LogFiles;
}

export class FileSink implements Sink {
  readonly buffer = new LineBuffer(flushBytes + 4096);
  #file: LogFile;
  #timer = 0;
  #complained = false;
  #isClosed = false;
  readonly #forget: () => void;
  readonly #drops: DropCount;

  /** Throws `StartError` when the file cannot be opened. */
  constructor(
    readonly path: string,
    private readonly complain: SinkComplaint,
    private readonly options: FileSinkOptions = {},
  ) {
    try {
      this.#file = this.#open();
    } catch (error) {
      throw new StartError(`cannot open log file ${path}: ${systemReason(error)}`, 1, {
        cause: error,
      });
    }
    this.#drops = new DropCount(complain, `${path} could not be written`);
    this.#forget = atExit(() => this.flush());
  }

  get droppedCount(): number {
    return this.#drops.total;
  }

  endLine(): void {
    // A running timer is kept: under load, one for each write would cost more than the write's call.
    if (this.options.immediate || this.buffer.length >= flushBytes) this.#write();
    else if (this.#timer === 0) this.#startTimer();
  }

  flush(): void {
    if (this.#timer !== 0) clearTimeout(this.#timer);
    this.#timer = 0;
    this.#write();
  }

  #write(): void {
    const bytes = this.buffer.view();
    if (bytes.length === 0) return;
    this.#rotate();
    let written = 0;
    try {
      // With O_APPEND and one call for whole lines, lines of several processes do not interleave.
      while (written < bytes.length) written += this.#file.writeSync(bytes.subarray(written));
      this.#complained = false;
    } catch (error) {
      this.#drops.add(countLines(bytes.subarray(written)));
      // A full disk fails on every line; report it once until a write succeeds again.
      if (!this.#complained) {
        this.complain(`cannot write log file ${this.path}: ${systemReason(error)}`);
      }
      this.#complained = true;
    }
    this.buffer.clear();
  }

  reopen(): void {
    // The sink is closed: there is no file left to reopen.
    if (this.#isClosed) return;
    this.flush();
    this.#openAgain();
  }

  close(): Promise<void> {
    this.flush();
    this.#drops.report();
    this.#forget();
    this.#isClosed = true;
    this.#file.close();
    return Promise.resolve();
  }

  #rotate(): void {
    try {
      if (this.options.rotation?.turn(this.path, this.#file)) this.#openAgain();
    } catch (error) {
      this.complain(`cannot rotate log file ${this.path}: ${systemReason(error)}`);
    }
  }

  #openAgain(): void {
    try {
      const fresh = this.#open();
      this.#file.close();
      this.#file = fresh;
    } catch (error) {
      this.complain(
        `cannot reopen log file ${this.path}, still using the old one: ${systemReason(error)}`,
      );
    }
  }

  #open(): LogFile {
    return (this.options.files ?? ownLogFiles).open(this.path, this.options.mode ?? 0o644);
  }

  #startTimer(): void {
    this.#timer = setTimeout(() => this.flush(), flushMs);
    // A buffered line must not keep the process alive; the exit hook writes it.
    Deno.unrefTimer(this.#timer);
  }
}
