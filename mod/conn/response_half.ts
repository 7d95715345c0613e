/** The response side of a server connection: heads, framed bodies, and output not yet sent. */
import type { Address } from "../base/address.ts";
import { Deadline } from "../base/timer_wheel.ts";
import { chunkEnd, chunkSizeBytesMax, lastChunk, writeChunkSize } from "../http1/chunk_writer.ts";
import type { HeadWriter } from "../http/head_writer.ts";
import { Framing } from "../http/message_head.ts";
import { reasonPhrase } from "../http/status.ts";
import { writeStatusLine } from "../http1/status_line.ts";
import type { Socket, TlsFacts } from "../net/reactor.ts";
import type { ResponseFraming } from "./exchange.ts";
import { Outlet } from "./outlet.ts";
import type { ServerHost } from "./server_host.ts";
import type { StaticResponse } from "./static_response.ts";

const text = new TextEncoder();
const closeField = text.encode("Connection: close\r\n");
const keepAliveField = text.encode("Connection: keep-alive\r\n");
const chunkedField = text.encode("Transfer-Encoding: chunked\r\n");
const continueMessage = text.encode("HTTP/1.1 100 Continue\r\n\r\n");
const chunkSizeLine = new Uint8Array(chunkSizeBytesMax);
/** Output queued for a slow client before `writeBody` returns false. */
const waitingBytesMax = 65_536;

export abstract class ResponseHalf extends Deadline {
  readonly host: ServerHost;
  readonly socket: Socket;
  readonly outlet: Outlet;
  minor: 0 | 1 = 1;
  isHead = false;
  status = 0;
  bodyBytesSent = 0;
  headBytesSent = 0;
  abstract serial: number;
  /** The connection stays open after this response. */
  persist = true;
  /** The client waits for 100 (Continue), which has not been sent. */
  expectsContinue = false;
  /** The connection closes when the queued output has been sent. */
  closeWhenDrained = false;
  /** The last request was refused, so more of it may still arrive. */
  lingers = false;
  /** Deadline for progress of the queued output; 0 when none is queued. */
  writeDeadlineMs = 0;
  /** A response is pending or in progress. */
  isResponding = false;
  #framing: ResponseFraming = Framing.none;
  #remaining = 0;

  constructor(host: ServerHost, socket: Socket) {
    super();
    this.host = host;
    this.socket = socket;
    this.outlet = new Outlet(host.scratch);
    this.outlet.socket = socket;
  }

  /** The response is complete; the connection decides what follows. */
  protected abstract onResponseDone(): void;
  /** The response cannot be completed: cuts the connection. */
  protected abstract cutResponse(): void;

  peerAddress(): Address {
    return this.socket.peerAddress();
  }

  localAddress(): Address {
    return this.socket.localAddress();
  }

  tlsFacts(): TlsFacts | null {
    return this.socket.tlsFacts?.() ?? null;
  }

  get isSecure(): boolean {
    return this.socket.tlsFacts !== undefined;
  }

  closeAfterwards(): void {
    this.persist = false;
  }

  protected beginResponse(minor: 0 | 1, isHead: boolean, persist: boolean): void {
    this.minor = minor;
    this.isHead = isHead;
    this.persist = persist;
    this.status = 0;
    this.bodyBytesSent = 0;
    this.headBytesSent = 0;
    this.expectsContinue = false;
    this.isResponding = true;
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
    const { bytes, headBytes } = this.host.render(response, this.minor, this.persist, this.isHead);
    this.status = response.status;
    this.headBytesSent = headBytes;
    this.bodyBytesSent = bytes.length - headBytes;
    if (this.host.onHead !== null) this.reportHead(bytes, headBytes);
    this.outlet.write(bytes, 0, bytes.length);
    this.#done();
  }

  beginHead(status: number, reason?: string, withCommonFields = true): HeadWriter {
    const writer = this.host.headWriter;
    writer.clear();
    if (reason === undefined || reason === reasonPhrase(status)) writeStatusLine(writer, status);
    else writer.ascii(`HTTP/1.1 ${status} ${reason}\r\n`);
    if (withCommonFields) {
      const common = this.host.commonFields();
      writer.copy(common, 0, common.length);
    }
    this.status = status;
    return writer;
  }

  endHead(framing: ResponseFraming, contentLength = -1): void {
    if (!this.isResponding) return;
    this.#settleExpectation();
    const writer = this.host.headWriter;
    this.#framing = this.#writeFraming(writer, framing, contentLength);
    this.#remaining = contentLength;
    if (!this.persist) writer.copy(closeField, 0, closeField.length);
    else if (this.minor === 0) writer.copy(keepAliveField, 0, keepAliveField.length);
    writer.lineEnd();
    this.headBytesSent = writer.length;
    if (this.host.onHead !== null) this.reportHead(writer.bytes, writer.length);
    this.outlet.write(writer.bytes, 0, writer.length);
  }

