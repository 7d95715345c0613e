/** The body of one request, queued between the socket and the handler. */
import { concat } from "../../std/bytes.ts";
import { reuseFreedMemory } from "../../process/memory/reuse.ts";
import { WholeBody } from "./whole_body.ts";

/** Bytes queued for a handler before reading from the client is paused. */
const queuedBytesMax = 65_536;

/** Back-pressure on the client. */
export interface BodySource {
  pauseBody(): void;
  resumeBody(): void;
}

/** Settles the promise for the whole body. */
interface Collector {
  resolve(body: Uint8Array<ArrayBuffer>): void;
  reject(error: Error): void;
}

/** Chunks from this length on make malloc(3) keep what is freed. */
const largeChunkBytes = 65_536;

export class RequestBody {
  /** Reading has begun; a body can be read once (Fetch standard, "body used"). */
  used = false;
  #chunks: Uint8Array<ArrayBuffer>[] = [];
  #bytes = 0;
  #ended = false;
  #failure: Error | null = null;
  #paused = false;
  /** All of it is wanted, so nothing is held back. */
  #collecting = false;
  /** The rest is not wanted. */
  #discarding = false;
  #collector: Collector | null = null;
  /** Instead of chunks, while a body of known length that comes in pieces is collected. */
  #whole: WholeBody | null = null;
  /** Of a stream whose reader waits for the next chunk. */
  #waiting: ReadableByteStreamController | null = null;
  readonly #source: BodySource;
  /** As announced, in bytes; -1: not known. */
  readonly #length: number;

  constructor(source: BodySource, length = -1) {
    this.#source = source;
    this.#length = length;
  }

  /**
   * Where the next bytes may be put, at most `bytesMax`, for `push` not to copy them. Chunks are copied:
   * new memory has to be cleared before it can be offered, which costs the same.
   */
  buffer(bytesMax: number): Uint8Array<ArrayBuffer> | null {
    return this.#whole === null ? null : this.#whole.offer(bytesMax);
  }

  /** Takes bytes that are valid only during the call, unless they are in the last `buffer`. */
  push(bytes: Uint8Array, start: number, end: number): void {
    if (this.#discarding) return;
    if (end - start >= largeChunkBytes) reuseFreedMemory();
    if (this.#collecting && end - start < this.#length) return this.#pushToWhole(bytes, start, end);
    const chunk = new Uint8Array(bytes.subarray(start, end));
    const waiting = this.#waiting;
    if (waiting !== null) {
      this.#waiting = null;
      return waiting.enqueue(chunk);
    }
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    if (this.#bytes > queuedBytesMax && !this.#collecting && !this.#paused) this.#pause();
  }

  #pushToWhole(bytes: Uint8Array, start: number, end: number): void {
    if (this.#whole === null) {
      this.#whole = new WholeBody(this.#length);
      for (const chunk of this.#chunks) this.#whole.push(chunk, 0, chunk.length);
      this.#chunks = [];
    }
    this.#whole.push(bytes, start, end);
  }

  /** The last byte has arrived. */
  end(): void {
    this.#ended = true;
    if (this.#waiting !== null) this.#close(this.#waiting);
    this.#waiting = null;
    this.#collector?.resolve(this.#join());
    this.#collector = null;
  }

  /** The client is gone; a pending read fails. */
  fail(error: Error): void {
    if (this.#ended) return;
    this.#failure = error;
    this.#waiting?.error(error);
    this.#waiting = null;
    this.#collector?.reject(error);
    this.#collector = null;
  }

  /** The whole body. Rejects when the client is gone. */
  collect(): Promise<Uint8Array<ArrayBuffer>> {
    this.#collecting = true;
    this.#resume();
    if (this.#failure !== null) return Promise.reject(this.#failure);
    if (this.#ended) return Promise.resolve(this.#join());
    return new Promise((resolve, reject) => this.#collector = { resolve, reject });
  }

  /** A stream that reads from the client only on demand. */
  stream(): ReadableStream<Uint8Array<ArrayBuffer>> {
    return new ReadableStream({
      type: "bytes",
      pull: (controller) => this.#pull(controller),
      cancel: () => this.#discard(),
    }, { highWaterMark: 0 });
  }

  /** A reader wants a chunk. */
  #pull(controller: ReadableByteStreamController): void {
    const chunk = this.#chunks.shift();
    if (chunk !== undefined) {
      this.#bytes -= chunk.length;
      if (this.#bytes <= queuedBytesMax / 2) this.#resume();
      return controller.enqueue(chunk);
    }
    if (this.#failure !== null) return controller.error(this.#failure);
    if (this.#ended) return this.#close(controller);
    this.#waiting = controller;
    this.#resume();
  }

  #close(controller: ReadableByteStreamController): void {
    controller.close();
    // A BYOB reader needs a response even at the end.
    controller.byobRequest?.respond(0);
  }

  #join(): Uint8Array<ArrayBuffer> {
    if (this.#whole !== null) return this.#whole.end();
    const chunks = this.#chunks;
    this.#chunks = [];
    return chunks.length === 1 ? chunks[0] : concat(chunks);
  }

  /** Discards the rest as it arrives. */
  #discard(): void {
    this.#discarding = true;
    this.#waiting = null;
    this.#chunks = [];
    this.#bytes = 0;
    this.#resume();
  }

  #pause(): void {
    this.#paused = true;
    this.#source.pauseBody();
  }

  #resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#source.resumeBody();
  }
}
