/** A response whose body is a stream, from before its head to its end. */
import type { Exchange } from "../../conn/exchange/exchange.ts";
import { latin1Bytes } from "../../http/latin1.ts";
import type { Call } from "./call.ts";
import { type StreamEvents, StreamReader } from "./stream_reader.ts";

/** The header list of a Response, names in any case. */
export type FieldList = readonly (readonly [name: string, value: string])[];

/** Joins the writes of one response into one send(2). */
export interface Cork {
  enter(): void;
  leave(): void;
}

/** What a body has in front of it. */
export interface StreamedHead {
  readonly status: number;
  readonly reason: string;
  readonly fields: FieldList;
}

/** One for all bodies. */
export interface StreamedBodyHost {
  readonly cork: Cork;
  /** Sends the head. Throws when the app's fields cannot be sent, before any of it is. */
  beginStream(exchange: Exchange, head: StreamedHead): void;
  /** The stream failed before anything was sent, so another response can be sent. */
  onUnsent(call: Call, error: unknown): void;
  /** The stream failed later, and the response was cut off. */
  onFailure(call: Call, error: unknown): void;
}

export class StreamedBody implements StreamEvents {
  readonly #call: Call;
  readonly #exchange: Exchange;
  /** The exchange object is used again for the next request, with another one. */
  readonly #serial: number;
  readonly #head: StreamedHead;
  readonly #host: StreamedBodyHost;
  readonly #reader: StreamReader;
  readonly #settled = Promise.withResolvers<void>();
  #hasBegun = false;
  #isSettled = false;
  /** What came before the head was sent. */
  #first: { readonly chunk: unknown } | null = null;
  #hasEnded = false;

  /** Throws TypeError when the stream is locked. */
  constructor(
    call: Call,
    exchange: Exchange,
    stream: ReadableStream<Uint8Array>,
    head: StreamedHead,
    host: StreamedBodyHost,
  ) {
    this.#call = call;
    this.#exchange = exchange;
    this.#serial = exchange.serial;
    this.#head = head;
    this.#host = host;
    this.#reader = new StreamReader(stream);
  }

  /** Sends head and body. Returns null when all has been sent, else a promise that never rejects. */
  send(): Promise<void> | null {
    if (this.#exchange.isHead) this.#sendHeadOnly();
    else {
      this.#reader.start(this);
      if (this.#first !== null || this.#hasEnded) this.#begin();
      else if (!this.#isSettled) this.#beginLater();
    }
    return this.#isSettled ? null : this.#settled.promise;
  }

  onChunk(chunk: unknown): boolean {
    if (this.#hasBegun) return this.#write(chunk);
    this.#first = { chunk };
    return false;
  }

  onEnd(): void {
    this.#hasEnded = true;
    if (this.#hasBegun) this.#end();
  }

  onFailure(error: unknown): void {
    if (!this.#hasBegun) return this.#failUnsent(error);
    if (!this.#isCurrent) return this.#settle();
    this.#call.abort(error instanceof Error ? error : new Error(String(error)));
    // Part of the response has been sent: only a reset tells the client that it is incomplete.
    this.#exchange.abort();
    this.#host.onFailure(this.#call, error);
    this.#settle();
  }

  /** The response can still be sent to its client. */
  get #isCurrent(): boolean {
    return this.#call.exchange !== null && this.#exchange.serial === this.#serial;
  }

  /** The response to a HEAD is complete; its body might never end. */
  #sendHeadOnly(): void {
    this.#reader.cancel("the request was HEAD");
    try {
      this.#host.beginStream(this.#exchange, this.#head);
    } catch (error) {
      return this.#failUnsent(error);
    }
    this.#end();
  }

  /** A stream that has already failed says so within two turns. */
  async #beginLater(): Promise<void> {
    await null;
    await null;
    if (!this.#isSettled) this.#begin();
  }

  #begin(): void {
    if (!this.#isCurrent) {
      this.#reader.cancel("the client is gone");
      return this.#settle();
    }
    this.#host.cork.enter();
    try {
      this.#host.beginStream(this.#exchange, this.#head);
      this.#hasBegun = true;
    } catch (error) {
      this.#reader.cancel(error);
      this.#failUnsent(error);
    } finally {
      if (this.#hasBegun) this.#sendFirst();
      this.#host.cork.leave();
    }
  }

  #sendFirst(): void {
    // At once when the client leaves, without waiting for the next chunk.
    this.#call.cancelStream = (reason) => {
      this.#reader.cancel(reason);
      this.#settle();
    };
    const first = this.#first;
    this.#first = null;
    if (first !== null && !this.#write(first.chunk)) return;
    if (this.#hasEnded) this.#end();
    else this.#reader.resume();
  }

  /** False: read no more until the client has read. */
  #write(chunk: unknown): boolean {
    if (!this.#isCurrent) {
      this.#reader.cancel("the client is gone");
      this.#settle();
      return false;
    }
    if (!(chunk instanceof Uint8Array)) return this.#refuse();
    if (chunk.length === 0 || this.#exchange.writeBody(chunk, 0, chunk.length)) return true;
    this.#call.afterDrain(() => this.#reader.resume());
    return false;
  }

  #refuse(): false {
    const error = new TypeError(
      "Cannot send a body: its stream produced a chunk that is not a Uint8Array",
    );
    this.#reader.cancel(error);
    this.onFailure(error);
    return false;
  }

  #end(): void {
    if (!this.#isCurrent) return this.#settle();
    const { trailers } = this.#call;
    if (trailers === null) this.#exchange.endBody();
    else this.#exchange.endBodyWithTrailers(fieldLines(trailers));
    this.#call.finish();
    this.#settle();
  }

  #failUnsent(error: unknown): void {
    this.#host.onUnsent(this.#call, error);
    this.#settle();
  }

  #settle(): void {
    this.#isSettled = true;
    this.#settled.resolve();
  }
}

function fieldLines(fields: Headers): Uint8Array {
  let text = "";
  for (const [name, value] of fields) text += `${name}: ${value}\r\n`;
  return latin1Bytes(text);
}
