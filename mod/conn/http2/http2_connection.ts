/**
 * A client's HTTP/2 connection: many exchanges at a time.
 *
 * Its `Session` turns bytes into events, its exchanges write to their streams. This class decides what
 * follows from both: deadlines, back-pressure, the drain, and every way in which a connection ends.
 */
import type { Address } from "../../base/address.ts";
import { PeerError } from "../../base/errors.ts";
import { ErrorCode, Session } from "../../http2/mod.ts";
import type { Socket, SocketHandler, TlsFacts } from "../../net/reactor.ts";
import { Outlet } from "../io/outlet.ts";
import type { Http2Host, ServedConnection } from "../exchange/server_host.ts";
import { ConnectionTimer, type DeadlineOwner } from "./connection_timer.ts";
import { QueuedOutput } from "../exchange/http2_queued_output.ts";
import { type EventOwner, SessionEvents } from "./session_events.ts";
import type { StreamExchange } from "./stream_exchange.ts";
import {
  drainPingMs,
  exchangeDueMs,
  lingerMs,
  Overdue,
  overdueOf,
  PartialFrame,
  spareMs,
} from "./waits.ts";

/** Above this many bytes of queued output nothing more is read, because answers would add to it. */
const queueBytesMax = 65_536;

/** `closing`: waits for its output to be sent. `lingering`: for the client's FIN. */
const Phase = { open: 0, closing: 1, lingering: 2, closed: 3 } as const;
type Phase = typeof Phase[keyof typeof Phase];

export class Http2Connection implements SocketHandler, EventOwner, ServedConnection, DeadlineOwner {
  readonly host: Http2Host;
  readonly socket: Socket;
  readonly outlet: Outlet;
  readonly session: Session<StreamExchange>;
  readonly queued: QueuedOutput;
  readonly openedMs: number;
  context: unknown = null;
  isListed = false;
  older: ServedConnection | null = null;
  newer: ServedConnection | null = null;
  endError: PeerError | null = null;
  #phase: Phase = Phase.open;
  #isReadPaused = false;
  /** Nothing is read until then; Infinity: no such time. Monotonic milliseconds. */
  #heldUntilMs = Infinity;
  /** The client has sent GOAWAY. */
  #clientLeaves = false;
  /** Monotonic milliseconds, as all that follow. */
  #idleSinceMs: number;
  /** Since when queued output makes no progress; 0: nothing is queued. */
  #blockedSinceMs = 0;
  /** When the second step of a drain is due; Infinity: none is. */
  #drainDueMs = Infinity;
  /** When a connection that is leaving ends, whatever its streams do. */
  #leaveDueMs = Infinity;
  #lingerDueMs = Infinity;
  readonly #events: SessionEvents;
  readonly #partial = new PartialFrame();
  readonly #timer: ConnectionTimer;

