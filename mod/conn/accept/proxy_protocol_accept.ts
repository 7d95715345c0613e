/** Wraps an accept handler: reads the PROXY protocol header of each connection first. */
import { type Address, formatAddress } from "../../base/address.ts";
import type { PeerError } from "../../base/errors.ts";
import { Deadline } from "../../base/timer_wheel.ts";
import type { SparseLog } from "../../log/mod.ts";
import type { AcceptHandler, Listener, Reactor, Socket, SocketHandler } from "../../net/reactor.ts";
import {
  describeHeaderFault,
  HeaderFault,
  parseProxyHeader,
  ProxyHeader,
} from "../../proxy_protocol/mod.ts";
import { ProxyProtocolSocket } from "./proxy_protocol_socket.ts";
import { concat } from "../../std/bytes.ts";

/** Polling interval of `settled`, in milliseconds. */
const pollMs = 20;

/** Shared by a process's listeners with the PROXY protocol. */
export class ProxyProtocolListeners {
  readonly reactor: Reactor;
  /** Logs connections that are closed because of their header. */
  readonly log: SparseLog;
  /** Timeout for a header in milliseconds; 0: none. */
  readonly headerTimeoutMs: number;
  readonly pending = new Set<unknown>();
  /** Reused for each connection. */
  readonly header = new ProxyHeader();

  constructor(reactor: Reactor, log: SparseLog, headerTimeoutMs: number) {
    this.reactor = reactor;
    this.log = log;
    this.headerTimeoutMs = headerTimeoutMs;
  }

  /**
   * `onAccept` gets connections after their header, with the addresses from the header. `isRequired`:
   * a connection without a header is closed. Otherwise it is served with its own addresses, as in h2o;
   * the specification advises against that, so such a listener must be private. `expects`: the
   * peers that send headers; connections of other peers are passed on unchanged.
   */
  wrap(
    isRequired: boolean,
    onAccept: AcceptHandler,
    expects: ((peer: Address) => boolean) | null = null,
  ): AcceptHandler {
    return (socket, listener) => {
      if (expects !== null && !expects(socket.peerAddress())) return onAccept(socket, listener);
      return new HeaderReader(this, isRequired, onAccept, socket, listener).wrapped;
    };
  }

  /** Resolves when no header is being read; each is complete or closed within `headerTimeoutMs`. */
  async settled(): Promise<void> {
    while (this.pending.size > 0) {
      await new Promise<void>((resolve) => void this.reactor.setTimer(pollMs, resolve));
    }
  }
}

/** Handles a connection until its header is complete. */
class HeaderReader extends Deadline implements SocketHandler {
  readonly listeners: ProxyProtocolListeners;
  readonly isRequired: boolean;
  readonly onAccept: AcceptHandler;
  readonly listener: Listener;
  readonly wrapped: ProxyProtocolSocket;
  #received: Uint8Array | null = null;

  constructor(
    listeners: ProxyProtocolListeners,
    isRequired: boolean,
    onAccept: AcceptHandler,
    socket: Socket,
    listener: Listener,
  ) {
    super();
    this.listeners = listeners;
    this.isRequired = isRequired;
    this.onAccept = onAccept;
    this.listener = listener;
    this.wrapped = new ProxyProtocolSocket(socket, this);
    listeners.pending.add(this);
    const { reactor, headerTimeoutMs } = listeners;
    reactor.wheel.arm(this, reactor.nowMs + (headerTimeoutMs || Infinity));
  }

  onData(_socket: Socket, bytes: Uint8Array, start: number, end: number): void {
    const received = this.#received;
    // Usually the whole header arrives in one read, in the reactor's own buffer.
    if (received === null) return this.#read(bytes, start, end);
    const all = concat([received, bytes.subarray(start, end)]);
    this.#read(all, 0, all.length);
  }

  onOpen(): void {}
  onDrain(): void {}

  onEnd(): void {
    if (this.#received !== null) return this.#refuse("connection closed within the header");
    // A load balancer's check whether the port is open.
    this.#end();
    this.wrapped.close();
  }

  onClose(_socket: Socket, _error: PeerError): void {
    this.#end();
  }

  override onDeadline(): void {
    this.#refuse("timed out waiting for the header");
  }

  #read(bytes: Uint8Array, start: number, end: number): void {
    const { header } = this.listeners;
    const next = parseProxyHeader(header, bytes, start, end);
    if (next > 0) {
      this.wrapped.source = header.source;
      this.wrapped.destination = header.destination;
      this.#handOver(bytes, next, end);
    } else if (next === 0) {
      // Bounded by the codec, which refuses a header that would be too long.
      this.#received = bytes.slice(start, end);
    } else if (next === HeaderFault.absent && !this.isRequired) {
      this.#handOver(bytes, start, end);
    } else {
      this.#refuse(describeHeaderFault(next));
    }
  }

  #handOver(bytes: Uint8Array, start: number, end: number): void {
    const { wrapped } = this;
    this.#end();
    wrapped.handler = this.onAccept(wrapped, this.listener);
    if (start < end && wrapped.isOpen) wrapped.onData(wrapped.inner, bytes, start, end);
  }

  #refuse(why: string): void {
    // The load balancer's address, not one from a header.
    const peer = formatAddress(this.wrapped.inner.peerAddress());
    this.#end();
    this.listeners.log.info(`PROXY protocol from ${peer}: ${why}; the connection is closed`);
    this.wrapped.close();
  }

  #end(): void {
    this.listeners.reactor.wheel.disarm(this);
    this.listeners.pending.delete(this);
  }
}
