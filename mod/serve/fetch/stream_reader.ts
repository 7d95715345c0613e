/** Reads the stream of a Response without a promise per chunk, where Deno's own classes allow it. */
import { type DirectStream, directStreamOf, type ReadRequest } from "./direct_stream.ts";

/** Gets what a stream has. Each may be called during `start` and `resume`. */
export interface StreamEvents {
  /** False: read no more until `resume`. */
  onChunk(chunk: unknown): boolean;
  onEnd(): void;
  onFailure(error: unknown): void;
}

/** Locks one stream and reads it until `onChunk` returns false, and from `resume` on. */
export class StreamReader implements ReadRequest {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  /** null: a stream of another class, which is read with promises. */
  readonly #direct: DirectStream | null;
  #events: StreamEvents | null = null;
  /** A chunk has been asked for. */
  #isWaiting = false;
  #isFull = false;
  #isOver = false;
  /** `#readOn` is on the stack: chunks that are there arrive within it, however many. */
  #isReading = false;

  /** Throws TypeError for a stream that is locked. */
  constructor(stream: ReadableStream<Uint8Array>) {
    this.#reader = stream.getReader();
    this.#direct = directStreamOf(stream);
  }

  /** Must be called once. */
  start(events: StreamEvents): void {
    this.#events = events;
    this.#readOn();
  }

  resume(): void {
    this.#isFull = false;
    this.#readOn();
  }

  /** Ends reading, and tells the stream's source. No other event follows than an end on its way. */
  cancel(reason: unknown): void {
    this.#isOver = true;
    // The stream's own failure no longer matters.
    this.#reader.cancel(reason).catch(() => null);
  }

  chunkSteps(chunk: unknown): void {
    this.#isWaiting = false;
    if (this.#isOver) return;
    this.#isFull = !this.#events!.onChunk(chunk);
    this.#readOn();
  }

  closeSteps(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.#isReading) this.#events!.onEnd();
    // The app is in `close()`, and may set trailers next.
    else queueMicrotask(() => this.#events!.onEnd());
  }

  errorSteps(error: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#events!.onFailure(error);
  }

  #readOn(): void {
    if (this.#isReading) return;
    this.#isReading = true;
    while (!this.#isWaiting && !this.#isFull && !this.#isOver) {
      this.#isWaiting = true;
      if (this.#direct !== null) this.#direct.read(this);
      else this.#readByPromise();
    }
    this.#isReading = false;
  }

  #readByPromise(): void {
    this.#reader.read().then(
      ({ done, value }) => done ? this.closeSteps() : this.chunkSteps(value),
      (error) => this.errorSteps(error),
    );
  }
}
