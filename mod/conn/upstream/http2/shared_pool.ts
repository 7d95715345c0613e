/** The HTTP/2 connections to one peer: as few as its streams need. */
import type { Address } from "../../../base/address.ts";
import { defaultSectionLimits, defaultSessionOptions, HeadSpace } from "../../../http2/mod.ts";
import type { SessionOptions } from "../../../http2/mod.ts";
import type { Reactor } from "../../../net/reactor.ts";
import { Http2Counters } from "../../exchange/http2_counters.ts";
import type { Scratch } from "../../io/scratch.ts";
import {
  type AddressSource,
  type Connector,
  Dialer,
  hasAddress,
  type OpenedConnection,
} from "../dial.ts";
import type { UpstreamExchange } from "../upstream_exchange.ts";
import { defaultUpstreamOptions, type UpstreamOptions } from "../upstream_pool.ts";
import { SharedConnection } from "./shared_connection.ts";

export { unsettledStreamsMax } from "./shared_connection.ts";
import type { SharedHost } from "./shared_host.ts";
import { UpstreamStream } from "./upstream_stream.ts";

/** Stream objects kept for the next requests. */
const spareStreamsMax = 256;

/**
 * How long a peer that has answered HTTP_1_1_REQUIRED (RFC 9113 7) gets no HTTP/2. Its configuration
 * may change, and a wrong guess costs one request.
 */
const http1RequiredMs = 300_000;

/** One for each thread: every call uses it and is done with it. */
const spaces = new WeakMap<Scratch, HeadSpace>();

function spaceOf(scratch: Scratch, { limits, tableBytesMax }: SessionOptions): HeadSpace {
  let space = spaces.get(scratch);
  if (space === undefined) spaces.set(scratch, space = new HeadSpace(limits, tableBytesMax));
  return space;
}

export interface SharedOptions extends UpstreamOptions {
  /** Where the connections count; several pools may share it. */
  readonly counters: Http2Counters;
  /** Streams open at the same time on one connection, whatever the peer allows. */
  readonly streamsMax: number;
}

/** h2o's default of `proxy.http2.max-concurrent-streams`. */
export const streamsMaxDefault = 100;

export class SharedPool implements SharedHost {
  readonly reactor: Reactor;
  readonly scratch: Scratch;
  readonly options: UpstreamOptions;
  readonly sessionOptions: SessionOptions;
  readonly space: HeadSpace;
  readonly dialer: Dialer;
  readonly streamsMax: number;
  readonly counters: Http2Counters;
  readonly #source: AddressSource;
  /** Those that take streams, the oldest first: it is filled first, so that others become idle. */
  readonly #connections: SharedConnection[] = [];
  readonly #spare: UpstreamStream[] = [];
  /** The peer's addresses when the connections were last checked against them. */
  #addresses: readonly Address[];
  #isClosed = false;
  /** Monotonic milliseconds until which requests are to use HTTP/1.1. */
  #http1UntilMs = 0;

  constructor(
    reactor: Reactor,
    source: AddressSource,
    scratch: Scratch,
    options: Partial<SharedOptions> = {},
    connector: Connector | null = null,
  ) {
    this.reactor = reactor;
    this.scratch = scratch;
    this.options = { ...defaultUpstreamOptions, ...options };
    this.streamsMax = options.streamsMax ?? streamsMaxDefault;
    this.counters = options.counters ?? new Http2Counters();
    this.#source = source;
    this.#addresses = source.addresses;
    this.dialer = new Dialer(
      source,
      connector ?? ((connection, address) => reactor.connect(address, connection)),
    );
    const { headBytesMax, fieldsMax } = this.options.limits;
    this.sessionOptions = {
      ...defaultSessionOptions,
      isServer: false,
      limits: { ...defaultSectionLimits, headBytesMax, fieldsMax },
    };
    this.space = spaceOf(scratch, this.sessionOptions);
  }

  /** Connections without a stream. */
  get idleCount(): number {
    let count = 0;
    for (const connection of this.#connections) if (connection.isIdle) count++;
    return count;
  }

  /** The peer has said lately that it wants HTTP/1.1. */
  get requiresHttp1(): boolean {
    return this.#http1UntilMs > this.reactor.nowMs;
  }

  requireHttp1(): void {
    this.#http1UntilMs = this.reactor.nowMs + http1RequiredMs;
  }

  /** A stream for one request, on a connection that has room or on a new one. */
  acquire(): UpstreamExchange {
    return this.tryAcquire() ?? this.takeStream().attach(this.#connect());
  }

  /** A stream on a connection that is open; null: none has room. */
  tryAcquire(isHandshake = false): UpstreamExchange | null {
    if (this.#source.addresses !== this.#addresses) this.#dropMoved();
    for (const connection of this.#connections) {
      if (connection.hasRoom) return this.takeStream().attach(connection, isHandshake);
    }
    return null;
  }

  /** A stream for a WebSocket, on a connection whose peer need not have said that it takes any. */
  acquireForWebSocket(): UpstreamExchange {
    return this.tryAcquire(true) ?? this.takeStream().attach(this.#connect(), true);
  }

  /** The same, where the peer has said so; null: there is no such connection. */
  tryAcquireForWebSocket(): UpstreamExchange | null {
    for (const connection of this.#connections) {
      const { isSettled, peer } = connection.session;
      if (isSettled && peer.allowsConnect && connection.hasRoom) {
        return this.takeStream().attach(connection, true);
      }
    }
    return null;
  }

  /** Takes in a connection that a negotiation has opened. */
  adopt(opened: OpenedConnection): void {
    this.#connections.push(new SharedConnection(this, opened));
  }

  /** A stream on a connection of its own, which begins with `preface`. */
  acquireAlone(preface: Uint8Array): UpstreamExchange {
    return this.takeStream().attach(new SharedConnection(this, null, preface));
  }

  /** Closes idle connections, and the others with their last stream. */
  close(): void {
    this.#isClosed = true;
    for (const connection of [...this.#connections]) connection.leave();
  }

  takeStream(): UpstreamStream {
    return this.#spare.pop() ?? new UpstreamStream(this);
  }

  keepStream(stream: UpstreamStream): void {
    stream.handler = null;
    if (this.#spare.length < spareStreamsMax) this.#spare.push(stream);
  }

  keep(connection: SharedConnection): boolean {
    // The peer's addresses may have changed while the connection was in use.
    if (this.#source.addresses !== this.#addresses) this.#dropMoved();
    return !this.#isClosed && !connection.isLeaving && this.idleCount <= this.options.idleMax;
  }

  forget(connection: SharedConnection): void {
    const index = this.#connections.indexOf(connection);
    if (index >= 0) this.#connections.splice(index, 1);
  }

  #connect(): SharedConnection {
    const connection = new SharedConnection(this, null);
    this.#connections.push(connection);
    return connection;
  }

  /** Leaves connections to addresses that the peer no longer has. */
  #dropMoved(): void {
    this.#addresses = this.#source.addresses;
    for (const connection of [...this.#connections]) {
      if (!hasAddress(this.#addresses, connection.address)) connection.leave();
    }
  }
}
