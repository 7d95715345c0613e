/** Reads PROXY protocol headers ahead of whatever accepts connections. */
import { type Address, formatAddress } from "../base/address.ts";
import type { PeerError } from "../base/errors.ts";
import { Deadline } from "../base/timer_wheel.ts";
import type { SparseLog } from "../log/mod.ts";
import type { AcceptHandler, Listener, Reactor, Socket, SocketHandler } from "../net/reactor.ts";
import {
  describeHeaderFault,
  HeaderFault,
  parseProxyHeader,
  ProxyHeader,
} from "../proxy_protocol/mod.ts";
import { AnnouncedSocket } from "./announced_socket.ts";

/** How often `settled` looks, in milliseconds. */
const pollMs = 20;

/** What the listeners of a process that speak the PROXY protocol share. */
export class AnnouncedListeners {
  readonly reactor: Reactor;
  /** Told of connections that are closed because of their header. */
  readonly log: SparseLog;
  /** For a header to arrive, in milliseconds; 0: any time. */
  readonly headerTimeoutMs: number;
  readonly pending = new Set<unknown>();
  /** Filled for one connection at a time. */
  readonly header = new ProxyHeader();

  constructor(reactor: Reactor, log: SparseLog, headerTimeoutMs: number) {
    this.reactor = reactor;
    this.log = log;
    this.headerTimeoutMs = headerTimeoutMs;
  }

  /**
   * `onAccept` sees connections only behind their header, with the addresses that it announced.
   * `isRequired`: a connection without one is closed; otherwise it is served under its own
   * addresses (as h2o does, and against the protocol's advice: such a listener must be private).
   * `expects`: who announces at all; the connections of others are handed over as they are.
   */
  announce(
    isRequired: boolean,
    onAccept: AcceptHandler,
    expects: ((peer: Address) => boolean) | null = null,
  ): AcceptHandler {
    return (socket, listener) => {
      if (expects !== null && !expects(socket.peerAddress())) return onAccept(socket, listener);
      return new Announcement(this, isRequired, onAccept, socket, listener).announced;
    };
  }

  /** Resolves when no header is under way; each ends within `headerTimeoutMs`. */
  async settled(): Promise<void> {
    while (this.pending.size > 0) {
      await new Promise<void>((resolve) => void this.reactor.setTimer(pollMs, resolve));
    }
  }
}

/** Handles a connection until its header is complete. */
class Announcement extends Deadline implements SocketHandler {
  readonly home: AnnouncedListeners;
  readonly isRequired: boolean;
  readonly onAccept: AcceptHandler;
  readonly listener: Listener;
  readonly announced: AnnouncedSocket;
  #received: Uint8Array | null = null;

  constructor(
    home: AnnouncedListeners,
    isRequired: boolean,
    onAccept: AcceptHandler,
    socket: Socket,
    listener: Listener,
  ) {
    super();
    this.home = home;
    this.isRequired = isRequired;
    this.onAccept = onAccept;
    this.listener = listener;
    this.announced = new AnnouncedSocket(socket, this);
    home.pending.add(this);
    const { reactor, headerTimeoutMs } = home;
    reactor.wheel.arm(this, reactor.nowMs + (headerTimeoutMs || Infinity));
  }

  onData(_socket: Socket, bytes: Uint8Array, start: number, end: number): void {
    const received = this.#received;
    // Nearly always the header comes at once, in the reactor's own buffer.
    if (received === null) return this.#read(bytes, start, end);
    const joined = new Uint8Array(received.length + end - start);
    joined.set(received);
    joined.set(bytes.subarray(start, end), received.length);
    this.#read(joined, 0, joined.length);
  }

  onOpen(): void {}
  onDrain(): void {}

  onEnd(): void {
    if (this.#received !== null) return this.#refuse("the client closed within its header");
    // A load balancer that looks whether somebody listens.
    this.#end();
    this.announced.close();
  }

  onClose(_socket: Socket, _error: PeerError): void {
    this.#end();
  }

  override onDeadline(): void {
    this.#refuse("no complete header came in time");
  }

  #read(bytes: Uint8Array, start: number, end: number): void {
    const { header } = this.home;
    const next = parseProxyHeader(header, bytes, start, end);
    if (next > 0) {
      this.announced.source = header.source;
      this.announced.destination = header.destination;
      this.#handOver(bytes, next, end);
    } else if (next === 0) {
      // Bounded by the codec, which refuses a header that is going to be too long.
      this.#received = bytes.slice(start, end);
    } else if (next === HeaderFault.absent && !this.isRequired) {
      this.#handOver(bytes, start, end);
    } else {
      this.#refuse(describeHeaderFault(next));
    }
  }

  #handOver(bytes: Uint8Array, start: number, end: number): void {
    const { announced } = this;
    this.#end();
    announced.handler = this.onAccept(announced, this.listener);
    if (start < end && announced.isOpen) announced.onData(announced.inner, bytes, start, end);
  }

  #refuse(why: string): void {
    // The balancer itself, not whom it may have announced.
    const peer = formatAddress(this.announced.inner.peerAddress());
    this.#end();
    this.home.log.info(`PROXY protocol from ${peer}: ${why}; the connection is closed`);
    this.announced.close();
  }

  #end(): void {
    this.home.reactor.wheel.disarm(this);
    this.home.pending.delete(this);
  }
}
