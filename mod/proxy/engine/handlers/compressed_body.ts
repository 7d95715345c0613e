/** A body that is compressed on its way to the client. */
import type { PeerError } from "../../../base/errors.ts";
import type { Exchange } from "../../../conn/exchange.ts";
import { type Coding, type Compressor, openCompressor } from "../../../std/compressor.ts";
import type { EngineHome } from "../engine_home.ts";
import type { ExchangeState } from "../exchange_state.ts";

/** Where the bytes to compress come from, and who still takes the request's body. */
export interface CompressionSource {
  onBody(x: Exchange, bytes: Uint8Array, start: number, end: number): void;
  onBodyEnd(x: Exchange): void;
  pauseResponse(): void;
  resumeResponse(): void;
  /** The client is gone, or nothing can be sent to it: stop what is under way. */
  cancelResponse(): void;
}

/** Bytes handed to the compressor and not yet taken by it: beyond, the source is slowed down. */
const waitingBytesMax = 65_536;
/** A source that pauses for so long has said something that its client should see. */
const flushDelayMs = 50;

/** Takes the exchange over until its end; put it into `x.context` when the head has been sent. */
export class CompressedBody implements ExchangeState {
  readonly #x: Exchange;
  readonly #serial: number;
  readonly #home: EngineHome;
  /** null once all of the body has come. */
  #source: CompressionSource | null;
  readonly #compressor: Compressor;
  #waitingBytes = 0;
  #flushTimer = -1;
  #isOver = false;

  constructor(
    x: Exchange,
    home: EngineHome,
    source: CompressionSource,
    coding: Coding,
    level: number,
  ) {
    this.#x = x;
    this.#serial = x.serial;
    this.#home = home;
    this.#source = source;
    this.#compressor = openCompressor(coding, level, {
      onData: (bytes) => this.#pass(bytes),
      onEnd: () => this.#finish(),
      onError: () => this.#fail(),
    });
    // The library works in turns of Deno's loop: the reactor must give it some.
    home.reactor.beginAsync();
  }

  /** So much waits that the source should: `resumeResponse` says when to go on. */
  get isFull(): boolean {
    return this.#waitingBytes > waitingBytesMax;
  }

  /** A part of the body; copied, because the caller's buffer is filled again. */
  write(bytes: Uint8Array, start: number, end: number): void {
    if (this.#isOver) return;
    const count = end - start;
    this.#waitingBytes += count;
    if (this.isFull) this.#source?.pauseResponse();
    this.#compressor.write(bytes.slice(start, end), () => this.#onTaken(count));
  }

  /** All of the body has come; the source is not asked again. */
  end(): void {
    this.#source = null;
    if (this.#isOver) return;
    this.#stopFlush();
    this.#compressor.end();
  }

  /** The source broke off: so does the response. */
  cut(): void {
    this.#source = null;
    if (this.#close()) this.#x.abort();
  }

  onBody(x: Exchange, bytes: Uint8Array, start: number, end: number): void {
    this.#source?.onBody(x, bytes, start, end);
  }

  onBodyEnd(x: Exchange): void {
    this.#source?.onBodyEnd(x);
  }

  onDrain(): void {
    this.#compressor.resume();
  }

  onAbort(x: Exchange, error: PeerError): void {
    this.#close();
    this.#source?.cancelResponse();
    this.#home.metrics.clientAborts++;
    this.#home.logAccess(x, x.status, error.message);
  }

  #onTaken(count: number): void {
    this.#waitingBytes -= count;
    if (this.#isOver) return;
    if (!this.isFull) this.#source?.resumeResponse();
    if (this.#waitingBytes === 0 && this.#flushTimer < 0 && this.#source !== null) {
      this.#flushTimer = this.#home.reactor.setTimer(flushDelayMs, () => this.#flush());
    }
  }

  #flush(): void {
    this.#flushTimer = -1;
    if (!this.#isOver && this.#waitingBytes === 0) this.#compressor.flush();
  }

  #stopFlush(): void {
    if (this.#flushTimer >= 0) this.#home.reactor.clearTimer(this.#flushTimer);
    this.#flushTimer = -1;
  }

  /** Passes on what the compressor gives, at the client's pace. */
  #pass(bytes: Uint8Array): void {
    if (this.#isGone()) return;
    if (!this.#x.writeBody(bytes, 0, bytes.length)) this.#compressor.pause();
  }

  #finish(): void {
    if (this.#isGone() || !this.#close()) return;
    this.#home.logAccess(this.#x, this.#x.status, "");
    this.#x.endBody();
  }

  #fail(): void {
    if (this.#isGone() || !this.#close()) return;
    this.#source?.cancelResponse();
    this.#home.logAccess(this.#x, this.#x.status, "the body could not be compressed");
    this.#x.abort();
  }

  #isGone(): boolean {
    return this.#isOver || this.#x.serial !== this.#serial;
  }

  /** False when it was closed before. */
  #close(): boolean {
    if (this.#isOver) return false;
    this.#isOver = true;
    this.#stopFlush();
    this.#compressor.cancel();
    this.#home.reactor.endAsync();
    return true;
  }
}
