/** Reads the lines of a file, however long it is, through one buffer. */
import { exitCodes, StartError, systemReason } from "../../base/errors.ts";

/** A longer line is skipped: no server accepts such a request. */
const bufferBytes = 128 * 1024;
const LF = 10, CR = 13;

export class LineReader {
  readonly bytes = new Uint8Array(bufferBytes);
  /** The current line is `[start, end)` of `bytes`, without its end. */
  start = 0;
  end = 0;
  /** Lines that were too long. */
  skippedCount = 0;
  readonly #path: string;
  readonly #file: Deno.FsFile;
  #filled = 0;
  #next = 0;
  #isAtEnd = false;

  /** Throws `StartError` when the file cannot be read. */
  constructor(path: string) {
    this.#path = path;
    try {
      this.#file = Deno.openSync(path);
    } catch (cause) {
      throw this.#fault(cause);
    }
  }

  /** Goes to the next line; false: there is none. Throws `StartError` when the file cannot be read. */
  next(): boolean {
    let searched = this.#next;
    for (let isSkipping = false;;) {
      const feed = this.bytes.subarray(0, this.#filled).indexOf(LF, searched);
      if (feed < 0 && this.#isAtEnd) return !isSkipping && this.#takeLast();
      if (feed >= 0) {
        this.start = this.#next;
        this.end = feed > this.#next && this.bytes[feed - 1] === CR ? feed - 1 : feed;
        searched = this.#next = feed + 1;
        if (!isSkipping) return true;
        isSkipping = false;
        continue;
      }
      if (this.#next === 0 && this.#filled === bufferBytes) {
        if (!isSkipping) this.skippedCount++;
        isSkipping = true;
        this.#next = this.#filled;
      }
      searched = this.#fill();
    }
  }

  /** The last line may have no end. */
  #takeLast(): boolean {
    this.start = this.#next;
    this.end = this.#next = this.#filled;
    return this.end > this.start;
  }

  /** Reads more behind what is left; returns where the new bytes begin. */
  #fill(): number {
    this.bytes.copyWithin(0, this.#next, this.#filled);
    const begin = this.#filled -= this.#next;
    this.#next = 0;
    try {
      const count = this.#file.readSync(this.bytes.subarray(begin));
      if (count === null) this.#isAtEnd = true;
      else this.#filled += count;
    } catch (cause) {
      throw this.#fault(cause);
    }
    return begin;
  }

  close(): void {
    this.#file.close();
  }

  #fault(cause: unknown): StartError {
    const reason = cause instanceof Deno.errors.NotFound ? "no such file" : systemReason(cause);
    return new StartError(`${this.#path}: ${reason}`, exitCodes.failed, { cause });
  }
}
