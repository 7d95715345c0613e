/** One request and its response on a stream of a client's HTTP/2 connection. */
import { PeerError } from "../../base/errors.ts";
import type { HeadWriter } from "../../http/head_writer.ts";
import { Framing } from "../../http/message_head.ts";
import { Method } from "../../http/method.ts";
import type { RequestHead } from "../../http/request_head.ts";
import { reasonPhrase } from "../../http/status.ts";
import type { TrailerField } from "../../http/trailers.ts";
import { ErrorCode, Stream } from "../../http2/mod.ts";
import type {
  Exchange,
  Protocol,
  RefusedRequest,
  ResponseFraming,
  TakenSocket,
} from "../exchange/exchange.ts";
import type { StaticResponse } from "../exchange/static_response.ts";
import { assetUrgency, promptBytesMax } from "./asset_urgency.ts";
import { type BodyReceiver, RequestInput } from "./request_input.ts";
import { StreamOutput } from "./response_output.ts";
import type { StreamOwner } from "./stream_owner.ts";
import { type SocketStream, StreamSocket } from "../io/stream_socket.ts";
import { discardBytesMax, waitingBytesMax } from "../io/bounds.ts";

const text = new TextEncoder();
const noFields = new Uint8Array(0);

/** The object serves one stream after the other, all of the same connection. */
export class StreamExchange extends Stream
  implements Exchange, RefusedRequest, BodyReceiver, SocketStream {
  readonly connection: StreamOwner;
  readonly input: RequestInput;
  readonly output: StreamOutput;
  serial = 0;
  context: unknown = null;
  keptContext: unknown = null;
  requestIndex = 0;
  receivedMs = 0;
  startMs = 0;
  hasRequestBody = false;
  status = 0;
  /** A response is pending or in progress. */
  isResponding = false;
  refusedLine = "";
  refusedSinceMs = 0;
  readonly protocol: Protocol = "HTTP/2";
  readonly canStream = true;
  readonly takesInterim = true;
  readonly canTakeOver = true;
  /** Monotonic milliseconds at which the client last sent a part of its body. */
  bodySinceMs = 0;
  /** It counts among those whose bodies are passed on now. */
  hasBodySlot = false;
  /** The stream as a socket, after `takeOver`. */
  tunnel: StreamSocket | null = null;
  #expectsContinue = false;
  #isBodyDeclined = false;
  /** The client is to stop sending after the response. */
  #isLast = false;
  /** The handler waits for `onDrain`. */
  #wantsDrain = false;
  #discardedBytes = 0;

  constructor(owner: StreamOwner) {
    super();
    this.connection = owner;
    this.input = new RequestInput(this);
    this.output = new StreamOutput(this, owner.session, owner.host.http2!.space, owner.queued);
  }

  /** Begins an exchange for the head that has just been decoded. */
  begin(head: RequestHead, requestIndex: number): void {
    const { host } = this.connection;
    this.serial = host.nextSerial();
    this.requestIndex = requestIndex;
    this.startMs = this.receivedMs = this.bodySinceMs = host.reactor.nowMs;
    this.hasRequestBody = head.framing !== Framing.none;
    this.input.begin(this.hasRequestBody);
    this.hasBodySlot = false;
    this.beginResponse(head.method === Method.head);
    this.#expectsContinue = head.expectContinue;
  }

  beginResponse(isHead: boolean): void {
    this.output.begin(isHead);
    this.context = null;
    this.status = 0;
    this.tunnel = null;
    this.isResponding = true;
    this.#expectsContinue =
      this.#isBodyDeclined =
      this.#isLast =
      this.#wantsDrain =
        false;
    this.#discardedBytes = 0;
  }

  /** The handler has nothing more to do with the exchange. */
  end(): void {
    this.serial = 0;
    this.context = null;
    this.isResponding = false;
    // The rest of the request has a deadline of its own.
    this.bodySinceMs = this.connection.host.reactor.nowMs;
    this.input.discard();
    if (this.hasBodySlot) this.connection.onBodyOver(this);
  }

  /** Ends the exchange for the handler, before its response was complete. */
  fail(error: PeerError): void {
    if (this.tunnel !== null) return this.tunnel.fail(error);
    this.output.clear();
    if (this.serial === 0) return;
    const { host } = this.connection;
    host.handler.onAbort(this, error);
    this.end();
  }

  get head(): RequestHead {
    return this.connection.host.http2!.space.request.head;
  }

  get isHead(): boolean {
    return this.output.isHead;
  }

  get headBytesSent(): number {
    return this.output.headBytes;
  }

  get bodyBytesSent(): number {
    return this.output.bodyBytes;
  }

  get isRequestComplete(): boolean {
    return this.input.isComplete;
  }

  get isLast(): boolean {
    return this.#isLast;
  }

  /** DATA has arrived. */
  receive(bytes: Uint8Array, start: number, end: number): void {
    this.bodySinceMs = this.connection.host.reactor.nowMs;
    if (this.tunnel !== null) return this.tunnel.receive(bytes, start, end);
    if (this.serial !== 0 && this.hasRequestBody) return this.input.receive(bytes, start, end);
    this.connection.session.consumed(this, end - start);
    this.#discardedBytes += end - start;
    // Not before the whole response is sent: a reset would cut it off.
    const isTooMuch = this.#discardedBytes > discardBytesMax && this.localClosed;
    if (isTooMuch) this.connection.resetStream(this, ErrorCode.noError);
  }

  /** END_STREAM has arrived. */
  receiveEnd(trailers: readonly TrailerField[]): void {
    if (this.tunnel !== null) this.tunnel.receiveEnd();
    else if (this.serial !== 0) this.input.end(trailers);
  }

  onBodyPart(bytes: Uint8Array, start: number, end: number): void {
    this.#expectsContinue = false;
    const { id } = this;
    this.connection.host.handler.onBody(this, bytes, start, end);
    if (this.id === id) this.connection.session.consumed(this, end - start);
  }

  onBodyComplete(): void {
    this.#expectsContinue = false;
    if (this.hasBodySlot) this.connection.onBodyOver(this);
    this.connection.host.handler.onBodyEnd(this);
  }

  get trailersMayFollow(): boolean {
    return this.input.hasEnded ? this.input.trailers.length > 0 : !this.isEnding;
  }

  requestTrailers(): readonly TrailerField[] {
    return this.input.trailers;
  }

  declineBody(): void {
    this.#isBodyDeclined = true;
  }

  pauseBody(): void {
    this.input.isPaused = true;
  }

  resumeBody(): void {
    if (!this.input.isPaused || this.serial === 0) return;
    this.bodySinceMs = this.connection.host.reactor.nowMs;
    this.input.resume();
  }

  closeAfterwards(): void {
    this.#isLast = true;
  }

  abort(): void {
    if (this.serial === 0) return;
    const { onResponded } = this.connection.host;
    if (this.isResponding && onResponded !== null) onResponded(this, true);
    this.end();
    this.connection.resetStream(this, ErrorCode.internalError);
  }

  takeOver(): TakenSocket {
    const early = this.input.takeQueued();
    const hasEnded = this.remoteClosed;
    const tunnel = new StreamSocket(this, this.connection);
    this.end();
    this.tunnel = tunnel;
    return { socket: tunnel, early, hasEnded };
  }

  writeRaw(bytes: Uint8Array, start: number, end: number): number {
    return this.output.writeRaw(bytes, start, end);
  }

  endRaw(): void {
    this.output.endRaw();
  }

  consumed(count: number): void {
    this.connection.session.consumed(this, count);
  }

  reset(code: number): void {
    this.connection.resetStream(this, code);
  }

  respond(response: StaticResponse): void {
    if (!this.isResponding) return;
    const { host, session } = this.connection;
    const prepared = host.prepare(response, this.output.isHead);
    // Logs that show fields take them from a head.
    if (prepared === null || host.onHead !== null) return this.#respondInPieces(response);
    this.status = response.status;
    if (!session.writePrepared(this, prepared)) return this.#respondInPieces(response);
    this.output.notePrepared(prepared.dataAt, prepared.bodyBytes);
    this.#done();
  }

  /** Where a prepared response is too large, or the windows do not allow it now. */
  #respondInPieces(response: StaticResponse): void {
    const { fields, body, status } = response;
    const writer = this.beginHead(status);
    for (const [name, value] of fields) writer.field(name, value);
    this.endHead(Framing.length, body.length);
    this.writeBody(body, 0, body.length);
    this.endBody();
  }

  /** HTTP/2 has no reason phrase. */
  beginHead(status: number, _reason?: string, withCommonFields = true): HeadWriter {
    const { host } = this.connection;
    const writer = host.headWriter;
    writer.clear();
    writer.known.isWanted = true;
    if (withCommonFields) {
      const common = host.commonFields();
      writer.copy(common, 0, common.length);
    }
    this.status = status;
    return writer;
  }

  endHead(framing: ResponseFraming, contentLength = -1): void {
    if (!this.isResponding) return;
    const { host } = this.connection;
    const writer = host.headWriter;
    const { output } = this;
    const { status } = this;
    const ends = output.announce(writer, status, framing, contentLength) && status !== 101;
    if (host.onHead !== null) host.onHead(this, writer.bytes, 0, writer.length);
    if (!ends && host.http2!.options.ranksAssets) {
      this.#rank(writer.bytes, writer.length, contentLength);
    }
    output.sendHead(statusOnStream(status), writer, ends);
  }

  /** Lets what pages wait for overtake other responses of the connection. */
  #rank(lines: Uint8Array, end: number, contentLength: number): void {
    const { session } = this.connection;
    const isPrompt = contentLength >= 0 && contentLength <= promptBytesMax && !session.hasWaiting;
    if (this.isPrioritized || isPrompt) return;
    const urgency = assetUrgency(lines, 0, end);
    if (urgency >= 0) session.suggestUrgency(this, urgency);
  }

  writeBody(bytes: Uint8Array, start: number, end: number, trailersMayFollow = false): boolean {
    if (!this.isResponding) return true;
    const { nowMs } = this.connection.host.reactor;
    if (!this.output.writeBody(bytes, start, end, nowMs, trailersMayFollow)) {
      this.connection.onUnfit(this);
      return true;
    }
    if (this.output.queuedBytes === 0) return true;
    this.connection.onStreamBlocked();
    this.#wantsDrain = this.output.queuedBytes > waitingBytesMax;
    return !this.#wantsDrain;
  }

  /** DATA frames of many streams alternate, so a file would leave in pieces of a frame at most. */
  canSendFile(): boolean {
    return false;
  }

  sendFile(): number {
    throw new TypeError("Cannot send a file: see canSendFile");
  }

  endBody(): void {
    this.#endBody(null);
  }

  endBodyWithTrailers(lines: Uint8Array): void {
    this.#endBody(lines);
  }

  #endBody(trailers: Uint8Array | null): void {
    if (!this.isResponding) return;
    if (this.output.end(trailers, this.connection.host.reactor.nowMs)) this.#done();
    else this.connection.onUnfit(this);
  }

  writeInterim(status: number, fields: Uint8Array): boolean {
    if (!this.isResponding || this.status !== 0) return true;
    this.output.sendInterim(statusOnStream(status), fields);
    if (!this.connection.isBlocked) return true;
    this.#wantsDrain = true;
    return false;
  }

  /** After `onRequest`: sends 100 (Continue) if the client waits for it and its body is wanted. */
  continueIfWanted(): void {
    if (!this.#expectsContinue || this.#isBodyDeclined) return;
    if (!this.isResponding || this.status !== 0) return;
    this.#expectsContinue = false;
    this.output.sendInterim(100, noFields);
  }

  /** A short response to a request that is refused, which becomes no exchange. */
  sendStatusPage(status: number): void {
    this.beginResponse(false);
    this.#isLast = true;
    const body = text.encode(`${status} ${reasonPhrase(status)}\n`);
    const writer = this.beginHead(status);
    writer.ascii("content-type: text/plain; charset=utf-8\r\n");
    this.endHead(Framing.length, body.length);
    this.output.writeBody(body, 0, body.length, this.connection.host.reactor.nowMs);
    this.end();
    if (this.id === 0) this.connection.onResponseDone(this);
    else if (this.output.queuedBytes === 0) this.connection.onOutputEnd(this);
  }

  /** The windows and the client allow more output. */
  onWritable(): void {
    if (this.tunnel !== null) return this.tunnel.onWritable();
    const { host } = this.connection;
    if (!this.output.drain(host.reactor.nowMs)) return;
    if (!this.isResponding) return this.connection.onOutputEnd(this);
    if (!this.#wantsDrain) return;
    this.#wantsDrain = false;
    host.handler.onDrain(this);
  }

  #done(): void {
    const { host } = this.connection;
    this.isResponding = false;
    if (host.onResponded !== null) host.onResponded(this, false);
    this.end();
    this.connection.onResponseDone(this);
  }
}

/** A switch of protocols is an ordinary response to CONNECT (RFC 8441 5). */
function statusOnStream(status: number): number {
  return status === 101 ? 200 : status;
}
