/** Answers exchanges by calling an app's `fetch(request, info)`. */
import type { PeerError } from "../../base/errors.ts";
import type { Exchange, ExchangeHandler } from "../../conn/exchange/exchange.ts";
import { StaticResponse } from "../../conn/exchange/static_response.ts";
import { Method } from "../../http/method.ts";
import { noTunnel } from "./no_tunnel.ts";
import type { ChunkedMode } from "../plan/plan.ts";
import type { TrustedProxies } from "../clients/trusted_proxies.ts";
import { Admission, type AdmissionLimits } from "./admission.ts";
import { Call } from "./call.ts";
import { HeadArena } from "./head_arena.ts";
import { ResponseWriter } from "./response_writer.ts";
import type { Cork } from "./streamed_body.ts";
import type { ServedInfo } from "./served_info.ts";
import type { WebSocketLimits } from "./web_socket.ts";

/** The handler of an app. */
export type Fetch = (request: Request, info: ServedInfo) => Response | Promise<Response>;

export interface FetchOptions {
  readonly chunked: ChunkedMode;
  readonly bodyBytesMax: number;
  /** A response that takes longer becomes 504; 0: no limit. */
  readonly timeoutMs: number;
  readonly webSockets: WebSocketLimits;
  /** null: every request is answered at once. */
  readonly admission: AdmissionLimits | null;
  /** null: no proxy is trusted. */
  readonly clients: TrustedProxies | null;
}

/** Logs an app's errors, and makes the reactor run pending promises. */
export interface FetchHost {
  /** The handler threw, or its promise or stream rejected. `request` is method and path. */
  onAppError(request: string, error: unknown): void;
  beginAsync(): void;
  endAsync(): void;
  setTimer(delayMs: number, callback: () => void): number;
  clearTimer(handle: number): void;
}

const plain = [["Content-Type", "text/plain; charset=utf-8"]] as const;
const failed = new StaticResponse(500, plain, "500 Internal Server Error\n");
const tooLarge = new StaticResponse(413, plain, "413 Content Too Large\n");
/** Seconds after which a client may try again; the usual least. */
const retryAfter = ["Retry-After", "1"] as const;
const overloaded = new StaticResponse(503, [...plain, retryAfter], "503 Service Unavailable\n");
/** A refused request with a body up to this length costs less to read than a new connection. */
const keptBodyBytesMax = 65_536;
const timedOut = new StaticResponse(504, plain, "504 Gateway Timeout\n");

export class FetchHandler implements ExchangeHandler {
  readonly #fetch: Fetch;
  readonly #options: FetchOptions;
  readonly #host: FetchHost;
  readonly #arena = new HeadArena();
  readonly #writer: ResponseWriter;
  /** null: every request is answered at once. */
  readonly admission: Admission | null;
  /** Number of calls whose promise is pending. */
  pendingCount = 0;

  constructor(fetch: Fetch, options: FetchOptions, host: FetchHost) {
    this.#fetch = fetch;
    this.#options = options;
    this.#host = host;
    const { admission } = options;
    this.admission = admission === null
      ? null
      : new Admission(admission, host, (call) => this.#run(call));
    this.#writer = new ResponseWriter(
      options.chunked,
      (call, error) => host.onAppError(describe(call), error),
      (call, error) => this.#fail(call, error),
    );
  }

  set cork(cork: Cork) {
    this.#writer.cork = cork;
  }

  onRequest(exchange: Exchange): void {
    const { head } = exchange;
    if (head.method === Method.connect) return exchange.respond(noTunnel);
    if (exchange.hasRequestBody && head.contentLength > this.#options.bodyBytesMax) {
      exchange.closeAfterwards();
      return exchange.respond(tooLarge);
    }
    const client = this.#options.clients === null ? null : this.#options.clients.clientOf(exchange);
    if (this.admission !== null && this.admission.isFull) return this.#refuse(exchange);
    const call = new Call(
      exchange,
      client === null
        ? this.#arena.copy(head, exchange.connection.isSecure)
        : this.#arena.copy(head, client.scheme === "https", client.host),
      this.#options.webSockets,
      client,
    );
    exchange.context = call;
    if (this.admission === null) this.#run(call);
    else this.admission.admit(call);
  }