  /** `openedMs`: when the client connected. Call `start` next. */
  constructor(host: Http2Host, socket: Socket, openedMs: number) {
    const { sessionOptions, space, queuedTotal, options } = host.http2!;
    this.host = host;
    this.queued = new QueuedOutput(queuedTotal, options.queued);
    this.socket = socket;
    this.openedMs = openedMs;
    this.outlet = new Outlet(host.scratch);
    this.outlet.socket = socket;
    this.#events = new SessionEvents(this);
    this.session = new Session<StreamExchange>(sessionOptions, this.#events, this.outlet, space);
    this.#timer = new ConnectionTimer(host.reactor, this);
    this.#idleSinceMs = host.reactor.nowMs;
  }

  /** Sends the settings. */
  start(): void {
    const { scratch, options, reactor } = this.host;
    scratch.enter();
    this.session.start();
    this.#partial.note(this.session, reactor.nowMs);
    this.#timer.armIn(options.headTimeoutMs);
    this.#timer.armIn(this.host.http2!.idleMs);
    scratch.leave();
  }

  get isSecure(): boolean {
    return this.socket.tlsFacts !== undefined;
  }

  get isBlocked(): boolean {
    return this.outlet.isBlocked;
  }

  get exchangeCount(): number {
    return this.session.streams().filter((exchange) => exchange.serial !== 0).length;
  }

  peerAddress(): Address {
    return this.socket.peerAddress();
  }

  peerUid(): number | null {
    return this.socket.peerUid?.() ?? null;
  }

  localAddress(): Address {
    return this.socket.localAddress();
  }

  tlsFacts(): TlsFacts | null {
    return this.socket.tlsFacts?.() ?? null;
  }

  onOpen(): void {}

  onData(_socket: Socket, bytes: Uint8Array, start: number, end: number): void {
    if (this.#phase !== Phase.open) return;
    const { scratch, reactor } = this.host;
    scratch.enter();
    this.session.receive(bytes, start, end, reactor.nowMs);
    this.#settle();
    scratch.leave();
  }

  onDrain(): void {
    this.#blockedSinceMs = this.host.reactor.nowMs;
    if (!this.outlet.drain()) return this.#timer.armIn(this.host.options.writeTimeoutMs);
    this.#blockedSinceMs = 0;
    if (this.#phase === Phase.closing) return this.#closeNow();
    const { scratch } = this.host;
    scratch.enter();
    this.session.flush();
    // Those that wrote something else than DATA wait for the connection alone.
    for (const exchange of this.session.streams()) {
      if (exchange.output.queuedBytes === 0 && !this.outlet.isBlocked) exchange.onWritable();
    }
    this.#settle();
    scratch.leave();
  }

  onEnd(): void {
    if (this.#phase !== Phase.open) return this.#close();
    if (this.host.options.allowHalfOpen && this.session.streamCount > 0) {
      return this.session.drainNow();
    }
    this.#endWith(new PeerError("EEOF", "downstream", "client closed the connection"));
    this.#close();
  }

  onClose(_socket: Socket, error: PeerError): void {
    this.#endWith(new PeerError(error.code, "downstream", error.message, false, error.cause));
    this.#drop();
  }

  onBodyOver(exchange: StreamExchange): void {
    this.#events.bodies.leave(exchange);
  }

  onStreamBlocked(): void {
    this.#timer.armIn(this.host.options.writeTimeoutMs);
  }

  onBodyExpected(): void {
    this.#timer.armIn(this.host.options.bodyTimeoutMs);
  }

  onResponseDone(exchange: StreamExchange): void {
    // The session has closed it before: with the last DATA.
    if (exchange.id === 0) return this.#events.keep(exchange);
    if (exchange.isLast) {
      if (exchange.remoteClosed) this.beginDrain();
      else if (exchange.output.queuedBytes === 0) return this.onOutputEnd(exchange);
    }
    // What the client still sends is read and dropped.
    this.#timer.armIn(this.host.options.bodyTimeoutMs);
  }

  onOutputEnd(exchange: StreamExchange): void {
    // RFC 9113 8.1: the response is complete, and the rest of the request is not wanted.
    if (exchange.isLast && exchange.localClosed) this.resetStream(exchange, ErrorCode.noError);
  }

  onUnfit(exchange: StreamExchange): void {
    exchange.fail(new PeerError("EPROTO", "internal", "response cut off by its handler"));
    this.resetStream(exchange, ErrorCode.internalError);
  }

  resetStream(exchange: StreamExchange, code: number): void {
    if (exchange.id === 0) return;
    this.host.http2!.counters.noteReset(code, false);
    this.session.reset(exchange, code);
  }

  onStreamsEnd(): void {
    this.#idleSinceMs = this.host.reactor.nowMs;
    this.#timer.armIn(Math.min(spareMs, this.host.http2!.idleMs));
    if (this.#clientLeaves) this.session.drainNow();
    if (this.session.isLeaving) this.#closeAfterOutput();
  }

  /** Requests may still follow, in the same read for example: the end comes after the last one. */
  onClientLeaving(): void {
    this.#clientLeaves = true;
  }

  onSuspicion(): void {
    const { dosDelayMs } = this.host.http2!.options;
    if (dosDelayMs === 0 || this.#heldUntilMs !== Infinity || this.#phase !== Phase.open) return;
    this.#heldUntilMs = this.host.reactor.nowMs + dosDelayMs;
    this.#timer.armIn(dosDelayMs);
  }

  onSessionFailure(error: PeerError): void {
    this.host.http2!.counters.goaways++;
    this.host.onConnectionFault(this, error);
    this.#closeAfterOutput();
  }

  beginDrain(): void {
    if (this.#phase !== Phase.open || this.session.isDraining) return;
    const { gracefulTimeoutMs } = this.host.http2!.options;
    const { nowMs } = this.host.reactor;
    this.host.http2!.counters.goaways++;
    this.session.drain();
    this.#drainDueMs = nowMs + drainPingMs;
    this.#timer.armIn(drainPingMs);
    if (gracefulTimeoutMs === 0) return;
    this.#leaveDueMs = nowMs + gracefulTimeoutMs;
    this.#timer.armIn(gracefulTimeoutMs);
  }

  closeIdle(sinceMs = Infinity): boolean {
    if (this.#phase !== Phase.open || this.session.streamCount > 0) return false;
    if (this.#idleSinceMs > sinceMs) return false;
    this.session.drainNow();
    this.#closeAfterOutput();
    return true;
  }

  cut(): void {
    if (this.#phase === Phase.open) {
      this.endError = new PeerError("ESHUTDOWN", "internal", "the server is stopping");
      this.#phase = Phase.closing;
      this.session.fail(ErrorCode.noError);
      this.outlet.flush(true);
    }
    this.#close();
  }

  onDue(nowMs: number): number {
    const { options } = this.host;
    if (this.#phase === Phase.lingering) {
      if (nowMs >= this.#lingerDueMs) this.#close();
      return this.#lingerDueMs;
    }
    const writeDueMs = this.#writeDueMs(nowMs);
    if (nowMs >= writeDueMs) {
      this.#endWith(new PeerError("ETIMEDOUT", "downstream", "client takes no output"));
      this.#drop();
      this.socket.abort();
      return Infinity;
    }
    if (this.#phase !== Phase.open) return writeDueMs;
    if (nowMs >= this.#leaveDueMs) {
      this.cut();
      return Infinity;
    }
    if (nowMs >= this.#drainDueMs) {
      this.#drainDueMs = Infinity;
      this.session.drainNow();
      if (this.session.streamCount === 0) this.#closeAfterOutput();
    }
    if (nowMs >= this.#heldUntilMs) {
      this.#heldUntilMs = Infinity;
      this.#adjustReading();
    }
    const headDueMs = this.#partial.sinceMs === 0
      ? Infinity
      : this.#partial.sinceMs + (options.headTimeoutMs || Infinity);
    if (nowMs >= headDueMs) this.#failFor("request timed out");
    const ownDueMs = Math.min(writeDueMs, this.#leaveDueMs, this.#drainDueMs, headDueMs);
    const readDueMs = this.#heldUntilMs;
    return Math.min(ownDueMs, readDueMs, this.#checkStreams(nowMs), this.#lingerDueMs);
  }

  #writeDueMs(nowMs: number): number {
    if (!this.outlet.isBlocked) return Infinity;
    if (this.#blockedSinceMs === 0) this.#blockedSinceMs = nowMs;
    return this.#blockedSinceMs + (this.host.options.writeTimeoutMs || Infinity);
  }

  /** Ends streams that make no progress, and the connection if it is idle for too long. */
  #checkStreams(nowMs: number): number {
    if (this.#phase !== Phase.open) return Infinity;
    const { options, http2 } = this.host;
    if (this.session.streamCount === 0) {
      // A head that is on its way has a deadline of its own.
      const isIdle = this.#partial.sinceMs === 0 || options.headTimeoutMs === 0;
      const dueMs = isIdle ? this.#idleSinceMs + http2!.idleMs : Infinity;
      if (nowMs >= dueMs) this.closeIdle();
      if (nowMs >= this.#idleSinceMs + spareMs) this.#events.releaseSpare();
      else return Math.min(dueMs, this.#idleSinceMs + spareMs);
      return this.#phase === Phase.open ? dueMs : this.#lingerDueMs;
    }
    let dueMs = Infinity;
    for (const exchange of this.session.streams()) {
      const overdue = overdueOf(exchange, options, nowMs);
      if (overdue !== Overdue.nothing) this.#endOverdue(exchange, overdue);
      if (exchange.id !== 0) dueMs = Math.min(dueMs, exchangeDueMs(exchange, options));
    }
    return dueMs;
  }

  #endOverdue(exchange: StreamExchange, overdue: Overdue): void {
    const { scratch } = this.host;
    const phrase = overdue === Overdue.output ? "client takes no output" : "request body timed out";
    const error = new PeerError("ETIMEDOUT", "downstream", phrase);
    scratch.enter();
    const isUnanswered = exchange.serial !== 0 && exchange.status === 0;
    if (isUnanswered) this.host.onFault(exchange, 408, error);
    const isComplete = exchange.serial === 0 && exchange.output.queuedBytes === 0;
    const code = isComplete ? ErrorCode.noError : ErrorCode.cancel;
    exchange.fail(error);
    if (isUnanswered) exchange.sendStatusPage(408);
    else this.resetStream(exchange, code);
    scratch.leave();
  }

  /** The client is too slow, or does what it must not. */
  #failFor(phrase: string): void {
    const error = new PeerError("ETIMEDOUT", "downstream", phrase);
    this.endError = error;
    this.session.fail(ErrorCode.enhanceYourCalm);
    this.onSessionFailure(error);
  }

  /** Called after processing input. */
  #settle(): void {
    if (this.#phase !== Phase.open) return;
    const { reactor, options } = this.host;
    this.#partial.note(this.session, reactor.nowMs);
    if (this.#partial.sinceMs !== 0) this.#timer.armIn(options.headTimeoutMs);
    this.#adjustReading();
    if (this.outlet.isBlocked) this.#timer.armIn(options.writeTimeoutMs);
    if (this.session.streamCount > 0) return;
    if (this.#clientLeaves) this.session.drainNow();
    if (this.session.isLeaving) this.#closeAfterOutput();
  }

  /** Reads while there is room for the answers, and the client is not held back. */
  #adjustReading(): void {
    const isPaused = this.outlet.queuedBytes > queueBytesMax || this.#heldUntilMs !== Infinity;
    if (isPaused === this.#isReadPaused) return;
    this.#isReadPaused = isPaused;
    if (isPaused) this.socket.pause();
    else this.socket.resume();
  }

  /** Ends every exchange for one reason; nothing is sent. */
  #endWith(error: PeerError): void {
    this.endError = error;
    if (this.#phase === Phase.open) this.#phase = Phase.closing;
    this.session.end(ErrorCode.cancel);
  }

  #closeAfterOutput(): void {
    if (this.#phase !== Phase.open) return;
    this.#phase = Phase.closing;
    this.outlet.flush(true);
    if (!this.outlet.isBlocked) return this.#closeNow();
    this.#blockedSinceMs = this.host.reactor.nowMs;
    this.#timer.armIn(this.host.options.writeTimeoutMs);
  }

  /**
   * Closing while input is unread makes the kernel send a reset, which may overtake the output, and a
   * client sends frames at any time. So only the sending side is closed, and input is read for a while.
   */
  #closeNow(): void {
    this.#phase = Phase.lingering;
    this.session.end(ErrorCode.noError);
    this.outlet.discard();
    this.socket.shutdown();
    this.socket.resume();
    this.#lingerDueMs = this.host.reactor.nowMs + lingerMs;
    this.#timer.armIn(lingerMs);
  }

  #close(): void {
    this.#drop();
    this.socket.close();
  }

  /** Removes the connection from the server; the caller closes or aborts the socket. */
  #drop(): void {
    this.#phase = Phase.closed;
    this.#events.releaseSpare();
    this.outlet.discard();
    this.#timer.disarm();
    this.host.forget(this);
  }
}
