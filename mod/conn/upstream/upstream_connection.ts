/**
 * A kept connection to an upstream peer, with one request and its response at a time.
 *
 * The caller sends a request (`begin`, `sendHead`, `writeBody`, `endBody`), gets the response, and
 * calls `release` or `discard` at its end. The connection frames the request itself: the body sent
 * matches the framing in its head, or the connection is closed.
 */
import type { Address } from "../../base/address.ts";
import { PeerError } from "../../base/errors.ts";
import { Deadline } from "../../base/timer_wheel.ts";
import { describeFault } from "../../http1/faults.ts";
import type { HeadWriter } from "../../http/head_writer.ts";
import { Framing } from "../../http/message_head.ts";
import type { Method } from "../../http/method.ts";
import type { ResponseHead } from "../../http/response_head.ts";
import type { TrailerField } from "../../http/trailers.ts";
import type { Socket, TlsFacts } from "../../net/reactor.ts";
import type { TakenSocket } from "../exchange/exchange.ts";
import type { Dialing, OpenedConnection } from "./dial.ts";
import { InterimLimit } from "./interim_limit.ts";
import { type MessageOwner, MessageReader, Next } from "../io/message_reader.ts";
import { Outlet } from "../io/outlet.ts";
import { type RequestFraming, RequestOutput } from "./request_output.ts";
import type { ResponseHandler } from "./response_handler.ts";
import type { UpstreamExchange } from "./upstream_exchange.ts";
import type { UpstreamPool } from "./upstream_pool.ts";