  writeBody(bytes: Uint8Array, start: number, end: number): boolean {
    const length = end - start;
    if (!this.isResponding || length <= 0 || this.isHead || this.#framing === Framing.none) {
      return true;
    }
    this.bodyBytesSent += length;
    if (this.#framing === Framing.chunked) {
      const at = writeChunkSize(chunkSizeLine, 0, length);
      const scratch = this.host.scratch;
      scratch.enter();
      this.outlet.write(chunkSizeLine, 0, at);
      this.outlet.write(bytes, start, end);
      this.outlet.write(chunkEnd, 0, chunkEnd.length);
      scratch.leave();
    } else {
      if (this.#framing === Framing.length && (this.#remaining -= length) < 0) {
        this.cutResponse();
        return true;
      }
      this.outlet.write(bytes, start, end);
    }
    if (!this.outlet.isBlocked) return true;
    if (this.writeDeadlineMs === 0) this.armWriteDeadline();
    return this.outlet.queuedBytes <= waitingBytesMax;
  }

  get canSendFile(): boolean {
    return this.socket.sendFile !== undefined;
  }

  sendFile(fd: number, offset: number, length: number): number {
    if (!this.isResponding || this.#framing !== Framing.length) return length;
    if (length > this.#remaining) throw new RangeError("Cannot send a file: longer than announced");
    this.outlet.flush(true);
    if (this.outlet.isBlocked) return 0;
    const accepted = this.socket.sendFile!(fd, offset, length);
    if (accepted < 0) return -1;
    this.#remaining -= accepted;
    this.bodyBytesSent += accepted;
    if (accepted < length && this.writeDeadlineMs === 0) this.armWriteDeadline();
    return accepted;
  }

  /** Called when output is first queued, and whenever some of it has been sent. */
  protected armWriteDeadline(): void {
    const { reactor, options } = this.host;
    this.writeDeadlineMs = reactor.nowMs + (options.writeTimeoutMs || Infinity);
    reactor.wheel.arm(this, this.writeDeadlineMs);
  }

  endBody(): void {
    if (!this.isResponding) return;
    if (this.#framing === Framing.length && this.#remaining > 0 && !this.isHead) {
      return this.cutResponse();
    }
    if (this.#framing === Framing.chunked) this.outlet.write(lastChunk, 0, lastChunk.length);
    this.#done();
  }

  endBodyWithTrailers(lines: Uint8Array): void {
    if (this.#framing !== Framing.chunked || !this.isResponding) return this.endBody();
    const scratch = this.host.scratch;
    scratch.enter();
    // The last chunk, without the CRLF that ends an empty trailer section.
    this.outlet.write(lastChunk, 0, lastChunk.length - 2);
    this.outlet.write(lines, 0, lines.length);
    this.outlet.write(chunkEnd, 0, chunkEnd.length);
    scratch.leave();
    this.#done();
  }

  writeInterim(status: number, fields: Uint8Array): boolean {
    if (!this.isResponding || this.minor === 0 || this.status !== 0) return true;
    const writer = this.host.headWriter;
    writer.clear();
    writeStatusLine(writer, status);
    writer.copy(fields, 0, fields.length);
    writer.lineEnd();
    this.outlet.write(writer.bytes, 0, writer.length);
    if (!this.outlet.isBlocked) return true;
    if (this.writeDeadlineMs === 0) this.armWriteDeadline();
    return false;
  }

  protected sendContinue(): void {
    this.expectsContinue = false;
    if (this.minor === 1) this.outlet.write(continueMessage, 0, continueMessage.length);
  }

  /** A short response for requests that never become an exchange. */
  protected sendStatusPage(status: number): void {
    this.lingers = true;
    const body = text.encode(`${status} ${reasonPhrase(status)}\n`);
    const writer = this.beginHead(status);
    writer.ascii("Content-Type: text/plain; charset=utf-8\r\n");
    const scratch = this.host.scratch;
    scratch.enter();
    this.endHead(Framing.length, body.length);
    this.writeBody(body, 0, body.length);
    scratch.leave();
    this.isResponding = false;
  }

  #done(): void {
    this.isResponding = false;
    this.reportResponded();
    this.onResponseDone();
  }

  /**
   * The head written shows where the body ends, so that a client notices a truncated body; otherwise
   * only a reset shows that the response is incomplete.
   */
  protected get showsItsEnd(): boolean {
    if (this.status === 0) return false;
    return this.#framing === Framing.chunked ||
      (this.#framing === Framing.length && this.#remaining > 0);
  }

  /** Notifies the server's statistics; `isResponding` is still true for a cut response. */
  protected abstract reportResponded(): void;

  /** Passes a response head to `HttpServer.onHead`. */
  protected abstract reportHead(bytes: Uint8Array, headBytes: number): void;

  #writeFraming(
    writer: HeadWriter,
    framing: ResponseFraming,
    contentLength: number,
  ): ResponseFraming {
    if (this.status === 204 || this.status === 304 || this.status < 200) return Framing.none;
    if (framing === Framing.length || (this.isHead && contentLength >= 0)) {
      writer.numberField("Content-Length", contentLength);
      return Framing.length;
    }
    if (framing === Framing.none) {
      if (!this.isHead) writer.numberField("Content-Length", 0);
      return Framing.none;
    }
    if (this.minor === 0 || framing === Framing.eof) {
      this.persist = false;
      return Framing.eof;
    }
    writer.copy(chunkedField, 0, chunkedField.length);
    return this.isHead ? Framing.none : Framing.chunked;
  }
}
