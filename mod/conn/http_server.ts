import type { PeerError } from "../base/errors.ts";
import { HeadWriter } from "../http/head_writer.ts";
import { latin1Bytes } from "../http/latin1.ts";
import { RequestParser } from "../http1/request_parser.ts";
import type { AcceptHandler, Reactor } from "../net/reactor.ts";
import { ConnectionList } from "./exchange/connection_list.ts";
import { DateLine } from "./exchange/date_line.ts";
import { clientPreface, type PreparedResponse } from "../http2/mod.ts";
import type { Socket } from "../net/reactor.ts";
import type { DownstreamConnection, ExchangeHandler, RefusedRequest } from "./exchange/exchange.ts";
import { Http2Connection } from "./http2/http2_connection.ts";
import { Http2Shared } from "./exchange/http2_shared.ts";
import { Scratch } from "./io/scratch.ts";
import { ServerConnection } from "./http1/server_connection.ts";
import type { Http1Host, Http2Host, ServedConnection, ServerHost } from "./exchange/server_host.ts";
import {
  defaultServerOptions,
  serverField,
  type ServerOptions,
} from "./exchange/server_options.ts";
import type { StaticResponse } from "./exchange/static_response.ts";

/** How often a drain checks for idle connections, in milliseconds. */
const drainPollMs = 50;

/** Counts connections; several servers may share one. */
export interface ConnectionTally {
  /** Total since the start. */
  accepted: number;
  /** Currently open. */
  open: number;
}

/** A server of HTTP/1.1 and HTTP/2 for the connections passed to it. */
export class HttpServer implements Http1Host, Http2Host {
  readonly reactor: Reactor;
  readonly handler: ExchangeHandler;
  readonly scratch: Scratch;
  readonly options: ServerOptions;
  readonly parser: RequestParser;
  readonly headWriter = new HeadWriter(4096);
  readonly idleMs: number;
  readonly http2: Http2Shared | null;
  draining = false;
  /** Called for requests that break the protocol or a deadline; for logs and counters. */
  onRefused: ((request: RefusedRequest, status: number, error: PeerError) => void) | null = null;
  /** Called when a connection is ended for a fault of its client; for logs and counters. */
  onConnectionRefused: ((connection: DownstreamConnection, error: PeerError) => void) | null = null;
  /** Called when a response is complete, or was cut off by its handler; for logs and counters. */
  onResponded: ServerHost["onResponded"] = null;
  /** Called with the field lines of each response head; for access logs that show fields. */
  onHead: ServerHost["onHead"] = null;
  /** Called when a connection has ended. */
  onConnectionEnd: (() => void) | null = null;
  tally: ConnectionTally = { accepted: 0, open: 0 };
  readonly #connections = new ConnectionList();
  #lastSerial = 0;
  readonly #date = new DateLine();
  /** `Server` and `Date`. */
  readonly #common = new Uint8Array(serverField.length + this.#date.bytes.length);

  constructor(
    reactor: Reactor,
    handler: ExchangeHandler,
    options: Partial<ServerOptions> = {},
    scratch: Scratch = Scratch.of(reactor),
  ) {
    this.reactor = reactor;
    this.handler = handler;
    this.scratch = scratch;
    this.options = { ...defaultServerOptions, ...options };
    this.parser = new RequestParser(this.options.limits);
    this.idleMs = this.options.idleTimeoutMs || Infinity;
    this.#common.set(latin1Bytes(serverField));
    const { http2 } = this.options;
    this.http2 = http2 === null ? null : new Http2Shared(http2, this.options);
  }

  get connectionCount(): number {
    return this.#connections.count;
  }

  /** For `reactor.listen` and `reactor.adopt`. */
  readonly onAccept: AcceptHandler = (socket) => {
    this.tally.accepted++;
    this.tally.open++;
    if (this.http2 !== null && socket.alpn === "h2") {
      const connection = this.#serveHttp2(socket, this.reactor.nowMs);
      connection.start();
      return connection;
    }
    const connection = new ServerConnection(this, socket);
    this.#connections.add(connection);
    return connection;
  };

