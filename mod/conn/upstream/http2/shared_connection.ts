/**
 * An HTTP/2 connection to a peer, which requests share: each is a stream (RFC 9113).
 *
 * Its `Session` turns bytes into events. This class decides when it takes streams, and how it ends.
 */
import type { Address } from "../../../base/address.ts";
import { PeerError } from "../../../base/errors.ts";
import { Deadline } from "../../../base/timer_wheel.ts";
import type { Method } from "../../../http/method.ts";
import { ErrorCode, Session } from "../../../http2/mod.ts";
import type { Socket } from "../../../net/reactor.ts";
import type { Http2Counters } from "../../exchange/http2_counters.ts";
import { Outlet } from "../../io/outlet.ts";
import type { Dialing, OpenedConnection } from "../dial.ts";
import type { SharedHost } from "./shared_host.ts";
import { type EventOwner, StreamEvents } from "./stream_events.ts";
import type { UpstreamStream } from "./upstream_stream.ts";

/** Streams opened before the peer's SETTINGS: the least that it should accept (RFC 9113 6.5.2). */
export const unsettledStreamsMax = 100;

export class SharedConnection extends Deadline implements Dialing, EventOwner {
  readonly outlet: Outlet;
  readonly session: Session<UpstreamStream>;
  socket: Socket;
  isConnected = false;
  /** Monotonic milliseconds, as all that follow. */
  connectedMs = 0;
  dialOrder: readonly Address[] = [];
  dialIndex = 0;
  readonly preface = null;
  isLeaving = false;
  endError: PeerError | null = null;
  opening: UpstreamStream | null = null;
  readonly #host: SharedHost;
  /** Takes one stream only, because what precedes it belongs to one client. */
  readonly #isAlone: boolean;
  /** Handshakes of WebSockets that wait for the peer's SETTINGS; each is of a client that waits. */
  readonly #handshakes = new Set<UpstreamStream>();
  #isOpen = true;
  /** Input is being processed; what follows from it is decided afterwards. */
  #isReceiving = false;
  #openedCount = 0;
  #receivedMs = 0;
  #answeredMs = 0;
  #connectDueMs = Infinity;
  #idleDueMs = Infinity;

  /**
   * `opened`: a negotiation has opened it; null: dials the peer. `preface`: sent before everything
   * else, and then the connection takes one stream only.
   */
  constructor(
    host: SharedHost,
    opened: OpenedConnection | null,
    preface: Uint8Array | null = null,
  ) {
    super();
    this.#host = host;
    this.#isAlone = preface !== null;
    this.outlet = new Outlet(host.scratch);
    const events = new StreamEvents(this);
    this.session = new Session(host.sessionOptions, events, this.outlet, host.space);
    if (opened === null) {
      this.socket = host.dialer.open(this);
      this.#armConnect();
    } else {
      this.socket = opened.socket;
      this.dialOrder = opened.dialOrder;
      this.dialIndex = opened.dialIndex;
      this.socket.handler = this;
      this.#noteConnected();
    }
    this.outlet.socket = this.socket;
    if (preface !== null) this.outlet.write(preface, 0, preface.length);
    this.session.start();
  }

  get address(): Address {
    return this.dialOrder[this.dialIndex];
  }

  get isSecure(): boolean {
    return this.socket.tlsFacts !== undefined;
  }

  get isIdle(): boolean {
    return this.session.streamCount === 0 && this.#handshakes.size === 0;
  }

