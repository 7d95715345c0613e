/** Log lines to stdout or stderr, which may be a pipe without an active reader. */
import { atExit } from "../base/at_exit.ts";
import { LineBuffer } from "./line_buffer.ts";
import { countLines, pendingBytesMax, type Sink } from "./sink.ts";

/** The used part of `Deno.stderr`, so that tests can simulate a slow stream. */
export interface OutputStream {
  write(bytes: Uint8Array): Promise<number>;
  writeSync(bytes: Uint8Array): number;
}

/**
 * A terminal or file is written synchronously. A pipe or socket is written by Deno's thread pool, one
 * write at a time, so that a reader that stops reading blocks that thread and not this one. The
 * queue is bounded; further lines are dropped and counted.
 */
export class StreamSink implements Sink {
  readonly buffer = new LineBuffer();
  droppedCount = 0;
  #reportedDrops = 0;
  /** The write in progress, null without one. */
  #sending: Promise<void> | null = null;
  #gone = false;
  /** Start of the current line in `buffer`, which holds unsent lines only. */
  #lineStart = 0;
  readonly #forget: () => void;

  constructor(private readonly stream: OutputStream, private readonly mayBlock: boolean) {
    this.#forget = atExit(() => this.#drain());
  }

  endLine(): void {
    if (this.#gone) return this.#drop(0);
    if (!this.mayBlock) return this.#writeNow();
    if (this.buffer.length > pendingBytesMax) return this.#drop(this.#lineStart);
    this.#lineStart = this.buffer.length;
    this.#sending ??= this.#send();
  }

  flush(): void {}

  reopen(): void {}

  async close(): Promise<void> {
    await this.#drain();
    this.#forget();
  }

  #writeNow(): void {
    const bytes = this.buffer.view();
    try {
      for (let at = 0; at < bytes.length;) at += this.stream.writeSync(bytes.subarray(at));
      this.buffer.clear();
    } catch (error) {
      this.#lose(error);
    }
  }

  async #send(): Promise<void> {
    // Lines of one turn of the event loop are sent together.
    await Promise.resolve();
    try {
      while (this.buffer.length > 0) {
        this.#mentionDrops();
        const bytes = this.buffer.view().slice();
        this.buffer.clear();
        this.#lineStart = 0;
        for (let at = 0; at < bytes.length;) at += await this.stream.write(bytes.subarray(at));
      }
    } catch (error) {
      this.#lose(error);
    } finally {
      this.#sending = null;
    }
  }

  #mentionDrops(): void {
    const count = this.droppedCount - this.#reportedDrops;
    if (count === 0) return;
    this.#reportedDrops = this.droppedCount;
    this.buffer.text(`${count} log lines were dropped: the reader of this stream is too slow\n`);
  }

  /** Drops the lines from `start` on. */
  #drop(start: number): void {
    this.droppedCount += countLines(this.buffer.bytes.subarray(start, this.buffer.length));
    this.buffer.length = start;
  }

  /** The stream is closed, and there is no other place to report that. */
  #lose(error: unknown): void {
    if (!(error instanceof Deno.errors.BrokenPipe)) this.droppedCount += 1;
    this.#gone = true;
    this.#drop(0);
  }

  async #drain(): Promise<void> {
    while (this.#sending !== null) await this.#sending;
  }
}

const sinks = new Map<string, StreamSink>();

/** The shared sink of a standard stream of this process. */
export function standardSink(name: "stdout" | "stderr"): StreamSink {
  let sink = sinks.get(name);
  if (sink === undefined) {
    const stream = name === "stdout" ? Deno.stdout : Deno.stderr;
    sink = new StreamSink(stream, mayBlock(name === "stdout" ? 1 : 2));
    sinks.set(name, sink);
  }
  return sink;
}

function mayBlock(fd: number): boolean {
  try {
    const info = Deno.statSync(`/proc/self/fd/${fd}`);
    return info.isFifo === true || info.isSocket === true;
  } catch (error) {
    // Without /proc use the asynchronous way, which works for every kind of stream.
    return error instanceof Error;
  }
}