  #serveHttp2(socket: Socket, openedMs: number): Http2Connection {
    const connection = new Http2Connection(this, socket, openedMs);
    const { counters } = this.http2!;
    counters.connections++;
    counters.open++;
    this.#connections.add(connection);
    return connection;
  }

  continueAsHttp2(
    former: ServedConnection & DownstreamConnection,
    socket: Socket,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void {
    this.#connections.remove(former);
    const connection = this.#serveHttp2(socket, former.openedMs);
    socket.handler = connection;
    this.scratch.enter();
    connection.start();
    // The rest of the preface came before.
    connection.onData(socket, clientPreface, 0, clientPreface.length);
    if (start < end) connection.onData(socket, bytes, start, end);
    this.scratch.leave();
  }

  /**
   * A stop is near: goes on accepting, and each connection ends after its next response; an HTTP/2
   * client gets GOAWAY with it, and may open another connection.
   */
  leave(): void {
    this.draining = true;
  }

  /**
   * Graceful stop; close the listeners first. Exchanges in progress are completed, with
   * `Connection: close`. Idle connections stay open for `drainIdleMs`, so that a request already sent
   * is still answered. Connections left after `timeoutMs` are cut. Resolves when all are closed.
   */
  async drain(timeoutMs: number): Promise<void> {
    this.draining = true;
    this.#connections.visit((connection) => connection.beginDrain());
    const startMs = performance.now();
    while (this.#connections.count > 0) {
      const elapsedMs = performance.now() - startMs;
      if (elapsedMs >= timeoutMs) {
        this.#connections.visit((connection) => connection.cut());
      } else if (elapsedMs >= this.options.drainIdleMs) {
        this.#connections.visit((connection) => void connection.closeIdle());
      }
      if (this.#connections.count > 0) await this.#pause(drainPollMs);
    }
  }

  /** Closes every connection now. Returns how many exchanges were in progress. */
  cut(): number {
    let count = 0;
    this.#connections.visit((connection) => {
      count += connection.exchangeCount;
      connection.cut();
    });
    return count;
  }

  /** Closes up to `countMax` connections idle since `sinceMs`, the oldest first. */
  closeIdle(sinceMs: number, countMax: number): void {
    let count = 0;
    this.#connections.visit((connection) => {
      if (connection.closeIdle(sinceMs)) count++;
      return count < countMax;
    });
  }

  #pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => void this.reactor.setTimer(delayMs, resolve));
  }

  nextSerial(): number {
    this.#lastSerial = this.#lastSerial >= 0x3fffffff ? 1 : this.#lastSerial + 1;
    return this.#lastSerial;
  }

  commonFields(): Uint8Array {
    this.#refreshDate();
    return this.#common;
  }

  render(response: StaticResponse, minor: 0 | 1, persist: boolean, isHead: boolean) {
    this.#refreshDate();
    return response.select(minor, persist, isHead, this.#date.epochSeconds, this.#date.date);
  }

  prepare(response: StaticResponse, isHead: boolean): PreparedResponse | null {
    this.#refreshDate();
    return response.prepare(isHead, this.#date.epochSeconds, this.#date.date);
  }

  onConnectionFault(connection: DownstreamConnection, error: PeerError): void {
    if (this.onConnectionRefused !== null) this.onConnectionRefused(connection, error);
  }

  onFault(request: RefusedRequest, status: number, error: PeerError): void {
    if (this.onRefused !== null) this.onRefused(request, status, error);
  }

  forget(connection: ServedConnection): void {
    if (!this.#connections.remove(connection)) return;
    this.tally.open--;
    if (connection instanceof Http2Connection) this.http2!.counters.open--;
    if (this.onConnectionEnd !== null) this.onConnectionEnd();
  }

  /** Both users of the date get it here: `refresh` reports a new one only once. */
  #refreshDate(): void {
    if (this.#date.refresh(this.reactor.nowMs)) {
      this.#common.set(this.#date.bytes, serverField.length);
    }
  }
}