  /** Whether another stream may be opened. */
  get hasRoom(): boolean {
    if (!this.#isOpen || this.isLeaving || !this.session.canOpen) return false;
    const { streamsMax } = this.#host;
    const limit = this.session.isSettled ? streamsMax : Math.min(streamsMax, unsettledStreamsMax);
    return this.session.streamCount < limit;
  }

  /** Gives the stream an identifier; its head follows. False: the connection takes no more. */
  open(stream: UpstreamStream, method: Method): boolean {
    if (!this.#isOpen || !this.session.canOpen) return false;
    this.opening = stream;
    this.session.open(method);
    this.opening = null;
    this.#idleDueMs = Infinity;
    const { exchangesMax } = this.#host.options;
    if (this.#isAlone || ++this.#openedCount === exchangesMax) this.leave();
    return true;
  }

  /** The stream's handshake waits until the peer says whether it accepts any. */
  awaitSettings(stream: UpstreamStream): void {
    this.#handshakes.add(stream);
  }

  onSettings(): void {
    for (const stream of [...this.#handshakes]) stream.onSettings();
    this.#handshakes.clear();
  }

  /** Takes no more streams, and closes with the last one. */
  leave(): void {
    if (this.isLeaving || !this.#isOpen) return;
    this.isLeaving = true;
    this.#host.forget(this);
    this.#settle();
  }

  requireHttp1(): void {
    this.#host.requireHttp1();
  }

  /** Something is due then. */
  armFor(dueMs: number): void {
    if (this.#isOpen && dueMs < this.deadlineMs) this.#host.reactor.wheel.arm(this, dueMs);
  }

  get counters(): Http2Counters {
    return this.#host.counters;
  }

  resetStream(stream: UpstreamStream, code: number): void {
    const { scratch } = this.#host;
    if (stream.id !== 0) this.counters.noteReset(code, false);
    scratch.enter();
    this.session.reset(stream, code);
    this.#settle();
    scratch.leave();
  }

  /** Neither the session nor a handler uses the object any more. */
  onStreamOver(stream: UpstreamStream): void {
    this.#handshakes.delete(stream);
    // The socket of a tunnel may be closed later, so its object serves no other stream.
    if (stream.tunnel !== null) return;
    // After a failure in the middle of a write, the session may still look at it.
    if (this.#isOpen && !this.session.isFailed) this.#host.keepStream(stream);
  }

  onStreamClosed(stream: UpstreamStream): void {
    if (!stream.isActive) this.onStreamOver(stream);
  }

  onAnswer(): void {
    this.#answeredMs = this.#receivedMs;
  }

  servedBefore(stream: UpstreamStream): boolean {
    return this.#answeredMs > 0 && this.#answeredMs <= stream.beganMs;
  }

  onSessionFailure(error: PeerError): void {
    this.outlet.flush(true);
    this.#endWith(error);
  }

  onOpen(): void {
    this.#noteConnected();
    for (const stream of this.session.streams()) stream.armResponse();
    this.onDrain();
  }

  onData(_socket: Socket, bytes: Uint8Array, start: number, end: number): void {
    const { scratch, reactor } = this.#host;
    this.#receivedMs = reactor.nowMs;
    scratch.enter();
    this.#isReceiving = true;
    this.session.receive(bytes, start, end, reactor.nowMs);
    this.#isReceiving = false;
    this.#settle();
    scratch.leave();
  }

  onDrain(): void {
    if (!this.#isOpen || !this.outlet.drain()) return;
    const { scratch } = this.#host;
    scratch.enter();
    this.session.flush();
    this.#settle();
    scratch.leave();
  }

  onEnd(): void {
    this.#endWith(new PeerError("EEOF", "upstream", "peer closed the connection"));
  }

  onClose(_socket: Socket, error: PeerError): void {
    if (error.code === "ETLS" || !this.#tryNextAddress()) this.#endWith(error);
  }

  override onDeadline(nowMs: number): void {
    if (nowMs >= this.#connectDueMs) {
      const { socket } = this;
      if (this.#tryNextAddress()) return socket.close();
      return this.#endWith(new PeerError("ETIMEDOUT", "upstream", "connect timed out", true));
    }
    if (nowMs >= this.#idleDueMs) return this.leave();
    const { scratch } = this.#host;
    scratch.enter();
    let dueMs = Math.min(this.#connectDueMs, this.#idleDueMs);
    if (this.isConnected) dueMs = Math.min(dueMs, this.#checkStreams(nowMs));
    this.armFor(dueMs);
    this.#settle();
    scratch.leave();
  }

  /** Ends streams whose peer makes no progress. Returns when the next one is due. */
  #checkStreams(nowMs: number): number {
    let dueMs = Infinity;
    for (const stream of [...this.session.streams(), ...this.#handshakes]) {
      if (!stream.isOverdue(nowMs)) {
        dueMs = Math.min(dueMs, stream.dueMs);
        continue;
      }
      // Nothing at all has arrived since: the connection may be dead.
      const isSilent = this.#receivedMs <= stream.beganMs;
      stream.failOverdue();
      if (isSilent) this.leave();
    }
    return dueMs;
  }

  /** Decides what follows when no stream is left. */
  #settle(): void {
    if (!this.#isOpen || this.#isReceiving || !this.isIdle) return;
    if (this.isLeaving) return this.#closeIdle();
    if (this.#idleDueMs !== Infinity) return;
    if (!this.#host.keep(this)) return this.leave();
    const { idleTimeoutMs } = this.#host.options;
    this.#idleDueMs = this.#host.reactor.nowMs + (idleTimeoutMs || Infinity);
    this.armFor(this.#idleDueMs);
  }

  #closeIdle(): void {
    this.session.drainNow();
    this.outlet.flush(true);
    this.#endWith(new PeerError("ESHUTDOWN", "internal", "the connection is idle"));
  }

  #noteConnected(): void {
    this.isConnected = true;
    this.connectedMs = this.#host.reactor.nowMs;
    this.counters.connections++;
    this.counters.open++;
    this.#connectDueMs = Infinity;
  }

  #armConnect(): void {
    const { reactor, options } = this.#host;
    this.#connectDueMs = reactor.nowMs + (options.connectTimeoutMs || Infinity);
    reactor.wheel.arm(this, this.#connectDueMs);
  }

  /** Tries the peer's next address. False: it was connected, or there is no other address. */
  #tryNextAddress(): boolean {
    if (this.isConnected || !this.#isOpen) return false;
    const next = this.#host.dialer.reopen(this);
    if (next === null) return false;
    // Nothing has been sent yet: output is queued until `onOpen`.
    this.socket = this.outlet.socket = next;
    this.#armConnect();
    return true;
  }

  /** Ends every exchange for one reason. */
  #endWith(error: PeerError): void {
    if (!this.#isOpen) return;
    const { scratch, reactor } = this.#host;
    scratch.enter();
    this.#isOpen = false;
    if (this.isConnected) this.counters.open--;
    this.endError = error;
    reactor.wheel.disarm(this);
    this.#host.forget(this);
    this.outlet.discard();
    this.socket.close();
    this.session.end(ErrorCode.cancel);
    for (const stream of [...this.#handshakes]) stream.fail(error);
    scratch.leave();
  }
}