export class UpstreamConnection extends Deadline
  implements Dialing, MessageOwner, UpstreamExchange {
  readonly pool: UpstreamPool;
  handler: ResponseHandler | null = null;
  /** Number of exchanges begun on this connection. */
  exchangeCount = 0;
  /** True once connect(2) has succeeded. */
  isConnected = false;
  /** Monotonic milliseconds of that moment; 0 before. */
  connectedMs = 0;
  dialOrder: readonly Address[] = [];
  dialIndex = 0;
  preface: Uint8Array | null = null;
  readonly switchLines = "";
  readonly outlet: Outlet;
  /** The current request. */
  readonly request: RequestOutput;
  socket: Socket;
  readonly #reader: MessageReader;
  #method: Method = 0;
  /** Deadline for progress of the peer, in monotonic milliseconds. */
  #dueMs = Infinity;
  #persist = false;
  readonly #interimLimit = new InterimLimit();
  /** The first byte of the current response has arrived. */
  #hasBegun = false;

  /** `opened`: a connection that is established; null: dials the peer. */
  constructor(pool: UpstreamPool, opened: OpenedConnection | null = null) {
    super();
    this.pool = pool;
    this.outlet = new Outlet(pool.scratch);
    this.request = new RequestOutput(this.outlet);
    this.#reader = new MessageReader(this, Next.excess);
    if (opened === null) {
      this.socket = pool.open(this);
    } else {
      this.socket = opened.socket;
      this.socket.handler = this;
      this.dialOrder = opened.dialOrder;
      this.dialIndex = opened.dialIndex;
      this.isConnected = true;
      this.connectedMs = pool.reactor.nowMs;
    }
    this.outlet.socket = this.socket;
  }

  /** Parsed for each response; valid during `onResponse` and `onInterim`. */
  get head(): ResponseHead {
    return this.pool.parser.head;
  }

  /** The address that it is connected to, or is trying. */
  get address(): Address {
    return this.dialOrder[this.dialIndex];
  }

  get wasReused(): boolean {
    return this.exchangeCount > 1;
  }

  get isOpen(): boolean {
    return this.#reader.next !== Next.closed;
  }

  /** Bytes received of the current response, heads included. */
  get receivedBytes(): number {
    return this.#reader.receivedBytes;
  }

  /** Where the length is known there are no trailers, and otherwise it does not matter. */
  readonly trailersMayFollow = false;

  get trailers(): readonly TrailerField[] {
    return this.#reader.trailers;
  }

  tlsFacts(): TlsFacts | null {
    return this.socket.tlsFacts?.() ?? null;
  }

  begin(handler: ResponseHandler, method: Method): void {
    this.handler = handler;
    this.#method = method;
    this.exchangeCount++;
    this.#reader.receivedBytes = 0;
    this.request.begin();
    this.#interimLimit.begin();
    this.#hasBegun = false;
    this.#persist = false;
    this.#reader.next = Next.head;
    const { options } = this.pool;
    this.#setDue(this.isConnected ? options.firstByteTimeoutMs : options.connectTimeoutMs);
  }

  /** Sends a PROXY protocol header before the first request. */
  writePreface(bytes: Uint8Array): void {
    if (this.exchangeCount > 0) throw new TypeError("Cannot write a preface: a request has begun");
    if (this.isOpen) this.outlet.write(bytes, 0, bytes.length);
  }

  /** See `RequestOutput.sendHead`. May be called before the connection is established. */
  sendHead(head: HeadWriter, framing: RequestFraming, contentLength: number): void {
    if (this.isOpen) this.request.sendHead(head, framing, contentLength);
  }

  /**
   * Sends or queues a part of the body. False: stop until `onRequestDrain`. More than the head has
   * announced is a programmer error: none of it is sent, and the exchange fails.
   */
  writeBody(bytes: Uint8Array, start: number, end: number): boolean {
    if (!this.isOpen || start >= end) return true;
    if (!this.request.writeBody(bytes, start, end)) this.#failFraming("more body than announced");
    return !this.request.isFull;
  }

  /**
   * Ends the body, with trailer field lines or null; see `RequestOutput.end`. Less than the head has
   * announced is a programmer error: the exchange fails.
   */
  endBody(trailers: Uint8Array | null): void {
    if (!this.isOpen) return;
    if (!this.request.end(trailers)) return this.#failFraming("less body than announced");
    // The timeout for the response starts now.
    if (this.isConnected && !this.#hasBegun) this.#armResponse();
  }

  /** Stops `onInterim` and `onResponseBody` until `resume`; the peer's deadline is suspended. */
  pause(): void {
    if (this.#reader.isPaused || !this.isOpen) return;
    this.#reader.isPaused = true;
    this.socket.pause();
  }

  resume(): void {
    const reader = this.#reader;
    if (!reader.isPaused || !this.isOpen) return;
    reader.isPaused = false;
    this.socket.resume();
    this.#armResponse();
    if (reader.isConsuming || reader.queuedBytes === 0) return;
    const scratch = this.pool.scratch;
    scratch.enter();
    reader.processQueue();
    scratch.leave();
  }

  /**
   * Returns the connection to the pool after `onResponseEnd`. It is kept if both sides agree, and if
   * the peer has the whole request; otherwise it would read the next one as the rest of this one.
   */
  release(): void {
    if (!this.isOpen) return;
    // It may be paused since its last read, and then the next exchange would get no response.
    this.resume();
    if (!this.isOpen) return;
    const usable = this.#persist && this.#reader.next === Next.excess &&
      this.#reader.queuedBytes === 0 && this.request.isComplete && !this.outlet.isBlocked;
    if (!usable || !this.pool.keep(this)) this.discard();
  }

  /** Closes the connection in any state. No callback follows. */
  discard(): void {
    if (!this.isOpen) return;
    this.#close();
    this.socket.close();
  }

  /** After a 101: the socket, and the bytes received after the head. The exchange is over. */
  takeOver(): TakenSocket {
    this.outlet.flush();
    const early = this.#reader.takeRest();
    const socket = this.socket;
    this.#close();
    return { socket, early, hasEnded: false };
  }

  onOpen(): void {
    this.isConnected = true;
    this.connectedMs = this.pool.reactor.nowMs;
    this.#armResponse();
    this.onDrain();
  }

  onData(_socket: Socket, bytes: Uint8Array, start: number, end: number): void {
    if (!this.#hasBegun) {
      this.#hasBegun = true;
      this.#armResponse();
    }
    const scratch = this.pool.scratch;
    scratch.enter();
    this.#reader.receive(bytes, start, end);
    if (this.#reader.next === Next.body) this.#armResponse();
    scratch.leave();
  }

  onDrain(): void {
    if (!this.outlet.drain() || this.handler === null) return;
    const scratch = this.pool.scratch;
    scratch.enter();
    this.handler.onRequestDrain(this);
    scratch.leave();
  }

  onEnd(): void {
    const scratch = this.pool.scratch;
    scratch.enter();
    const { next } = this.#reader;
    if (next === Next.body && this.#reader.finishAtEof()) {
      this.#persist = false;
      this.#endResponse();
    } else if (next === Next.head || next === Next.body) {
      const where = this.receivedBytes === 0 ? "without an answer" : "within its answer";
      this.#fail(new PeerError("EEOF", "upstream", `peer closed ${where}`));
    } else {
      this.discard();
    }
    scratch.leave();
  }

  onClose(_socket: Socket, error: PeerError): void {
    const scratch = this.pool.scratch;
    scratch.enter();
    if (error.code === "ETLS" || !this.#tryNextAddress()) this.#fail(error);
    scratch.leave();
  }

  override onDeadline(nowMs: number): void {
    if (this.#reader.next === Next.excess) return this.discard();
    // The client is slow, or the request is still being sent: not a timeout of the peer.
    const isSending = this.isConnected && (this.outlet.isBlocked || !this.request.isComplete);
    if (this.#reader.isPaused || isSending) this.#armResponse();
    if (nowMs < this.#dueMs) return this.pool.reactor.wheel.arm(this, this.#dueMs);
    const phrase = this.isConnected ? "peer did not answer in time" : "connect timed out";
    const { socket } = this;
    if (this.#tryNextAddress()) return socket.close();
    const scratch = this.pool.scratch;
    scratch.enter();
    this.#fail(new PeerError("ETIMEDOUT", "upstream", phrase, !this.isConnected));
    scratch.leave();
  }

  onHeadBytes(bytes: Uint8Array, start: number, end: number, lastEnd: number): number {
    const { parser } = this.pool;
    const next = parser.parse(bytes, start, end, lastEnd, this.#method);
    if (next <= 0) return next;
    this.#reader.receivedBytes += next - start;
    if (parser.head.status === 101) this.#switchProtocols(bytes, next, end);
    else this.#onHead(parser.head);
    return next;
  }

  /** After a 101: `[start, end)` belongs to the next protocol. */
  #switchProtocols(bytes: Uint8Array, start: number, end: number): void {
    this.#reader.next = Next.later;
    this.pool.reactor.wheel.disarm(this);
    this.#reader.offerRest(bytes, start, end);
    this.handler!.onResponse(this);
    this.#reader.withdrawRest();
  }

  #onHead(head: ResponseHead): void {
    if (head.status < 200) {
      if (this.#interimLimit.take(this.receivedBytes)) return this.handler!.onInterim(this);
      return this.#fail(new PeerError("EPROTO", "upstream", "too many interim responses"));
    }
    this.#persist = head.keepAlive && head.framing !== Framing.eof;
    this.#reader.beginBody(head.framing, head.contentLength, this.pool.options.limits);
    this.#armResponse();
    this.handler!.onResponse(this);
    if (this.#reader.next === Next.body && this.#reader.isBodyComplete) this.#endResponse();
  }

  onBodyData(bytes: Uint8Array, start: number, end: number): void {
    this.handler!.onResponseBody(this, bytes, start, end);
  }

  onBodyComplete(): void {
    this.#endResponse();
  }

  /** More bytes than the response; they belong to no request (RFC 9112 9.2). */
  onExcess(): void {
    this.discard();
  }

  onFault(fault: number): void {
    this.#fail(new PeerError("EPROTO", "upstream", describeFault(fault).phrase));
  }

  #endResponse(): void {
    this.#reader.next = Next.excess;
    this.handler!.onResponseEnd(this);
  }

  /** Tries the peer's next address. False: it was connected, or there is no other address. */
  #tryNextAddress(): boolean {
    if (this.isConnected || !this.isOpen) return false;
    const next = this.pool.reopen(this);
    if (next === null) return false;
    // Nothing of the request has been sent yet: output is queued until `onOpen`.
    this.socket = this.outlet.socket = next;
    if (this.#reader.isPaused) next.pause();
    this.#setDue(this.pool.options.connectTimeoutMs);
    return true;
  }

  /** Timeout for the first byte, then between two reads, like nginx's proxy_read_timeout. */
  #armResponse(): void {
    const { firstByteTimeoutMs, responseTimeoutMs } = this.pool.options;
    this.#setDue(this.#hasBegun ? responseTimeoutMs : firstByteTimeoutMs);
  }

  /**
   * Moves the deadline of the exchange. Usually the timer wheel already has an earlier deadline of
   * this connection, so only a number is written, which `onDeadline` checks.
   */
  #setDue(limitMs: number): void {
    this.#dueMs = this.pool.reactor.nowMs + (limitMs || Infinity);
    if (this.wheelSlot < 0 || this.#dueMs < this.deadlineMs) {
      this.pool.reactor.wheel.arm(this, this.#dueMs);
    }
  }

  #failFraming(phrase: string): void {
    this.#fail(new PeerError("EPROTO", "internal", `request to upstream has ${phrase}`));
  }

  #fail(error: PeerError): void {
    if (!this.isOpen) return;
    const active = this.#reader.next !== Next.excess;
    const handler = this.handler;
    this.#close();
    this.socket.close();
    if (active && handler !== null) handler.onFailure(this, error);
  }

  #close(): void {
    this.#reader.close();
    this.outlet.discard();
    this.pool.reactor.wheel.disarm(this);
    this.pool.forget(this);
  }
}
