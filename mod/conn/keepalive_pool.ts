import type { Address } from "../base/address.ts";
import { ResponseParser } from "../http1/response_parser.ts";
import type { Reactor, Socket } from "../net/reactor.ts";
import { ClientConnection } from "./client_connection.ts";
import type { Scratch } from "./scratch.ts";
import {
  defaultUpstreamOptions,
  type UpstreamHome,
  type UpstreamOptions,
} from "./upstream_home.ts";

/** Opens the socket of a connection; what is set in place of plain TCP for a peer that speaks TLS. */
export type Connector = (connection: ClientConnection) => Socket;

/** The connections to one peer. The most recently used one is taken first, so that spare ones time out. */
export class KeepalivePool implements UpstreamHome {
  readonly reactor: Reactor;
  readonly address: Address;
  readonly scratch: Scratch;
  readonly options: UpstreamOptions;
  readonly parser: ResponseParser;
  readonly #idle: ClientConnection[] = [];
  readonly #connector: Connector;
  #openCount = 0;
  #closed = false;

  constructor(
    reactor: Reactor,
    address: Address,
    scratch: Scratch,
    options: Partial<UpstreamOptions> = {},
    connector: Connector | null = null,
  ) {
    this.reactor = reactor;
    this.address = address;
    this.scratch = scratch;
    this.#connector = connector ?? ((connection) => reactor.connect(address, connection));
    this.options = { ...defaultUpstreamOptions, ...options };
    this.parser = new ResponseParser(this.options.limits);
  }

  /** Open connections, used and unused. */
  get openCount(): number {
    return this.#openCount;
  }

  get idleCount(): number {
    return this.#idle.length;
  }

  /** A connection for one exchange: an unused one, or a new one that begins to connect. */
  acquire(): ClientConnection {
    const idle = this.#idle.pop();
    return idle ?? this.connect();
  }

  /** A new connection, for a retry that must not meet another stale one. */
  connect(): ClientConnection {
    this.#openCount++;
    return new ClientConnection(this);
  }

  /** Closes the unused connections and keeps none from now on. */
  close(): void {
    this.#closed = true;
    while (this.#idle.length > 0) this.#idle[this.#idle.length - 1].discard();
  }

  open(connection: ClientConnection): Socket {
    return this.#connector(connection);
  }

  keep(connection: ClientConnection): boolean {
    const { exchangesMax, idleMax, idleTimeoutMs } = this.options;
    if (this.#closed || this.#idle.length >= idleMax) return false;
    if (exchangesMax > 0 && connection.exchangeCount >= exchangesMax) return false;
    connection.handler = null;
    connection.context = null;
    this.#idle.push(connection);
    this.reactor.wheel.arm(connection, this.reactor.nowMs + (idleTimeoutMs || Infinity));
    return true;
  }

  forget(connection: ClientConnection): void {
    this.#openCount--;
    const index = this.#idle.lastIndexOf(connection);
    if (index >= 0) this.#idle.splice(index, 1);
  }
}
