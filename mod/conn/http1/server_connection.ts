/**
 * A client's HTTP/1 connection: requests in order, one exchange at a time.
 *
 * Its `MessageReader` splits the input, its `ServerExchange` writes the responses. This class decides
 * what follows from both: deadlines, back-pressure, and every way in which a connection ends.
 */
import type { Address } from "../../base/address.ts";
import { PeerError } from "../../base/errors.ts";
import { describeFault, Fault } from "../../http1/faults.ts";
import type { Socket, SocketHandler, TlsFacts } from "../../net/reactor.ts";
import type { TakenSocket } from "../exchange/exchange.ts";
import { matchPreface, noPreface, prefaceBytes } from "../exchange/preface_match.ts";
import { clientPreface } from "../../http2/mod.ts";
import { firstLine } from "./first_line.ts";
import { headWaits, type MessageOwner, MessageReader, Next } from "../io/message_reader.ts";
import { Outlet } from "../io/outlet.ts";
import { type ExchangeOwner, ServerExchange } from "./server_exchange.ts";
import type { Http1Host, ServedConnection } from "../exchange/server_host.ts";
import { ServerTimer, type TimerOwner } from "./server_timer.ts";
import { discardBytesMax } from "../io/bounds.ts";

/**
 * Received bytes queued during an exchange. Up to this limit the socket is still read, so that a FIN
 * after them shows that the client has disconnected.
 */
const queueBytesMax = 65_536;

/** For less, a copy costs less than asking the handler for a buffer. */
const ownBufferBytesMin = 32_768;

