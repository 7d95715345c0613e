/** One request and its response on a stream of a shared connection. */
import type { Address } from "../../../base/address.ts";
import { PeerError } from "../../../base/errors.ts";
import type { HeadWriter } from "../../../http/head_writer.ts";
import { Method } from "../../../http/method.ts";
import type { ResponseHead } from "../../../http/response_head.ts";
import type { TrailerField } from "../../../http/trailers.ts";
import { acceptKey } from "../../../http/web_socket_key.ts";
import { ErrorCode, Stream } from "../../../http2/mod.ts";
import type { TlsFacts } from "../../../net/reactor.ts";
import type { TakenSocket } from "../../exchange/exchange.ts";
import { type SocketStream, StreamSocket } from "../../io/stream_socket.ts";
import { Inbox } from "../../io/inbox.ts";
import { InterimLimit } from "../interim_limit.ts";
import type { RequestFraming } from "../request_output.ts";
import type { ResponseHandler } from "../response_handler.ts";
import type { UpstreamExchange } from "../upstream_exchange.ts";
import type { SharedConnection } from "./shared_connection.ts";
import type { SharedHost } from "./shared_host.ts";
import { webSocketKey } from "./request_block.ts";
import { StreamRequest } from "./stream_request.ts";

const noBytes = new Uint8Array(0);
const noTrailers: readonly TrailerField[] = [];

/** The object serves one stream after the other, on any connection of its pool. */
export class UpstreamStream extends Stream implements UpstreamExchange, SocketStream {
  handler: ResponseHandler | null = null;
  readonly request: StreamRequest;
  switchLines = "";
  /** The stream as a socket, after `takeOver`. */
  tunnel: StreamSocket | null = null;
  trailers: readonly TrailerField[] = noTrailers;
  receivedBytes = 0;
  /** The connection was lost that had served other streams before this one. */
  wasReused = false;
  /** Deadline for progress of the peer, in monotonic milliseconds. */
  dueMs = Infinity;
  /** Monotonic milliseconds at which the exchange began. */
  beganMs = 0;
  isPaused = false;
  /** Between `begin` and the end of the exchange for its handler. */
  isActive = false;
  #connection: SharedConnection | null = null;
  readonly #host: SharedHost;
  #method: Method = 0;
  #acceptsTrailers = false;
  #isHandshake = false;
  /** Changes with each exchange. */
  #serial = 0;
  /** Of a handshake that waits until the peer has said whether it accepts any. */
  #waitingHead: HeadWriter | null = null;
  /** All of the response has arrived. */
  #hasEnded = false;
  /** Body that arrived during a pause; the stream's window bounds it. */
  #inbox: Inbox | null = null;
  /** Bytes that the handler got, and that count as consumed after its pause. */
  #owedBytes = 0;
  readonly #interimLimit = new InterimLimit();

  constructor(host: SharedHost) {
    super();
    this.#host = host;
    this.request = new StreamRequest(this, host.space);
  }

  /**
   * Makes it a stream of this connection, without an identifier yet. `isHandshake`: its request is a
   * WebSocket handshake.
   */
  attach(connection: SharedConnection, isHandshake = false): this {
    this.#connection = connection;
    this.#isHandshake = isHandshake;
    return this;
  }

  get head(): ResponseHead {
    return this.#host.space.response.head;
  }

  get isConnected(): boolean {
    return this.#connection!.isConnected;
  }

  get connectedMs(): number {
    return this.#connection!.connectedMs;
  }

  get address(): Address {
    return this.#connection!.address;
  }

  get trailersMayFollow(): boolean {
    return this.#hasEnded ? this.trailers.length > 0 : !this.isEnding;
  }

  tlsFacts(): TlsFacts | null {
    return this.#connection!.socket.tlsFacts?.() ?? null;
  }

  begin(handler: ResponseHandler, method: Method, acceptsTrailers: boolean): void {
    this.handler = handler;
    this.#method = method;
    this.#acceptsTrailers = acceptsTrailers;
    this.trailers = noTrailers;
    this.receivedBytes = 0;
    this.wasReused = this.isPaused = this.#hasEnded = false;
    this.isActive = true;
    this.#serial++;
    this.#inbox = null;
    this.#owedBytes = 0;
    this.switchLines = "";
    this.tunnel = this.#waitingHead = null;
    this.#interimLimit.begin();
    this.request.begin();
    this.beganMs = this.#host.reactor.nowMs;
    this.#setDue(this.#host.options.firstByteTimeoutMs);
  }

