/** One request and its response on a client's HTTP/1 connection, reused for the next one. */
import { LF } from "../../http/char_class.ts";
import type { HeadWriter } from "../../http/head_writer.ts";
import { Framing } from "../../http/message_head.ts";
import { Method } from "../../http/method.ts";
import type { RequestHead } from "../../http/request_head.ts";
import { reasonPhrase } from "../../http/status.ts";
import type { TrailerField } from "../../http/trailers.ts";
import { writeStatusLine } from "../../http1/status_line.ts";
import type { Socket } from "../../net/reactor.ts";
import type {
  DownstreamConnection,
  Exchange,
  Protocol,
  RefusedRequest,
  ResponseFraming,
  TakenSocket,
} from "../exchange/exchange.ts";
import { type MessageReader, Next } from "../io/message_reader.ts";
import type { Outlet } from "../io/outlet.ts";
import { ResponseOutput } from "./response_output.ts";
import type { Http1Host } from "../exchange/server_host.ts";
import type { StaticResponse } from "../exchange/static_response.ts";
import { waitingBytesMax } from "../io/bounds.ts";

const text = new TextEncoder();
const closeField = text.encode("Connection: close\r\n");
const keepAliveField = text.encode("Connection: keep-alive\r\n");
const continueMessage = text.encode("HTTP/1.1 100 Continue\r\n\r\n");

/** What an exchange needs of its connection. */
export interface ExchangeOwner extends DownstreamConnection {
  readonly host: Http1Host;
  readonly socket: Socket;
  readonly outlet: Outlet;
  readonly reader: MessageReader;
  /** Output is queued for a slow client. */
  onOutputBlocked(): void;
  /** The response is complete. */
  onResponseDone(): void;
  /** The response does not fit its head: a programmer error. */
  onResponseUnfit(): void;
  /** The handler gives the response up. */
  onResponseAbandoned(): void;
  /** The handler wants the body again. */
  onBodyResumed(): void;
  /** Gives the socket away. */
  handOver(): TakenSocket;
}

export class ServerExchange implements Exchange, RefusedRequest {
  readonly connection: ExchangeOwner;
  readonly #host: Http1Host;
  readonly #outlet: Outlet;
  readonly #output: ResponseOutput;
  serial = 0;
  context: unknown = null;
  keptContext: unknown = null;
  requestIndex = 0;
  receivedMs = 0;
  startMs = 0;
  hasRequestBody = false;
  status = 0;
  /** The connection stays open after this response. */
  persist = true;
  /** The client waits for 100 (Continue), which has not been sent. */
  expectsContinue = false;
  /** A response is pending or in progress. */
  isResponding = false;
  refusedLine = "";
  refusedSinceMs = 0;
  #minor: 0 | 1 = 1;
  #isBodyDeclined = false;

  constructor(owner: ExchangeOwner) {
    this.connection = owner;
    this.#host = owner.host;
    this.#outlet = owner.outlet;
    this.#output = new ResponseOutput(owner.outlet);
  }

  /**
   * Begins an exchange for the head that has just been parsed. `wasPartial`: a part of it came
   * earlier, at `receivedMs`. `mayFollow`: another request has arrived, or still can.
   */
  begin(head: RequestHead, wasPartial: boolean, mayFollow: boolean): void {
    const host = this.#host;
    const { requestsMax } = host.options;
    this.serial = host.nextSerial();
    this.requestIndex++;
    this.startMs = host.reactor.nowMs;
    if (!wasPartial) this.receivedMs = this.startMs;
    this.context = null;
    this.hasRequestBody = head.framing !== Framing.none;
    this.#isBodyDeclined = false;
    const persist = head.keepAlive && !host.draining && mayFollow &&
      (requestsMax === 0 || this.requestIndex < requestsMax);
    this.#beginResponse(head.minor, head.method === Method.head, persist);
    this.expectsContinue = head.expectContinue;
  }

