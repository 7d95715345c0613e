import type { Address } from "../../base/address.ts";
import { ResponseParser } from "../../http1/response_parser.ts";
import type { Reactor, Socket } from "../../net/reactor.ts";
import { UpstreamConnection } from "./upstream_connection.ts";
import {
  type AddressSource,
  type Connector,
  Dialer,
  hasAddress,
  type OpenedConnection,
} from "./dial.ts";
import type { Scratch } from "../io/scratch.ts";
import {
  defaultUpstreamOptions,
  type UpstreamOptions,
  type UpstreamPool,
} from "./upstream_pool.ts";

/** The connections to one peer. The most recently used is reused first, so that spare ones time out. */
export class KeepalivePool implements UpstreamPool {
  readonly reactor: Reactor;
  readonly source: AddressSource;
  readonly scratch: Scratch;
  readonly options: UpstreamOptions;
  readonly parser: ResponseParser;
  readonly #idle: UpstreamConnection[] = [];
  readonly #dialer: Dialer;
  /** The peer's addresses when the idle connections were last checked against them. */
  #addresses: readonly Address[];
  #openCount = 0;
  #closed = false;

  /** `parser`: that of another pool with the same limits, whose peer sends similar heads. */
  constructor(
    reactor: Reactor,
    source: AddressSource,
    scratch: Scratch,
    options: Partial<UpstreamOptions> = {},
    connector: Connector | null = null,
    parser: ResponseParser | null = null,
  ) {
    this.reactor = reactor;
    this.source = source;
    this.#addresses = source.addresses;
    this.scratch = scratch;
    this.#dialer = new Dialer(
      source,
      connector ?? ((connection, address) => reactor.connect(address, connection)),
    );
    this.options = { ...defaultUpstreamOptions, ...options };
    this.parser = parser ?? new ResponseParser(this.options.limits);
  }

  /** Number of open connections, in use or idle. */
  get openCount(): number {
    return this.#openCount;
  }

  get idleCount(): number {
    return this.#idle.length;
  }

  /** Returns an idle connection, or a new one that starts to connect. */
  acquire(): UpstreamConnection {
    if (this.source.addresses !== this.#addresses) this.#dropMoved();
    const idle = this.#idle.pop();
    return idle ?? this.connect();
  }

  /** Opens a new connection, for a retry that must not use another stale one. */
  connect(): UpstreamConnection {
    this.#openCount++;
    return new UpstreamConnection(this);
  }

  /** Takes in a connection that was opened elsewhere. An exchange on it follows. */
  adopt(opened: OpenedConnection): UpstreamConnection {
    this.#openCount++;
    return new UpstreamConnection(this, opened);
  }

  /** Closes the idle connections and keeps none from now on. */
  close(): void {
    this.#closed = true;
    while (this.#idle.length > 0) this.#idle[this.#idle.length - 1].discard();
  }

  open(connection: UpstreamConnection): Socket {
    return this.#dialer.open(connection);
  }

  reopen(connection: UpstreamConnection): Socket | null {
    return this.#dialer.reopen(connection);
  }

  keep(connection: UpstreamConnection): boolean {
    const { exchangesMax, idleMax, idleTimeoutMs } = this.options;
    if (this.source.addresses !== this.#addresses) this.#dropMoved();
    if (this.#closed || this.#idle.length >= idleMax) return false;
    if (exchangesMax > 0 && connection.exchangeCount >= exchangesMax) return false;
    // The peer's addresses may have changed while the connection was in use.
    if (
      connection.dialOrder !== this.#addresses && !hasAddress(this.#addresses, connection.address)
    ) return false;
    connection.handler = null;
    this.#idle.push(connection);
    this.reactor.wheel.arm(connection, this.reactor.nowMs + (idleTimeoutMs || Infinity));
    return true;
  }

  forget(connection: UpstreamConnection): void {
    this.#openCount--;
    const index = this.#idle.lastIndexOf(connection);
    if (index >= 0) this.#idle.splice(index, 1);
  }

  /** Closes idle connections to addresses that the peer no longer has. */
  #dropMoved(): void {
    this.#addresses = this.source.addresses;
    for (const connection of [...this.#idle]) {
      if (!hasAddress(this.#addresses, connection.address)) connection.discard();
    }
  }
}
