/** A response body that is compressed on its way to the client. */
import type { PeerError } from "../../../base/errors.ts";
import type { Exchange } from "../../../conn/exchange/exchange.ts";
import { type Coding, type Compressor, openCompressor } from "../../../std/compressor.ts";
import type { EngineContext } from "../routes/engine_context.ts";
import type { ExchangeState } from "../routes/exchange_state.ts";

/** The source of the bytes to compress; it also keeps receiving the request's body. */
export interface CompressionSource {
  onBody(exchange: Exchange, bytes: Uint8Array, start: number, end: number): void;
  onBodyEnd(exchange: Exchange): void;
  pauseResponse(): void;
  resumeResponse(): void;
  /** The client is gone or cannot be sent to: stop the transfer. */
  cancelResponse(): void;
}

/** Bytes given to the compressor and not yet consumed; above this the source is paused. */
const waitingBytesMax = 65_536;
/** Pause of the source after which compressed output is flushed to the client. */
const flushDelayMs = 50;

/** Owns the exchange until its end; store it in `exchange.context` once the head has been sent. */
export class CompressedBody implements ExchangeState {
  readonly #exchange: Exchange;
  readonly #serial: number;
  readonly #engine: EngineContext;
  /** Null once the whole body has arrived. */
  #source: CompressionSource | null;
  readonly #compressor: Compressor;
  #waitingBytes = 0;
  #trailers: Uint8Array | null = null;
  #flushTimer = -1;
  #isOver = false;

  constructor(
    exchange: Exchange,
    engine: EngineContext,
    source: CompressionSource,
    coding: Coding,
    level: number,
  ) {
    this.#exchange = exchange;
    this.#serial = exchange.serial;
    this.#engine = engine;
    this.#source = source;
    this.#compressor = openCompressor(coding, level, {
      onData: (bytes) => this.#pass(bytes),
      onEnd: () => this.#finish(),
      onError: () => this.#fail(),
    });
    // The library needs turns of Deno's event loop: the reactor must yield to it.
    engine.reactor.beginAsync();
  }

  /** Whether the source should pause; `resumeResponse` is called when it may continue. */
  get isFull(): boolean {
    return this.#waitingBytes > waitingBytesMax;
  }

  /** Compresses a part of the body; copies it, because the caller reuses its buffer. */
  write(bytes: Uint8Array, start: number, end: number): void {
    if (this.#isOver) return;
    const count = end - start;
    this.#waitingBytes += count;
    if (this.isFull) this.#source?.pauseResponse();
    this.#compressor.write(bytes.slice(start, end), () => this.#onTaken(count));
  }

  /**
   * The whole body has arrived, with trailer field lines or null; the source is not called again.
   */
  end(trailers: Uint8Array | null = null): void {
    this.#trailers = trailers;
    this.#source = null;
    if (this.#isOver) return;
    this.#stopFlush();
    this.#compressor.end();
  }

  /** The source broke off, so the response is cut too. */
  cut(): void {
    this.#source = null;
    if (this.#close()) this.#exchange.abort();
  }

  onBody(exchange: Exchange, bytes: Uint8Array, start: number, end: number): void {
    this.#source?.onBody(exchange, bytes, start, end);
  }

  onBodyEnd(exchange: Exchange): void {
    this.#source?.onBodyEnd(exchange);
  }

  onDrain(): void {
    this.#compressor.resume();
  }

  onAbort(exchange: Exchange, error: PeerError): void {
    this.#close();
    this.#source?.cancelResponse();
    this.#engine.metrics.clientAborts++;
    this.#engine.logAccess(exchange, exchange.status, error.message);
  }

  #onTaken(count: number): void {
    this.#waitingBytes -= count;
    if (this.#isOver) return;
    if (!this.isFull) this.#source?.resumeResponse();
    if (this.#waitingBytes === 0 && this.#flushTimer < 0 && this.#source !== null) {
      this.#flushTimer = this.#engine.reactor.setTimer(flushDelayMs, () => this.#flush());
    }
  }

  #flush(): void {
    this.#flushTimer = -1;
    if (!this.#isOver && this.#waitingBytes === 0) this.#compressor.flush();
  }

  #stopFlush(): void {
    if (this.#flushTimer >= 0) this.#engine.reactor.clearTimer(this.#flushTimer);
    this.#flushTimer = -1;
  }

  /** Sends the compressor's output to the client; a slow client pauses the compressor. */
  #pass(bytes: Uint8Array): void {
    if (this.#isGone()) return;
    if (!this.#exchange.writeBody(bytes, 0, bytes.length)) this.#compressor.pause();
  }

  #finish(): void {
    if (this.#isGone() || !this.#close()) return;
    this.#engine.logAccess(this.#exchange, this.#exchange.status, "");
    if (this.#trailers === null) this.#exchange.endBody();
    else this.#exchange.endBodyWithTrailers(this.#trailers);
  }

  #fail(): void {
    if (this.#isGone() || !this.#close()) return;
    this.#source?.cancelResponse();
    this.#engine.logAccess(
      this.#exchange,
      this.#exchange.status,
      "the body could not be compressed",
    );
    this.#exchange.abort();
  }

  #isGone(): boolean {
    return this.#isOver || this.#exchange.serial !== this.#serial;
  }

  /** Returns false if it was already closed. */
  #close(): boolean {
    if (this.#isOver) return false;
    this.#isOver = true;
    this.#stopFlush();
    this.#compressor.cancel();
    this.#engine.reactor.endAsync();
    return true;
  }
}
