import type { Address } from "../../base/address.ts";
import type { ErrorSource, PeerError } from "../../base/errors.ts";
import { Deadline } from "../../base/timer_wheel.ts";
import { delay } from "../../std/async.ts";
import type { Socket, SocketHandler } from "../reactor.ts";
import { peerError } from "../deno_errors.ts";
import type { PortableReactor } from "./portable_reactor.ts";
import { WriteQueue } from "./write_queue.ts";

/** How long a closed socket may take to send what `write` had accepted. */
const lingerMs = 30_000;

/** Drops a closed socket whose peer does not read the queued output. */
class LingerDeadline extends Deadline {
  readonly conn: Deno.Conn;

  constructor(conn: Deno.Conn) {
    super();
    this.conn = conn;
  }

  override onDeadline(): void {
    this.conn.close();
  }
}

/**
 * Adapts a `Deno.Conn` to callbacks: one loop reads, another writes, one operation at a time each.
 */
export class PortableSocket implements Socket {
  readonly reactor: PortableReactor;
  handler: SocketHandler;
  readonly source: ErrorSource;
  /** The target of `connect`; null for an accepted socket. */
  readonly target: Address | null;
  #isOpen = true;
  #conn: Deno.Conn | null = null;
  #connecting: AbortController | null = null;
  readonly #queue: WriteQueue;
  #isWriting = false;
  /** A `write` was short, so `onDrain` is due. */
  #owesDrain = false;
  #isShutDown = false;
  /** A write has failed with ECONNRESET. */
  #wasReset = false;
  #isPaused = false;
  #resume: (() => void) | null = null;
  #linger: LingerDeadline | null = null;

