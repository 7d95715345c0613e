/** The sockets of one thread: connects them, and has the clock, timers and queues that they share. */
import type { Deadline } from "../../base/timer_wheel.ts";
import { wordsOf } from "../../http/mod.ts";
import type { Reactor, Socket, SocketHandler } from "../../net/reactor.ts";
import { Sources } from "../plan/sources.ts";
import type { RequestGroup, ThreadPlan } from "../plan/thread_plan.ts";
import { LingeringSockets } from "./lingering_sockets.ts";
import type { SecureClient } from "./secure_client.ts";
import { type Connector, Tunnel } from "./proxy/tunnel.ts";
import { SendQueue } from "./send_queue.ts";

/** Maximum concurrent connects, so that the start does not overflow an accept queue. */
const connectingMax = 512;
/** A longer read takes long enough to justify reading the clock again. */
const briefBytesMax = 4096;

/** A connection as `connect` needs it. */
export interface Connecting extends SocketHandler {
  readonly group: { readonly plan: RequestGroup };
  /** Number of the connection in the whole run. */
  readonly index: number;
  /** Local address of the socket; set when we chose it. */
  source: string | undefined;
  /** When its transport was connected and TLS began; set only when phases are measured. */
  transportMs: number;
  /** A proxy was connected and has not opened the tunnel yet: what fails now fails there. */
  awaitsProxy: boolean;
}

export class ThreadSockets {
  readonly sendQueue: SendQueue;
  readonly lingering: LingeringSockets;
  readonly #reactor: Reactor;
  readonly #secure: SecureClient | null;
  readonly #sources: Sources;
  #connectingCount = 0;
  #words: Int32Array = new Int32Array(0);
  #wordsOf: Uint8Array | null = null;

  /** `secure` is needed when a group has a server name. */
  constructor(
    plan: ThreadPlan,
    reactor: Reactor,
    secure: SecureClient | null,
    connectionCount: number,
  ) {
    this.#reactor = reactor;
    this.#secure = secure;
    this.#sources = new Sources(plan);
    this.sendQueue = new SendQueue(reactor);
    this.lingering = new LingeringSockets(connectionCount + 64);
  }

  /** No further connect should start before another has ended. */
  get areConnecting(): boolean {
    return this.#connectingCount >= connectingMax;
  }

  /** Local addresses used besides the one that the kernel chooses. */
  get autoSourceCount(): number {
    return this.#sources.autoCount;
  }

  /** Starts a connect; `connectEnded` must follow. */
  connect(connection: Connecting): Socket {
    this.#connectingCount++;
    const { addresses, serverName } = connection.group.plan;
    const address = addresses[connection.index % addresses.length];
    const source = address.kind === "tcp"
      ? this.#sources.next(connection.group.plan.loopback)
      : undefined;
    connection.source = source;
    const options = source === undefined ? {} : { source };
    const connector = this.#connectorOf(connection);
    return serverName === null
      ? connector.connect(address, connection, options)
      : this.#secure!.connect(connector, address, connection, serverName, options);
  }

  #connectorOf(connection: Connecting): Connector {
    const { tunnel } = connection.group.plan;
    if (tunnel === undefined) return this.#reactor;
    return {
      connect: (address, handler, options = {}) =>
        new Tunnel(this.#reactor, address, handler, { options, request: tunnel, user: connection }),
    };
  }

  /** A connect has succeeded or failed. */
  connectEnded(hasSucceeded: boolean): void {
    this.#connectingCount--;
    if (hasSucceeded) this.#sources.succeeded();
  }

  /** No ephemeral port was free. True when the connection should retry at once. */
  takeNextSource(connection: Connecting): boolean {
    return this.#sources.exhausted(connection.source, connection.group.plan.loopback);
  }

  readClockMs(): number {
    return this.#reactor.readClockMs();
  }

  /**
   * Arrival time of a read of `byteCount` bytes. The reactor reads the clock once per batch of sockets;
   * a read takes about a microsecond, a longer one more.
   */
  receivedMs(byteCount: number): number {
    return byteCount <= briefBytesMax ? this.#reactor.nowMs : this.#reactor.readClockMs();
  }

  arm(entry: Deadline, deadlineMs: number): void {
    this.#reactor.wheel.arm(entry, deadlineMs);
  }

  disarm(entry: Deadline): void {
    this.#reactor.wheel.disarm(entry);
  }

  /** The bytes as 32-bit words; empty when they are not word-aligned. */
  wordsOf(bytes: Uint8Array): Int32Array {
    if (this.#wordsOf === bytes) return this.#words;
    this.#wordsOf = bytes;
    return this.#words = wordsOf(bytes);
  }
}