export class ServerConnection
  implements SocketHandler, MessageOwner, ExchangeOwner, TimerOwner, ServedConnection {
  readonly host: Http1Host;
  readonly socket: Socket;
  readonly outlet: Outlet;
  readonly reader: MessageReader;
  readonly exchange: ServerExchange;
  readonly openedMs: number;
  context: unknown = null;
  isListed = false;
  older: ServedConnection | null = null;
  newer: ServedConnection | null = null;
  readonly #timer: ServerTimer;
  #clientEnded = false;
  /** The connection closes when the queued output has been sent. */
  #closeWhenDrained = false;
  /** How many bytes of HTTP/2's preface have come; `noPreface`: the first bytes are HTTP/1. */
  #prefaceMatched: number;
  /** The last request was refused, so more of it may still arrive. */
  #lingers = false;

  constructor(host: Http1Host, socket: Socket) {
    this.host = host;
    this.socket = socket;
    this.outlet = new Outlet(host.scratch);
    this.outlet.socket = socket;
    this.reader = new MessageReader(this, Next.head);
    this.exchange = new ServerExchange(this);
    this.openedMs = host.reactor.nowMs;
    this.#timer = new ServerTimer(host, this);
    // With TLS, only ALPN selects HTTP/2 (RFC 9113 3.2).
    this.#prefaceMatched = host.http2 === null || this.isSecure ? noPreface : 0;
  }

  get isSecure(): boolean {
    return this.socket.tlsFacts !== undefined;
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

  get exchangeCount(): number {
    return this.exchange.serial === 0 ? 0 : 1;
  }

  /** No request is in progress or has begun to arrive. */
  get #isIdle(): boolean {
    return this.reader.next === Next.head && this.reader.queuedBytes === 0;
  }

  onOpen(): void {}

  onData(_socket: Socket, bytes: Uint8Array, start: number, end: number): void {
    const scratch = this.host.scratch;
    if (this.#prefaceMatched !== noPreface && !this.#isHttp1(bytes, start, end)) return;
    scratch.enter();
    this.reader.receive(bytes, start, end);
    this.#settle();
    scratch.leave();
  }

  inputBuffer(_socket: Socket, bytesMax: number): Uint8Array<ArrayBuffer> | null {
    // Nothing but data of this body may land in it: a pipelined request is for the reactor's buffer.
    const bytes = Math.min(bytesMax, this.reader.bodyBytesAhead);
    if (bytes < ownBufferBytesMin) return null;
    return this.host.handler.bodyBuffer?.(this.exchange, bytes) ?? null;
  }

  /** Whether the first bytes belong to HTTP/1. Those that have matched the preface are passed on. */
  #isHttp1(bytes: Uint8Array, start: number, end: number): boolean {
    const earlier = this.#prefaceMatched;
    const matched = matchPreface(earlier, bytes, start, end);
    this.#prefaceMatched = matched;
    if (matched === noPreface) {
      if (earlier > 0) this.reader.receive(clientPreface, 0, earlier);
      return true;
    }
    if (matched === prefaceBytes) this.#continueAsHttp2(bytes, start + matched - earlier, end);
    else if (!this.#timer.isInHead) this.#timer.armHead();
    return false;
  }

  /** The preface is complete; `[start, end)` follows it. */
  #continueAsHttp2(bytes: Uint8Array, start: number, end: number): void {
    this.reader.close();
    this.outlet.discard();
    this.#timer.disarm();
    this.host.continueAsHttp2(this, this.socket, bytes, start, end);
  }

  onDrain(): void {
    if (!this.outlet.drain()) return this.#timer.armWrite();
    this.#timer.endWrite();
    const scratch = this.host.scratch;
    scratch.enter();
    if (this.#closeWhenDrained) this.#closeNow();
    else if (this.exchange.isResponding) this.host.handler.onDrain(this.exchange);
    else this.#goOn();
    scratch.leave();
  }

  onEnd(): void {
    this.#clientEnded = true;
    const { allowHalfOpen } = this.host.options;
    switch (this.reader.next) {
      case Next.later:
        if (!allowHalfOpen) return this.#abortByClient();
        // Pipelined requests that have arrived are answered, too.
        if (this.reader.queuedBytes === 0) this.exchange.persist = false;
        return;
      case Next.body:
        // With `allowHalfOpen` the queue may hold the rest of the body.
        if (allowHalfOpen && this.reader.queuedBytes > 0) return;
        return this.#abortByClient();
      default:
        this.#closeAfterOutput();
    }
  }

  onClose(_socket: Socket, error: PeerError): void {
    this.#abortExchange(new PeerError(error.code, "downstream", error.message, false, error.cause));
  }

  onWriteTimeout(): void {
    this.#abortExchange(new PeerError("ETIMEDOUT", "downstream", "client takes no output"));
  }

  onTimeout(): void {
    const { next } = this.reader;
    if (next === Next.later) {
      // Waiting for the handler, which has deadlines of its own.
      this.#timer.armIdle();
    } else if (next === Next.discard || next === Next.nothing || this.#isIdle) {
      this.#close();
    } else if (next === Next.body && this.exchange.status !== 0) {
      this.#abortExchange(new PeerError("ETIMEDOUT", "downstream", "request body timed out"));
    } else {
      this.#timeOut();
    }
  }

  onHeadBytes(bytes: Uint8Array, start: number, end: number, lastEnd: number): number {
    if (this.outlet.isBlocked || this.#closeWhenDrained) return headWaits;
    const next = this.host.parser.parse(bytes, start, end, lastEnd);
    if (next > 0) this.#beginExchange(bytes, next, end);
    return next;
  }

  /** `[start, end)` has arrived after the head. */
  #beginExchange(bytes: Uint8Array, start: number, end: number): void {
    const { host, exchange, reader } = this;
    const { head } = host.parser;
    exchange.begin(head, this.#timer.isInHead, start < end || !this.#clientEnded);
    this.#timer.endHead();
    if (exchange.hasRequestBody) {
      reader.isPaused = false;
      reader.beginBody(head.framing, head.contentLength, host.options.limits);
      host.handler.onRequest(exchange);
      if (exchange.expectsContinue) exchange.continueIfWanted();
      return;
    }
    reader.next = Next.later;
    const mayTakeOver = head.upgrade;
    if (mayTakeOver) reader.offerRest(bytes, start, end);
    host.handler.onRequest(exchange);
    if (mayTakeOver) reader.withdrawRest();
  }

  onBodyData(bytes: Uint8Array, start: number, end: number): void {
    const { reader, exchange } = this;
    if (reader.next === Next.discard) {
      const isTooMuch = reader.receivedBytes > discardBytesMax && !reader.isBodyComplete;
      return isTooMuch ? this.#closeAfterOutput() : undefined;
    }
    exchange.expectsContinue = false;
    this.host.handler.onBody(exchange, bytes, start, end);
  }

  onBodyComplete(): void {
    const { reader, exchange } = this;
    // The handler has answered before the end of the body.
    if (reader.next === Next.discard) return this.#endExchange();
    exchange.expectsContinue = false;
    reader.next = Next.later;
    this.host.handler.onBodyEnd(exchange);
  }

  /** Never happens: a client may always send another request. */
  onExcess(): void {
    this.#closeAfterOutput();
  }

  /** Protocol violation: answers with the fault's status, then closes. */
  onFault(fault: number, bytes: Uint8Array, start: number, end: number): void {
    const { next } = this.reader;
    // The body of a request that has already been answered.
    if (next === Next.discard) return this.#closeAfterOutput();
    if (next === Next.head) this.exchange.refusedLine = firstLine(bytes, start, end);
    const { status, phrase } = describeFault(fault);
    const error = new PeerError("EPROTO", "downstream", phrase);
    if (fault === Fault.notHttp && this.exchange.requestIndex === 0) return this.#hangUp(error);
    this.#refuse(status, error);
  }

  onBodyResumed(): void {
    if (!this.reader.isPaused) return;
    this.reader.isPaused = false;
    if (!this.reader.isConsuming) this.#goOn();
  }

  onResponseDone(): void {
    const { reader, exchange } = this;
    if (reader.next === Next.closed) return;
    if (reader.next === Next.body) {
      // A client that still waits for 100 (Continue) may or may not send its body, so the meaning of
      // its next byte is unknown.
      if (!exchange.persist || exchange.expectsContinue) return this.#closeAfterOutput();
      this.#discardBody();
    } else {
      this.#endExchange();
    }
    if (!reader.isConsuming) this.#goOn();
  }

  onResponseUnfit(): void {
    this.#abortExchange(new PeerError("EPROTO", "internal", "response cut off by its handler"));
  }

  onResponseAbandoned(): void {
    const { exchange } = this;
    exchange.endCut();
    if (exchange.showsItsEnd) return this.#closeAfterOutput();
    this.outlet.flush();
    this.#cutOff();
  }

  handOver(): TakenSocket {
    this.outlet.flush();
    const early = this.reader.takeRest();
    this.#drop();
    return { socket: this.socket, early, hasEnded: this.#clientEnded };
  }

  /** The server is stopping: the current response is the last one. */
  beginDrain(): void {
    this.exchange.persist = false;
  }

  closeIdle(sinceMs = Infinity): boolean {
    // Where that is unknown, every idle connection qualifies.
    if (!this.#isIdle || this.#timer.idleSinceMs > sinceMs) return false;
    this.#close();
    return true;
  }

  cut(): void {
    if (this.exchange.serial === 0) return this.#close();
    this.#abortExchange(new PeerError("ESHUTDOWN", "internal", "the server is stopping"));
  }

  /** Processes what is queued after a pause. */
  #goOn(): void {
    if (this.reader.next === Next.closed) return;
    this.reader.processQueue();
    this.#settle();
  }

  /** Request and response are complete. */
  #endExchange(): void {
    this.exchange.end();
    this.reader.isPaused = false;
    if (this.exchange.persist && !this.host.draining) this.reader.next = Next.head;
    else this.#closeAfterOutput();
  }

  /** The response is complete before the request: reads and drops the rest of the body. */
  #discardBody(): void {
    this.exchange.end();
    this.reader.next = Next.discard;
    this.reader.receivedBytes = 0;
    this.reader.isPaused = false;
  }

  /** Called after processing input: decides whether to keep reading, and sets the deadline. */
  #settle(): void {
    const { reader } = this;
    if (this.#clientEnded) this.#settleEnd();
    const { next } = reader;
    if (next === Next.closed) return;
    const waiting = reader.queuedBytes;
    // Between exchanges no work is done for the client, so its FIN need not be noticed early.
    const isFull = waiting > (this.exchange.serial !== 0 ? queueBytesMax : 0);
    if (isFull && this.#isHeld()) this.socket.pause();
    else if (waiting <= queueBytesMax) this.socket.resume();
    if (this.outlet.isBlocked) this.#timer.armWrite();
    else if (next === Next.head) this.#armHead();
    else if (next === Next.body || next === Next.discard) this.#timer.armBody();
  }

  /** Received input cannot be processed now. */
  #isHeld(): boolean {
    const { next, isPaused } = this.reader;
    return next === Next.later || (next === Next.body && isPaused) || this.outlet.isBlocked;
  }

  /** After the client's FIN: the rest of its input is processed, or can never become a request. */
  #settleEnd(): void {
    switch (this.reader.next) {
      case Next.body:
        if (!this.reader.isPaused) this.#abortByClient();
        return;
      case Next.head:
      case Next.discard:
        // Pipelined requests wait until the output is no longer blocked.
        if (!this.outlet.isBlocked || this.reader.queuedBytes === 0) this.#closeAfterOutput();
    }
  }

  #armHead(): void {
    if (this.reader.queuedBytes === 0) return this.#timer.armIdle();
    if (this.#timer.isInHead) return;
    this.exchange.receivedMs = this.host.reactor.nowMs;
    this.#timer.armHead();
  }

  onOutputBlocked(): void {
    this.#timer.beginWrite();
  }

  #timeOut(): void {
    // A head that has not arrived in full is all that is queued.
    const queued = this.reader.takeRest();
    this.exchange.refusedLine = firstLine(queued, 0, queued.length);
    this.#refuse(408, new PeerError("ETIMEDOUT", "downstream", "request timed out"));
  }

  /**
   * The client speaks another protocol, so it cannot read an HTTP response: a broken preface of HTTP/2
   * among others, after which the connection has to end (RFC 9113 3.4).
   */
  #hangUp(error: PeerError): void {
    this.host.onFault(this.exchange, 400, error);
    this.reader.clear();
    this.#lingers = true;
    this.#closeAfterOutput();
  }

  /** Answers a request that is malformed or late, then closes. */
  #refuse(status: number, error: PeerError): void {
    const { exchange, host } = this;
    exchange.refusedSinceMs = this.#timer.isInHead ? exchange.receivedMs : host.reactor.nowMs;
    host.onFault(exchange, status, error);
    if (exchange.serial !== 0) {
      const hasBegun = exchange.status !== 0;
      host.handler.onAbort(exchange, error);
      if (hasBegun) return this.#cutOff();
    }
    exchange.end();
    this.reader.clear();
    this.#lingers = true;
    exchange.sendStatusPage(status);
    this.#closeAfterOutput();
  }

  #abortByClient(): void {
    const where = this.reader.next === Next.body ? "within a body" : "the connection";
    this.#abortExchange(new PeerError("EEOF", "downstream", `client closed ${where}`));
  }

  #abortExchange(error: PeerError): void {
    if (this.exchange.serial !== 0) this.host.handler.onAbort(this.exchange, error);
    this.#cutOff();
  }

  #close(): void {
    this.#drop();
    this.socket.close();
  }

  #cutOff(): void {
    this.#drop();
    this.socket.abort();
  }

  /** Closes after all of the output is sent. */
  #closeAfterOutput(): void {
    this.exchange.persist = false;
    if (this.reader.next === Next.body) this.#discardBody();
    this.exchange.end();
    // Saves a packet on a connection with one request: the FIN is sent with the response.
    this.outlet.flush(true);
    if (!this.outlet.isBlocked) return this.#closeNow();
    this.#closeWhenDrained = true;
    this.onOutputBlocked();
  }

  /**
   * Closing while input is unread or still arriving makes the kernel send a reset, which may overtake
   * the response (RFC 9112 9.6). So only the sending side is closed, and input is read for a while.
   */
  #closeNow(): void {
    const { reader, host } = this;
    const isUnread = reader.queuedBytes > 0 || reader.next === Next.discard ||
      reader.next === Next.nothing || host.draining;
    if (this.#clientEnded || (!isUnread && !this.#lingers)) return this.#close();
    this.#closeWhenDrained = false;
    reader.clear();
    reader.next = Next.nothing;
    this.socket.shutdown();
    this.socket.resume();
    this.#timer.armLinger();
  }

  /** Removes the connection from the server; the caller closes, aborts or hands over the socket. */
  #drop(): void {
    this.exchange.end();
    this.exchange.isResponding = false;
    this.reader.close();
    this.outlet.discard();
    this.#timer.disarm();
    this.host.forget(this);
  }
}
