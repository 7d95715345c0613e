/** The body of one request, queued between the socket and the handler. */

/** Bytes queued for a handler before reading from the client is paused. */
const queuedBytesMax = 65_536;

/** Back-pressure on the client. */
export interface BodySource {
  pauseBody(): void;
  resumeBody(): void;
}

export class RequestBody {
  /** Reading has begun; a body can be read once (Fetch standard, "body used"). */
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

  /** The last byte has arrived. */
  get isWhole(): boolean {
    return this.#ended;
  }

  /** Copies bytes that are valid only during the call. */
  push(bytes: Uint8Array, start: number, end: number): void {
    this.#chunks.push(new Uint8Array(bytes.subarray(start, end)));
    this.#bytes += end - start;
    if (this.#bytes > queuedBytesMax && !this.#collecting && !this.#paused) {
      this.#paused = true;
      this.#source.pauseBody();
    }
    this.#notify();
  }

  end(): void {
    this.#ended = true;
    this.#notify();
  }

  /** The client is gone; a pending read throws. */
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
        if (this.#bytes <= queuedBytesMax / 2) this.#resume();
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

  /** A stream that reads from the client only on demand. */
  stream(): ReadableStream<Uint8Array<ArrayBuffer>> {
    return new ReadableStream({
      type: "bytes",
      pull: async (controller) => {
        const chunk = await this.next();
        if (chunk !== null) return controller.enqueue(chunk);
        controller.close();
        // A BYOB reader needs a response even at the end.
        controller.byobRequest?.respond(0);
      },
      cancel: () => this.#discard(),
    }, { highWaterMark: 0 });
  }

  /** Discards the rest as it arrives. */
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
