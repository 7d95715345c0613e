/** Goes through the requests of an access log in their order, with times that never go back. */
import { LineReader } from "./line_reader.ts";
import { LogLine } from "./log_line.ts";

export class LogCursor {
  readonly line = new LogLine();
  /** When the current request was, in milliseconds since the epoch; at least that of the one before. */
  timeMs = -Infinity;
  /** Requests so far, and lines that are none. */
  count = 0;
  badCount = 0;
  readonly #reader: LineReader;

  /** Throws `StartError` when the file cannot be read. */
  constructor(path: string) {
    this.#reader = new LineReader(path);
  }

  /** Goes to the next request; false: there is none. */
  next(): boolean {
    const reader = this.#reader, { line } = this;
    while (reader.next()) {
      if (reader.start === reader.end) continue;
      if (!line.read(reader.bytes, reader.start, reader.end)) {
        this.badCount++;
        continue;
      }
      // Lines are written when a request ends: a slow one comes after later ones.
      this.timeMs = Math.max(this.timeMs, line.timeMs);
      this.count++;
      return true;
    }
    return false;
  }

  /** Lines that could not be read as requests. */
  get unreadable(): number {
    return this.badCount + this.#reader.skippedCount;
  }

  close(): void {
    this.#reader.close();
  }
}
