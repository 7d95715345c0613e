import type { PeerError } from "../../base/errors.ts";
import type { HeadWriter } from "../../http/head_writer.ts";
import type { RequestParser } from "../../http1/request_parser.ts";
import type { PreparedResponse } from "../../http2/mod.ts";
import type { Reactor, Socket } from "../../net/reactor.ts";
import type {
  DownstreamConnection,
  Exchange,
  ExchangeHandler,
  RefusedRequest,
} from "./exchange.ts";
import type { Http2Shared } from "./http2_shared.ts";
import type { Scratch } from "../io/scratch.ts";
import type { ServerOptions } from "./server_options.ts";
import type { StaticResponse } from "./static_response.ts";

/** A connection as its server sees it, whatever its version of HTTP. */
export interface ServedConnection {
  /** Its place in the server's `ConnectionList`, which sets these. */
  isListed: boolean;
  older: ServedConnection | null;
  newer: ServedConnection | null;
  /** Exchanges in progress. */
  readonly exchangeCount: number;
  /** The server is stopping: accepts no further request. */
  beginDrain(): void;
  /** Closes the connection if it has been idle since `sinceMs`. Returns whether it did. */
  closeIdle(sinceMs?: number): boolean;
  /** Closes the connection in any state; for the end of a drain. */
  cut(): void;
}

/** What the connections of one server share, whatever their version of HTTP. */
export interface ServerHost {
  readonly reactor: Reactor;
  readonly options: ServerOptions;
  readonly handler: ExchangeHandler;
  readonly scratch: Scratch;
  /** Idle timeout between two requests in milliseconds; Infinity: none. */
  readonly idleMs: number;
  /** Every response is the last one of its connection. */
  readonly draining: boolean;
  nextSerial(): number;
  /** `Server` and `Date` field lines, updated every second. */
  commonFields(): Uint8Array;
  /** A request is about to be refused. */
  onFault(request: RefusedRequest, status: number, error: PeerError): void;
  /** A connection is ended for a fault of its client, with all of its exchanges. */
  onConnectionFault(connection: DownstreamConnection, error: PeerError): void;
  /** Called when a response is complete, or `wasCut` off by its handler; null: not used. */
  readonly onResponded: ((exchange: Exchange, wasCut: boolean) => void) | null;
  /** Called with the field lines `[start, end)` of each response head; null: not used. */
  readonly onHead:
    | ((exchange: Exchange, bytes: Uint8Array, start: number, end: number) => void)
    | null;
  forget(connection: ServedConnection): void;
}

/** What HTTP/1 connections share besides. `HttpServer` implements both. */
export interface Http1Host extends ServerHost {
  /** Its head is parsed for each request, and valid during `onRequest`. */
  readonly parser: RequestParser;
  readonly headWriter: HeadWriter;
  /** The bytes of a whole response, with the current date. */
  render(
    response: StaticResponse,
    minor: 0 | 1,
    persist: boolean,
    isHead: boolean,
  ): { readonly bytes: Uint8Array; readonly headBytes: number };
  /** HTTP/2 is spoken, too. */
  readonly http2: Http2Shared | null;
  /**
   * A connection begins with HTTP/2's preface, which `[start, end)` of `bytes` follows. Another object
   * handles its socket from now on.
   */
  continueAsHttp2(
    connection: ServedConnection & DownstreamConnection,
    socket: Socket,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void;
}

/** What HTTP/2 connections share besides. */
export interface Http2Host extends ServerHost {
  readonly headWriter: HeadWriter;
  readonly http2: Http2Shared | null;
  /** A response as frames, with the current date; null: it is too large for that. */
  prepare(response: StaticResponse, isHead: boolean): PreparedResponse | null;
}
