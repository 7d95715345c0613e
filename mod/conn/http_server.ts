import type { PeerError } from "../base/errors.ts";
import { imfFixdate } from "../http1/date.ts";
import { HeadWriter } from "../http1/head_writer.ts";
import { RequestParser } from "../http1/request_parser.ts";
import type { AcceptHandler, Reactor } from "../net/reactor.ts";
import type { ExchangeHandler } from "./exchange.ts";
import { Scratch } from "./scratch.ts";
import { ServerConnection } from "./server_connection.ts";
import type { ServerHome } from "./server_home.ts";
import { defaultServerOptions, serverField, type ServerOptions } from "./server_options.ts";
import type { StaticResponse } from "./static_response.ts";

const encoder = new TextEncoder();
const dateBytes = 29;
/** How often a drain looks whether connections have become idle, in milliseconds. */
const drainPollMs = 50;

/** Counts connections; several servers may share one. */
export interface ConnectionTally {
  /** Since the start. */
  accepted: number;
  /** Now. */
  open: number;
}

/** Serves HTTP/1.1 on every connection that it is given. */
export class HttpServer implements ServerHome {
  readonly reactor: Reactor;
  readonly handler: ExchangeHandler;
  readonly scratch: Scratch;
  readonly options: ServerOptions;
  readonly parser: RequestParser;
  readonly headWriter = new HeadWriter(4096);
  readonly idleMs: number;
  draining = false;
  /** Told about requests that were refused before they became an exchange; for logs and counters. */
  onRefused: ((connection: ServerConnection, status: number, error: PeerError) => void) | null =
    null;
  /** Told when a response is complete or was cut off by its handler; for access logs and counters. */
  onResponded: ((connection: ServerConnection) => void) | null = null;
  /** Told of each response's head as it is sent; for access logs that show its fields. */
  onHead: ServerHome["onHead"] = null;
  /** Told when a connection has ended. */
  onConnectionEnd: (() => void) | null = null;
  tally: ConnectionTally = { accepted: 0, open: 0 };
  readonly #connections = new Set<ServerConnection>();
  #lastSerial = 0;
  #epochSeconds = 0;
  #nextSecondMs = 0;
  readonly #imfDate = new Uint8Array(dateBytes);
  #common = encoder.encode(`${serverField}Date: ${imfFixdate(0)}\r\n`);

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
  }

  get connectionCount(): number {
    return this.#connections.size;
  }

  /** Pass this to `reactor.listen` and `reactor.adopt`. */
  readonly onAccept: AcceptHandler = (socket) => {
    const connection = new ServerConnection(this, socket);
    this.#connections.add(connection);
    this.tally.accepted++;
    this.tally.open++;
    return connection;
  };

  /**
   * Ends without losing a request. Close the listeners first. Exchanges under way are completed, and
   * each answer says `Connection: close`. Connections without a request stay for `drainIdleMs`, so
   * that a request which is on its way still gets its answer; then they are closed. What is left
   * after `timeoutMs` is cut. Resolves when no connection is left.
   */
  async drain(timeoutMs: number): Promise<void> {
    this.draining = true;
    for (const connection of this.#connections) connection.beginDrain();
    const startMs = performance.now();
    while (this.#connections.size > 0) {
      const elapsedMs = performance.now() - startMs;
      if (elapsedMs >= timeoutMs) {
        for (const connection of this.#connections) connection.cut();
      } else if (elapsedMs >= this.options.drainIdleMs) {
        for (const connection of this.#connections) connection.closeIdle();
      }
      if (this.#connections.size > 0) await this.#pause(drainPollMs);
    }
  }

  /** Ends every connection now. Returns how many of them had a request under way. */
  cut(): number {
    let busyCount = 0;
    for (const connection of this.#connections) {
      if (connection.serial !== 0) busyCount++;
      connection.cut();
    }
    return busyCount;
  }

  /** Closes the oldest connections of those without a request since `sinceMs`, `countMax` of them. */
  closeIdle(sinceMs: number, countMax: number): void {
    let count = 0;
    for (const connection of this.#connections) {
      if (count >= countMax) return;
      if (connection.closeIdle(sinceMs)) count++;
    }
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
    return response.select(minor, persist, isHead, this.#epochSeconds, this.#imfDate);
  }

  onFault(connection: ServerConnection, status: number, error: PeerError): void {
    if (this.onRefused !== null) this.onRefused(connection, status, error);
  }

  forget(connection: ServerConnection): void {
    if (!this.#connections.delete(connection)) return;
    this.tally.open--;
    if (this.onConnectionEnd !== null) this.onConnectionEnd();
  }

  /** Once a second; in between it is one comparison per answer. */
  #refreshDate(): void {
    if (this.reactor.nowMs < this.#nextSecondMs) return;
    const epochMs = Date.now();
    this.#epochSeconds = Math.floor(epochMs / 1000);
    this.#nextSecondMs = this.reactor.nowMs + 1000 - epochMs % 1000;
    encoder.encodeInto(imfFixdate(this.#epochSeconds), this.#imfDate);
    this.#common = this.#common.slice();
    this.#common.set(this.#imfDate, this.#common.length - dateBytes - 2);
  }
}
