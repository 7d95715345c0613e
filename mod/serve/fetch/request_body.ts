/** The body of one request between the socket and a handler that reads it, or does not. */

/** Bytes kept for a handler that has not asked yet; then the client is slowed down. */
const waitingBytesMax = 65_536;

/** How the body holds the client back. */
export interface BodySource {
  pauseBody(): void;
  resumeBody(): void;
}

export class RequestBody {
  /** Something has begun to read it: it can be read once (Fetch standard, "body used"). */
  used = false;
  #chunks: Uint8Array<ArrayBuffer>[] = [];
  #bytes = 0;
  #ended = false;
  #failure: Error | null = null;
  #paused = false;
  #collecting = false;
  #wake: (() => void) | null = null;
  readonly #source: BodySource;

  constructor(source: BodySource) {
    this.#source = source;
  }

  /** All bytes have come and none has been taken. */
  get isWhole(): boolean {
    return this.#ended;
  }

  /** Takes a copy of bytes that are valid only now. */
  push(bytes: Uint8Array, start: number, end: number): void {
    this.#chunks.push(new Uint8Array(bytes.subarray(start, end)));
    this.#bytes += end - start;
    if (this.#bytes > waitingBytesMax && !this.#collecting && !this.#paused) {
      this.#paused = true;
      this.#source.pauseBody();
    }
    this.#notify();
  }

  end(): void {
    this.#ended = true;
    this.#notify();
  }

  /** The client is gone: whoever reads is told. */
  fail(error: Error): void {
    if (this.#ended) return;
    this.#failure = error;
    this.#notify();
  }

  /** The next piece; null at the end. Throws when the client is gone. */
  async next(): Promise<Uint8Array<ArrayBuffer> | null> {
    while (true) {
      const chunk = this.#chunks.shift();
      if (chunk !== undefined) {
        this.#bytes -= chunk.length;
        if (this.#bytes <= waitingBytesMax / 2) this.#resume();
        return chunk;
      }
      if (this.#failure !== null) throw this.#failure;
      if (this.#ended) return null;
      this.#resume();
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }

  /** The whole body. */
  async collect(): Promise<Uint8Array<ArrayBuffer>> {
    this.#collecting = true;
    this.#resume();
    while (!this.#ended) {
      if (this.#failure !== null) throw this.#failure;
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    const chunks = this.#chunks;
    this.#chunks = [];
    if (chunks.length === 1) return chunks[0];
    const whole = new Uint8Array(this.#bytes);
    let at = 0;
    for (const chunk of chunks) {
      whole.set(chunk, at);
      at += chunk.length;
    }
    return whole;
  }

  /** As a stream that asks for more only when somebody reads. */
  stream(): ReadableStream<Uint8Array<ArrayBuffer>> {
    return new ReadableStream({
      type: "bytes",
      pull: async (controller) => {
        const chunk = await this.next();
        if (chunk !== null) return controller.enqueue(chunk);
        controller.close();
        // A reader with a buffer of its own waits for an answer even at the end.
        controller.byobRequest?.respond(0);
      },
      cancel: () => this.#discard(),
    }, { highWaterMark: 0 });
  }

  /** Nobody wants the rest. */
  #discard(): void {
    this.#collecting = true;
    this.#chunks = [];
    this.#bytes = 0;
    this.#resume();
  }

  #resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#source.resumeBody();
  }

  #notify(): void {
    const wake = this.#wake;
    this.#wake = null;
    wake?.();
  }
}
