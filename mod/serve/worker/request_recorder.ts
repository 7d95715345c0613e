/** Records scoreboard, request count and access log for an app. */
import type { PeerError } from "../../base/errors.ts";
import type {
  Exchange,
  ExchangeHandler,
  RefusedRequest,
  RequestFacts,
} from "../../conn/exchange/exchange.ts";
import { RefusedRecord } from "../../conn/exchange/refused_record.ts";
import type { AccessLog } from "../../log/mod.ts";
import type { TrustedProxies } from "../clients/trusted_proxies.ts";
import { AccessTrace } from "./access_trace.ts";
import { type Row, RowState } from "./scoreboard.ts";
import type { WorkerMetrics } from "./worker_metrics.ts";

/** Where requests are recorded; parts that are null cost nothing. */
export interface RequestStats {
  readonly row: Row | null;
  /** null: the status listener is closed. */
  readonly metrics: WorkerMetrics | null;
  readonly accessLog: AccessLog | null;
  /** null: no proxy is trusted. */
  readonly clients: TrustedProxies | null;
  /** `onRequestsMax` is called once, at this number of requests; Infinity: never. */
  readonly requestsMax: number;
  readonly onRequestsMax: () => void;
}

export class RequestRecorder implements ExchangeHandler {
  readonly #inner: ExchangeHandler;
  readonly #stats: RequestStats;
  readonly #clock: { readonly nowMs: number };
  /** Wall clock minus the reactor's clock, so that no request reads the wall clock. */
  readonly #epochOffsetMs: number;
  #requests = 0;

  constructor(inner: ExchangeHandler, stats: RequestStats, clock: { readonly nowMs: number }) {
    this.#inner = inner;
    this.#stats = stats;
    this.#clock = clock;
    this.#epochOffsetMs = Date.now() - performance.now();
  }

  onRequest(exchange: Exchange): void {
    const { row, accessLog } = this.#stats;
    if (accessLog !== null) this.#trace(exchange, accessLog);
    if (++this.#requests === this.#stats.requestsMax) this.#stats.onRequestsMax();
    if (row === null) return this.#inner.onRequest(exchange);
    const { head } = exchange;
    const state = row.state;
    row.begin(head.bytes, head.methodStart, head.targetEnd, this.#epochMs());
    row.state = RowState.busy;
    this.#inner.onRequest(exchange);
    row.state = state;
  }

  onBody(exchange: Exchange, bytes: Uint8Array, start: number, end: number): void {
    const trace = this.#traceOf(exchange);
    if (trace !== null) trace.requestBodyBytes += end - start;
    this.#inner.onBody(exchange, bytes, start, end);
  }

  bodyBuffer(exchange: Exchange, bytesMax: number): Uint8Array<ArrayBuffer> | null {
    return this.#inner.bodyBuffer?.(exchange, bytesMax) ?? null;
  }

  onBodyEnd(exchange: Exchange): void {
    this.#traceOf(exchange)?.bodyEnded(this.#clock.nowMs);
    this.#inner.onBodyEnd(exchange);
  }

  onDrain(exchange: Exchange): void {
    this.#inner.onDrain(exchange);
  }

  onAbort(exchange: Exchange, error: PeerError): void {
    const { metrics } = this.#stats;
    if (metrics !== null) metrics.noteAbort();
    this.#write(exchange, error.message);
    this.#inner.onAbort(exchange, error);
  }

  /** For `HttpServer.onResponded`. */
  readonly onResponded = (exchange: Exchange, wasCut: boolean): void => {
    const { metrics } = this.#stats;
    if (metrics !== null) {
      metrics.noteResponse(exchange.status, this.#clock.nowMs - exchange.startMs);
    }
    this.#write(exchange, wasCut ? "response cut off" : "");
  };

  /** For `HttpServer.onHead`, where the access log format needs it. */
  readonly onHead = (exchange: Exchange, bytes: Uint8Array, start: number, end: number): void => {
    this.#traceOf(exchange)?.responseBegan(bytes, start, end, this.#clock.nowMs);
  };

  /** For `HttpServer.onRefused`, where there is an access log or metrics. */
  readonly onRefused = (request: RefusedRequest, status: number, error: PeerError): void => {
    const { metrics, accessLog } = this.#stats;
    if (metrics !== null) metrics.noteRefused();
    if (accessLog === null) return;
    const trace = this.#traceOf(request);
    // Inside an exchange `onAbort` follows and writes the line.
    if (trace !== null) return void (trace.refusedStatus = status);
    const record = new RefusedRecord(
      request,
      request.serial,
      status,
      error.message,
      this.#clock.nowMs,
    );
    accessLog.write(record);
  };

  #epochMs(): number {
    return this.#clock.nowMs + this.#epochOffsetMs;
  }

  /** The trace belongs to the connection and is reused for each of its exchanges. */
  #trace(exchange: Exchange, accessLog: AccessLog): void {
    const trace = (exchange.keptContext ??= new AccessTrace()) as AccessTrace;
    const { clients } = this.#stats;
    const client = clients === null ? null : clients.clientOf(exchange);
    trace.begin(exchange, accessLog.format, this.#epochMs(), client);
  }

  #traceOf(exchange: RequestFacts): AccessTrace | null {
    if (this.#stats.accessLog === null) return null;
    const trace = exchange.keptContext as AccessTrace | null;
    return trace !== null && trace.isUnderWay ? trace : null;
  }

  #write(exchange: Exchange, error: string): void {
    const trace = this.#traceOf(exchange);
    if (trace === null) return;
    trace.end(exchange, this.#clock.nowMs, error);
    this.#stats.accessLog!.write(trace);
  }
}