  constructor(
    reactor: PortableReactor,
    handler: SocketHandler,
    source: ErrorSource,
    target: Address | null,
  ) {
    this.reactor = reactor;
    this.handler = handler;
    this.source = source;
    this.target = target;
    this.#queue = new WriteQueue(reactor.writeBuffers);
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Adopts an accepted connection and begins to read. */
  attach(conn: Deno.Conn): void {
    this.#conn = conn;
    // The reactor writes whole messages, so Nagle's algorithm would only add delay.
    if (conn.remoteAddr.transport === "tcp") (conn as Deno.TcpConn).setNoDelay(true);
    this.#readLoop(conn).catch(this.reactor.fail);
    if (this.#isShutDown) this.flush();
  }

  /** Connects and calls `onOpen` or `onClose`. Never rejects because of the peer. */
  async open(target: Address): Promise<void> {
    let conn: Deno.Conn;
    try {
      if (target.kind === "unix") {
        conn = await Deno.connect({ transport: "unix", path: target.path });
      } else {
        this.#connecting = new AbortController();
        conn = await Deno.connect({
          hostname: target.host,
          port: target.port,
          signal: this.#connecting.signal,
        });
        this.#connecting = null;
      }
    } catch (error) {
      if (!this.reactor.isRunning) await this.reactor.whenRunning();
      this.#fail(peerError(error, this.source, true));
      return;
    }
    if (!this.reactor.isRunning) await this.reactor.whenRunning();
    if (!this.#isOpen) return conn.close();
    this.attach(conn);
    this.reactor.beforeCallback();
    this.handler.onOpen(this);
    this.reactor.afterCallback();
  }

  write(bytes: Uint8Array, start: number, end: number): number {
    if (!this.#isOpen || this.#conn === null || this.#isShutDown) return 0;
    const accepted = this.#queue.push(bytes, start, end);
    if (accepted < end - start) this.#owesDrain = true;
    if (!this.#isWriting && accepted > 0) this.reactor.flushSoon(this);
    return accepted;
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#wakeReader();
  }

  shutdown(): void {
    if (!this.#isOpen || this.#isShutDown) return;
    this.#isShutDown = true;
    this.#owesDrain = false;
    if (!this.#isWriting && this.#conn !== null) this.reactor.flushSoon(this);
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#connecting?.abort();
    this.#wakeReader();
    const conn = this.#conn;
    if (conn === null) return;
    if (this.#queue.byteCount === 0) return conn.close();
    this.#linger = new LingerDeadline(conn);
    const { wheel } = this.reactor;
    wheel.arm(this.#linger, performance.now() + lingerMs);
    this.reactor.driveWheel();
    if (!this.#isWriting) this.flush();
  }

  abort(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#connecting?.abort();
    this.#wakeReader();
    this.#queue.clear();
    this.#conn?.close();
  }

  peerAddress(): Address {
    return this.#conn === null ? this.target! : fromDeno(this.#conn.remoteAddr);
  }

  localAddress(): Address {
    if (this.#conn !== null) return fromDeno(this.#conn.localAddr);
    return this.target!.kind === "unix"
      ? { kind: "unix", path: "" }
      : { kind: "tcp", host: "0.0.0.0", port: 0 };
  }

  /**
   * Starts writing queued output unless a write is pending. Called by the reactor once per batch.
   */
  flush(): void {
    if (this.#isWriting || this.#conn === null) return;
    this.#isWriting = true;
    this.reactor.beginWork();
    this.#writeLoop(this.#conn).catch(this.reactor.fail);
  }

  async #readLoop(conn: Deno.Conn): Promise<void> {
    const { reactor } = this;
    const buffer = reactor.readBuffers.take();
    for (;;) {
      if (this.#isPaused && this.#isOpen) await this.#untilResumed();
      if (!this.#isOpen) break;
      let count: number | null;
      try {
        count = await conn.read(buffer);
      } catch (error) {
        if (!reactor.isRunning) await reactor.whenRunning();
        this.#fail(peerError(error, this.source, false));
        break;
      }
      // Each condition can change while waiting for the other.
      while ((this.#isPaused && this.#isOpen) || !reactor.isRunning) {
        await (reactor.isRunning ? this.#untilResumed() : reactor.whenRunning());
      }
      // A pending write may report a reset, which the kernel reports only once; then this is not an
      // end.
      if (count === null && this.#isWriting) await delay(0);
      if (!this.#isOpen || (count === null && this.#wasReset)) break;
      reactor.beforeCallback();
      if (count === null) this.handler.onEnd(this);
      else this.handler.onData(this, buffer, 0, count);
      reactor.afterCallback();
      if (count === null) break;
    }
    reactor.readBuffers.give(buffer);
  }

  async #writeLoop(conn: Deno.Conn): Promise<void> {
    try {
      for (let bytes = this.#queue.next(); bytes !== null; bytes = this.#queue.next()) {
        this.#queue.sent(await conn.write(bytes));
      }
      if (this.#isShutDown && this.#isOpen) await conn.closeWrite();
    } catch (error) {
      this.#endWriting();
      this.#queue.clear();
      if (this.#isOpen) await this.#failAfterReading(error);
      else this.#endLinger(conn);
      return;
    }
    this.#endWriting();
    if (!this.#isOpen) return this.#endLinger(conn);
    if (!this.#owesDrain) return;
    if (!this.reactor.isRunning) await this.reactor.whenRunning();
    if (!this.#isOpen || !this.#owesDrain || this.#queue.byteCount > 0) return;
    this.#owesDrain = false;
    this.reactor.beforeCallback();
    this.handler.onDrain(this);
    this.reactor.afterCallback();
  }

  /**
   * The peer may have sent a reason before it rejected our bytes: give the reader one turn to get
   * it.
   */
  async #failAfterReading(error: unknown): Promise<void> {
    this.#wasReset = error instanceof Deno.errors.ConnectionReset;
    this.#isShutDown = true;
    await delay(0);
    if (!this.reactor.isRunning) await this.reactor.whenRunning();
    this.#fail(peerError(error, this.source, false));
  }

  #endWriting(): void {
    this.#isWriting = false;
    this.reactor.endWork();
  }

  #endLinger(conn: Deno.Conn): void {
    if (this.#linger === null) return;
    // If it is not in the wheel, the deadline has already closed the socket.
    const isArmed = this.#linger.wheelSlot >= 0;
    this.reactor.wheel.disarm(this.#linger);
    this.reactor.restWheel();
    this.#linger = null;
    if (isArmed) conn.close();
  }

  #fail(error: PeerError): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#wakeReader();
    this.#queue.clear();
    this.#conn?.close();
    this.reactor.beforeCallback();
    this.handler.onClose(this, error);
    this.reactor.afterCallback();
  }

  #untilResumed(): Promise<void> {
    return new Promise((resolve) => {
      this.#resume = resolve;
    });
  }

  #wakeReader(): void {
    const resume = this.#resume;
    this.#resume = null;
    resume?.();
  }
}

/** Converts Deno's address to ours; a unix client has no name. */
export function fromDeno(address: Deno.Addr): Address {
  if (address.transport === "unix" || address.transport === "unixpacket") {
    return { kind: "unix", path: address.path ?? "" };
  }
  if (address.transport === "tcp" || address.transport === "udp") {
    return { kind: "tcp", host: address.hostname, port: address.port };
  }
  throw new TypeError(`Cannot read an address: its transport is ${address.transport}`);
}