  /** Refuses at once: a client that waits for nothing would keep its balancer from another server. */
  #refuse(exchange: Exchange): void {
    this.admission!.refusedCount++;
    exchange.declineBody();
    // A large body would be read for nothing.
    const { contentLength } = exchange.head;
    if (exchange.hasRequestBody && (contentLength < 0 || contentLength > keptBodyBytesMax)) {
      exchange.closeAfterwards();
    }
    exchange.respond(overloaded);
  }

  #run(call: Call): void {
    let outcome: Response | Promise<Response>;
    try {
      outcome = this.#fetch(call.request as unknown as Request, call.info);
    } catch (error) {
      return this.#fail(call, error);
    }
    if (outcome instanceof Response) this.#send(call, outcome);
    else this.#await(call, outcome);
  }

  onBody(exchange: Exchange, bytes: Uint8Array, start: number, end: number): void {
    const call = exchange.context as Call | null;
    if (call === null) return;
    call.bodyBytes += end - start;
    if (call.bodyBytes <= this.#options.bodyBytesMax) return call.body?.push(bytes, start, end);
    call.abort(new RangeError("request body larger than the limit"));
    exchange.context = null;
    exchange.closeAfterwards();
    if (exchange.status === 0) exchange.respond(tooLarge);
    else exchange.abort();
  }

  bodyBuffer(exchange: Exchange, bytesMax: number): Uint8Array<ArrayBuffer> | null {
    const call = exchange.context as Call | null;
    return call === null || call.body === null ? null : call.body.buffer(bytesMax);
  }

  onBodyEnd(exchange: Exchange): void {
    const call = exchange.context as Call | null;
    if (call === null) return;
    const trailers = exchange.requestTrailers();
    if (trailers.length > 0) {
      call.requestTrailers = trailers.map(({ name, value }) => [name, value]);
    }
    call.body?.end();
  }

  onDrain(exchange: Exchange): void {
    (exchange.context as Call | null)?.onDrain();
  }

  onAbort(exchange: Exchange, error: PeerError): void {
    // An AbortError, as an aborted fetch rejects with in every runtime.
    (exchange.context as Call | null)?.abort(new DOMException(error.message, "AbortError"));
  }

  #await(call: Call, outcome: Promise<Response>): void {
    const { timeoutMs } = this.#options;
    const timer = timeoutMs === 0 ? 0 : this.#host.setTimer(timeoutMs, () => this.#timeOut(call));
    this.#begin();
    Promise.resolve(outcome).then((response) => {
      this.#end(timer);
      this.#settle(call, response);
    }, (error) => {
      this.#end(timer);
      this.#fail(call, error);
    });
  }

  #settle(call: Call, response: unknown): void {
    if (isResponse(response)) return this.#send(call, response);
    this.#fail(call, new TypeError(`Cannot answer: fetch() returned ${describeValue(response)}`));
  }

  #send(call: Call, response: Response): void {
    try {
      const streaming = this.#writer.send(call, response);
      if (streaming === null) return;
      this.#begin();
      streaming.then(() => this.#end(0));
    } catch (error) {
      // For example a field that is invalid in HTTP. Nothing has been sent yet.
      this.#fail(call, error);
    }
  }

  #fail(call: Call, error: unknown): void {
    const { exchange } = call;
    if (exchange === null && error === call.signal().reason) return;
    this.#host.onAppError(describe(call), error);
    if (exchange === null) return;
    call.finish();
    exchange.respond(failed);
  }

  #timeOut(call: Call): void {
    const { exchange } = call;
    if (exchange === null || exchange.status !== 0) return;
    const error = new Error(`no response within ${this.#options.timeoutMs} ms`);
    this.#host.onAppError(describe(call), error);
    call.abort(error);
    exchange.closeAfterwards();
    exchange.respond(timedOut);
  }

  #begin(): void {
    this.pendingCount++;
    this.#host.beginAsync();
  }

  #end(timer: number): void {
    if (timer !== 0) this.#host.clearTimer(timer);
    this.pendingCount--;
    this.#host.endAsync();
  }
}

function isResponse(value: unknown): value is Response {
  if (value instanceof Response) return true;
  const like = value as Partial<Response> | null | undefined;
  return typeof like === "object" && like !== null && typeof like.status === "number" &&
    typeof like.headers?.get === "function";
}

function describeValue(value: unknown): string {
  if (value === undefined || value === null) return String(value);
  return typeof value === "object" ? value.constructor?.name ?? "an object" : typeof value;
}

/** `GET /path`, for the log. */
export function describe(call: Call): string {
  return `${call.head.method} ${call.head.target}`;
}