  #beginResponse(minor: 0 | 1, isHead: boolean, persist: boolean): void {
    this.#minor = minor;
    this.#output.begin(isHead);
    this.persist = persist;
    this.status = 0;
    this.expectsContinue = false;
    this.isResponding = true;
  }

  /** The exchange is over; its object waits for the next one. */
  end(): void {
    this.serial = 0;
    this.context = null;
  }

  /** Cut off before its response was complete: notifies the server's statistics. */
  endCut(): void {
    const { onResponded } = this.#host;
    if (this.isResponding && onResponded !== null) onResponded(this, true);
    this.isResponding = false;
    this.context = null;
  }

  get head(): RequestHead {
    return this.#host.parser.head;
  }

  get isHead(): boolean {
    return this.#output.isHead;
  }

  get protocol(): Protocol {
    return this.#minor === 0 ? "HTTP/1.0" : "HTTP/1.1";
  }

  get takesInterim(): boolean {
    return false;
  }

  get canStream(): boolean {
    return this.#minor === 1;
  }

  get canTakeOver(): boolean {
    return this.#minor === 1;
  }

  get headBytesSent(): number {
    return this.#output.headBytes;
  }

  get bodyBytesSent(): number {
    return this.#output.bodyBytes;
  }

  get isRequestComplete(): boolean {
    return this.connection.reader.next === Next.later;
  }

  canSendFile(length: number): boolean {
    const { socket } = this.connection;
    if (socket.sendFile === undefined) return false;
    return socket.canSendFile === undefined || socket.canSendFile(length);
  }

  /** A client would notice if the response ended now. */
  get showsItsEnd(): boolean {
    return this.status !== 0 && this.#output.showsItsEnd;
  }

  /** Where the length is known there are no trailers, and otherwise it does not matter. */
  readonly trailersMayFollow = false;

  requestTrailers(): readonly TrailerField[] {
    return this.hasRequestBody ? this.connection.reader.trailers : [];
  }

  declineBody(): void {
    this.#isBodyDeclined = true;
  }

  pauseBody(): void {
    // The socket is paused once the queue is full.
    this.connection.reader.isPaused = true;
  }

  resumeBody(): void {
    this.connection.onBodyResumed();
  }

  closeAfterwards(): void {
    this.persist = false;
  }

  abort(): void {
    if (this.serial !== 0) this.connection.onResponseAbandoned();
  }

  takeOver(): TakenSocket {
    return this.connection.handOver();
  }

  /**
   * A final response in place of 100 (Continue): the client may send its body or not, so the
   * connection cannot be reused, and the response says so (RFC 9110 10.1.1).
   */
  #settleExpectation(): void {
    if (this.expectsContinue) this.persist = false;
  }

  respond(response: StaticResponse): void {
    if (!this.isResponding) return;
    this.#settleExpectation();
    const host = this.#host;
    const { bytes, headBytes } = host.render(response, this.#minor, this.persist, this.isHead);
    this.status = response.status;
    if (host.onHead !== null) this.#reportHead(bytes, headBytes);
    this.#output.sendWhole(bytes, headBytes);
    this.#done();
  }

  beginHead(status: number, reason?: string, withCommonFields = true): HeadWriter {
    const host = this.#host;
    const writer = host.headWriter;
    writer.clear();
    if (reason === undefined || reason === reasonPhrase(status)) writeStatusLine(writer, status);
    else writer.ascii(`HTTP/1.1 ${status} ${reason}\r\n`);
    if (withCommonFields) {
      const common = host.commonFields();
      writer.copy(common, 0, common.length);
    }
    this.status = status;
    return writer;
  }

  endHead(framing: ResponseFraming, contentLength = -1): void {
    if (!this.isResponding) return;
    this.#settleExpectation();
    const host = this.#host;
    const writer = host.headWriter;
    const output = this.#output;
    const sent = output.announce(writer, this.status, framing, contentLength, this.#minor);
    if (sent === Framing.eof) this.persist = false;
    if (!this.persist) writer.copy(closeField, 0, closeField.length);
    else if (this.#minor === 0) writer.copy(keepAliveField, 0, keepAliveField.length);
    writer.lineEnd();
    if (host.onHead !== null) this.#reportHead(writer.bytes, writer.length);
    output.sendHead(writer);
  }

  #reportHead(bytes: Uint8Array, end: number): void {
    const statusLineEnd = bytes.indexOf(LF) + 1;
    this.#host.onHead!(this, bytes, statusLineEnd, end);
  }

  writeBody(bytes: Uint8Array, start: number, end: number): boolean {
    if (!this.isResponding) return true;
    if (!this.#output.writeBody(bytes, start, end)) {
      this.connection.onResponseUnfit();
      return true;
    }
    if (!this.#outlet.isBlocked) return true;
    this.connection.onOutputBlocked();
    return this.#outlet.queuedBytes <= waitingBytesMax;
  }

  sendFile(fd: number, offset: number, length: number): number {
    const output = this.#output;
    if (!this.isResponding || !output.takesFile) return length;
    if (length > output.remainingBytes) {
      throw new RangeError("Cannot send a file: longer than announced");
    }
    this.#outlet.flush(true);
    if (this.#outlet.isBlocked) return 0;
    const accepted = this.connection.socket.sendFile!(fd, offset, length);
    if (accepted < 0) return -1;
    output.noteFile(accepted);
    if (accepted < length) this.connection.onOutputBlocked();
    return accepted;
  }

  endBody(): void {
    if (!this.isResponding) return;
    if (this.#output.end()) this.#done();
    else this.connection.onResponseUnfit();
  }

  endBodyWithTrailers(lines: Uint8Array): void {
    if (!this.isResponding) return;
    if (this.#output.endWithTrailers(lines)) this.#done();
    else this.connection.onResponseUnfit();
  }

  writeInterim(status: number, fields: Uint8Array): boolean {
    if (!this.isResponding || this.#minor === 0 || this.status !== 0) return true;
    const writer = this.#host.headWriter;
    writer.clear();
    writeStatusLine(writer, status);
    writer.copy(fields, 0, fields.length);
    writer.lineEnd();
    this.#outlet.write(writer.bytes, 0, writer.length);
    if (!this.#outlet.isBlocked) return true;
    this.connection.onOutputBlocked();
    return false;
  }

  /** After `onRequest`: sends 100 (Continue) if the client waits for it and its body is wanted. */
  continueIfWanted(): void {
    if (!this.expectsContinue || this.#isBodyDeclined) return;
    if (!this.isResponding || this.status !== 0) return;
    this.expectsContinue = false;
    if (this.#minor === 1) this.#outlet.write(continueMessage, 0, continueMessage.length);
  }

  /** A short response for a request that never becomes an exchange. The connection closes after it. */
  sendStatusPage(status: number): void {
    this.#beginResponse(1, false, false);
    const body = text.encode(`${status} ${reasonPhrase(status)}\n`);
    const writer = this.beginHead(status);
    writer.ascii("Content-Type: text/plain; charset=utf-8\r\n");
    const { scratch } = this.#outlet;
    scratch.enter();
    this.endHead(Framing.length, body.length);
    this.writeBody(body, 0, body.length);
    scratch.leave();
    this.isResponding = false;
  }

  #done(): void {
    this.isResponding = false;
    const { onResponded } = this.#host;
    if (onResponded !== null) onResponded(this, false);
    this.connection.onResponseDone();
  }
}