  sendHead(head: HeadWriter, framing: RequestFraming, contentLength: number): void {
    if (!this.isActive) return;
    if (this.#isHandshake) return this.#sendHandshake(head);
    const connection = this.#connection!;
    if (!connection.open(this, this.#method)) return this.#failUnopened();
    this.request.sendHead(
      connection.session,
      head,
      framing,
      contentLength,
      connection.isSecure,
      this.#acceptsTrailers,
    );
  }

  #sendHandshake(head: HeadWriter): void {
    const connection = this.#connection!;
    this.switchLines = acceptLine(head);
    if (!connection.session.isSettled) {
      this.#waitingHead = head;
      return connection.awaitSettings(this);
    }
    if (!connection.session.peer.allowsConnect) {
      return this.fail(new PeerError("EPROTO", "upstream", "peer takes no WebSockets over HTTP/2"));
    }
    if (!connection.open(this, Method.connect)) return this.#failUnopened();
    this.request.sendHandshake(connection.session, head, connection.isSecure);
  }

  /** The peer's settings have arrived. */
  onSettings(): void {
    const head = this.#waitingHead;
    this.#waitingHead = null;
    if (head !== null && this.isActive) this.#sendHandshake(head);
  }

  #failUnopened(): void {
    this.fail(new PeerError("ECONNRESET", "upstream", "peer accepts no streams", true));
  }

  writeBody(bytes: Uint8Array, start: number, end: number, trailersMayFollow = false): boolean {
    if (this.id === 0 || !this.isActive || start >= end) return true;
    const { session } = this.#connection!;
    if (!this.request.writeBody(session, bytes, start, end, trailersMayFollow)) {
      this.#failFraming("more body than announced");
    }
    return !this.request.wantsDrain;
  }

  endBody(trailers: Uint8Array | null): void {
    if (this.id === 0 || !this.isActive) return;
    if (!this.request.end(this.#connection!.session, trailers)) {
      return this.#failFraming("less body than announced");
    }
    // The timeout for the response starts now.
    if (this.receivedBytes === 0) this.#setDue(this.#host.options.firstByteTimeoutMs);
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    if (!this.isPaused || !this.isActive) return;
    this.isPaused = false;
    this.armResponse();
    const inbox = this.#inbox;
    const { scratch } = this.#host;
    scratch.enter();
    this.#consume(this.#owedBytes);
    this.#owedBytes = 0;
    if (inbox !== null) {
      this.#inbox = null;
      this.#passOn(inbox.bytes, inbox.start, inbox.end);
    }
    this.#settleEnd();
    scratch.leave();
  }

  /** The response is complete; what is left of the request is not wanted. */
  release(): void {
    this.discard();
  }

  discard(): void {
    if (!this.isActive) return;
    this.#deactivate();
    if (this.id === 0) return this.#connection!.onStreamOver(this);
    const isOver = this.localClosed && this.remoteClosed;
    // The session closes it when the call returns that reported the end.
    if (!isOver) this.#connection!.resetStream(this, ErrorCode.cancel);
  }

  takeOver(): TakenSocket {
    const inbox = this.#inbox;
    const early = inbox === null ? noBytes : inbox.bytes.slice(inbox.start, inbox.end);
    const hasEnded = this.remoteClosed;
    const { socket } = this.#connection!;
    const tlsFacts = this.tlsFacts();
    this.#deactivate();
    const tunnel = this.tunnel = new StreamSocket(this, {
      peerAddress: () => socket.peerAddress(),
      localAddress: () => socket.localAddress(),
      tlsFacts: () => tlsFacts,
    });
    return { socket: tunnel, early, hasEnded };
  }

  writeRaw(bytes: Uint8Array, start: number, end: number): number {
    return this.#connection!.session.writeData(this, bytes, start, end, false);
  }

  endRaw(): void {
    this.#connection!.session.writeData(this, noBytes, 0, 0, true);
  }

  consumed(count: number): void {
    this.#consume(count);
  }

  reset(code: number): void {
    if (this.id !== 0) this.#connection!.resetStream(this, code);
  }

  /** A head has arrived. */
  receiveHead(head: ResponseHead, ends: boolean): void {
    this.receivedBytes += sizeOf(head);
    this.armResponse();
    if (!this.isActive) return;
    if (head.status < 200) {
      if (!this.#interimLimit.take(this.receivedBytes)) {
        return this.#failReset("EPROTO", "too many interim responses");
      }
      // They may be left out; a slow client does not get them.
      if (!this.isPaused) this.handler!.onInterim(this);
      return;
    }
    this.#hasEnded = ends;
    const serial = this.#serial;
    const { status } = head;
    // A 2xx accepts a handshake (RFC 8441 5), as a 101 does in HTTP/1.
    head.upgrade = this.#isHandshake && status < 300 && !ends;
    if (head.upgrade) head.status = 101;
    this.handler!.onResponse(this);
    // The session may report the same head again, for a block that repeats.
    head.upgrade = false;
    head.status = status;
    if (this.#serial === serial) this.#settleEnd();
  }

  /** DATA has arrived. */
  receive(bytes: Uint8Array, start: number, end: number): void {
    this.receivedBytes += end - start;
    if (this.tunnel !== null) return this.tunnel.receive(bytes, start, end);
    this.armResponse();
    if (!this.isActive) return this.#consume(end - start);
    if (this.isPaused || this.#inbox !== null) {
      (this.#inbox ??= new Inbox()).append(bytes, start, end);
    } else {
      this.#passOn(bytes, start, end);
    }
  }

  /** END_STREAM has arrived. */
  receiveEnd(trailers: readonly TrailerField[]): void {
    if (this.tunnel !== null) return this.tunnel.receiveEnd();
    this.trailers = trailers;
    this.#hasEnded = true;
    this.#settleEnd();
  }

  /** Ends the exchange, unless its response is complete. */
  fail(error: PeerError): void {
    if (this.tunnel !== null) return this.tunnel.fail(error);
    if (!this.isActive || this.#hasEnded) return;
    this.#deactivate();
    this.handler!.onFailure(this, error);
    if (this.id === 0) this.#connection!.onStreamOver(this);
  }

  /** The windows and the connection allow more output. */
  onWritable(): void {
    if (this.tunnel !== null) return this.tunnel.onWritable();
    const { request } = this;
    if (!this.isActive || !request.drain(this.#connection!.session) || !request.wantsDrain) return;
    request.wantsDrain = false;
    this.handler!.onRequestDrain(this);
  }

  /** The peer is due: returns whether it is to blame. */
  isOverdue(nowMs: number): boolean {
    if (!this.isActive || nowMs < this.dueMs) return false;
    const isWaiting = this.request.isComplete || this.#waitingHead !== null;
    if (!this.isPaused && isWaiting) return true;
    // The client is slow, or the request is still being sent.
    this.armResponse();
    return false;
  }

  /** Timeout for the first byte, then between two reads. */
  armResponse(): void {
    const { firstByteTimeoutMs, responseTimeoutMs } = this.#host.options;
    this.#setDue(this.receivedBytes > 0 ? responseTimeoutMs : firstByteTimeoutMs);
  }

  /** The peer made no progress in time. */
  failOverdue(): void {
    this.#failReset("ETIMEDOUT", "peer did not answer in time");
  }

  #passOn(bytes: Uint8Array, start: number, end: number): void {
    const { id } = this;
    this.handler!.onResponseBody(this, bytes, start, end);
    if (this.id !== id) return;
    if (this.isPaused && this.isActive) this.#owedBytes += end - start;
    else this.#consume(end - start);
  }

  #consume(count: number): void {
    if (count > 0) this.#connection!.session.consumed(this, count);
  }

  #settleEnd(): void {
    if (!this.#hasEnded || !this.isActive || this.isPaused || this.#inbox !== null) return;
    this.handler!.onResponseEnd(this);
  }

  #setDue(limitMs: number): void {
    this.dueMs = this.#host.reactor.nowMs + (limitMs || Infinity);
    this.#connection!.armFor(this.dueMs);
  }

  #failFraming(phrase: string): void {
    const error = new PeerError("EPROTO", "internal", `request to upstream has ${phrase}`);
    this.#connection!.resetStream(this, ErrorCode.internalError);
    this.fail(error);
  }

  #failReset(code: string, phrase: string): void {
    this.#connection!.resetStream(this, ErrorCode.cancel);
    this.fail(new PeerError(code, "upstream", phrase));
  }

  #deactivate(): void {
    this.isActive = false;
    this.#inbox = this.#waitingHead = null;
    this.dueMs = Infinity;
    this.request.clear();
  }
}

/** The field that proves to a client of HTTP/1 that its handshake was understood (RFC 6455 4.2.2). */
function acceptLine(head: HeadWriter): string {
  const key = webSocketKey(head);
  return key === null ? "" : `sec-websocket-accept: ${acceptKey(key.value)}\r\n`;
}

/** Bytes of the field lines, as HTTP/1 would have them. */
function sizeOf(head: ResponseHead): number {
  const { fields, fieldCount } = head;
  let bytes = 0;
  for (let i = 0; i < fieldCount; i++) {
    const slot = 4 * i;
    bytes += fields[slot + 1] - fields[slot] + fields[slot + 3] - fields[slot + 2] + 4;
  }
  // `:status`, so that it is never 0.
  return bytes + 14;
}
