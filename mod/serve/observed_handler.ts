/** Keeps the books around an app: scoreboard row, request count, access log. */
import type { PeerError } from "../base/errors.ts";
import type { Exchange, ExchangeHandler } from "../conn/exchange.ts";
import { RefusedRecord } from "../conn/refused_record.ts";
import type { ServerConnection } from "../conn/server_connection.ts";
import type { AccessLog } from "../log/mod.ts";
import { AccessTrace } from "./access_trace.ts";
import { type Row, RowState } from "./master/scoreboard.ts";

/** What is kept; null parts cost nothing. */
export interface Books {
  readonly row: Row | null;
  readonly accessLog: AccessLog | null;
  /** Called once, when so many requests have come; Infinity: never. */
  readonly requestsMax: number;
  readonly onRequestsMax: () => void;
}

export class ObservedHandler implements ExchangeHandler {
  readonly #inner: ExchangeHandler;
  readonly #books: Books;
  readonly #clock: { readonly nowMs: number };
  /** Wall clock minus the reactor's, so that no request has to ask for the time. */
  readonly #epochOffsetMs: number;
  #requests = 0;

  constructor(inner: ExchangeHandler, books: Books, clock: { readonly nowMs: number }) {
    this.#inner = inner;
    this.#books = books;
    this.#clock = clock;
    this.#epochOffsetMs = Date.now() - performance.now();
  }

  onRequest(x: Exchange): void {
    const { row, accessLog } = this.#books;
    if (accessLog !== null) this.#trace(x, accessLog);
    if (++this.#requests === this.#books.requestsMax) this.#books.onRequestsMax();
    if (row === null) return this.#inner.onRequest(x);
    const { head } = x;
    const state = row.state;
    row.begin(head.bytes, head.methodStart, head.targetEnd, this.#epochMs());
    row.state = RowState.busy;
    this.#inner.onRequest(x);
    row.state = state;
  }

  onBody(x: Exchange, bytes: Uint8Array, start: number, end: number): void {
    const trace = this.#traceOf(x);
    if (trace !== null) trace.requestBodyBytes += end - start;
    this.#inner.onBody(x, bytes, start, end);
  }

  onBodyEnd(x: Exchange): void {
    this.#traceOf(x)?.bodyEnded(this.#clock.nowMs);
    this.#inner.onBodyEnd(x);
  }

  onDrain(x: Exchange): void {
    this.#inner.onDrain(x);
  }

  onAbort(x: Exchange, error: PeerError): void {
    this.#write(x, error.message);
    this.#inner.onAbort(x, error);
  }

  /** Give it to `HttpServer.onResponded`. */
  readonly onResponded = (x: ServerConnection): void => {
    this.#write(x, x.isResponding ? "response cut off" : "");
  };

  /** Give it to `HttpServer.onHead` where the access log wants it. */
  readonly onHead = (x: ServerConnection, bytes: Uint8Array, headBytes: number): void => {
    this.#traceOf(x)?.responseBegan(bytes, headBytes, this.#clock.nowMs);
  };

  /** Give it to `HttpServer.onRefused` where there is an access log. */
  readonly onRefused = (x: ServerConnection, status: number, error: PeerError): void => {
    const trace = this.#traceOf(x);
    // Within an exchange `onAbort` follows, which ends it.
    if (trace !== null) return void (trace.refusedStatus = status);
    const record = new RefusedRecord(x, x.serial, status, error.message, this.#clock.nowMs);
    this.#books.accessLog!.write(record);
  };

  #epochMs(): number {
    return this.#clock.nowMs + this.#epochOffsetMs;
  }

  /** The trace belongs to the connection, and is filled again for each of its exchanges. */
  #trace(x: Exchange, accessLog: AccessLog): void {
    const trace = (x.connectionContext ??= new AccessTrace()) as AccessTrace;
    trace.begin(x, accessLog.format, this.#epochMs());
  }

  #traceOf(x: Exchange): AccessTrace | null {
    if (this.#books.accessLog === null) return null;
    const trace = x.connectionContext as AccessTrace | null;
    return trace !== null && trace.isUnderWay ? trace : null;
  }

  #write(x: Exchange, error: string): void {
    const trace = this.#traceOf(x);
    if (trace === null) return;
    trace.end(x, this.#clock.nowMs, error);
    this.#books.accessLog!.write(trace);
  }
}
