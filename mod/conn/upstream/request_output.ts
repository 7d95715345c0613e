/**
 * The output of the current request on an upstream connection.
 *
 * Only this class writes the fields that frame the body, and it counts every byte of the body against
 * them. The peer would read an unframed body, or one of another length, as the next request (RFC
 * 9112 section 11.2).
 */
import {
  chunkEnd,
  chunkSizeBytesMax,
  lastChunk,
  writeChunkSize,
} from "../../http1/chunk_writer.ts";
import { ConstantBytes } from "../../http/constant_bytes.ts";
import type { HeadWriter } from "../../http/head_writer.ts";
import { latin1Bytes } from "../../http/latin1.ts";
import { Framing } from "../../http/message_head.ts";
import type { Outlet } from "../io/outlet.ts";
import { waitingBytesMax } from "../io/bounds.ts";

/** Framing of a request body; unlike a response, it cannot end with the connection. */
export type RequestFraming =
  | typeof Framing.none
  | typeof Framing.length
  | typeof Framing.chunked;

const contentLengthStart = new ConstantBytes("content-length: ");
const chunkedLine = latin1Bytes("transfer-encoding: chunked\r\n");
const chunkSizeLine = new Uint8Array(chunkSizeBytesMax);

/** One per connection, reused for each request. */
export class RequestOutput {
  /** Bytes of the request written so far, with head and chunk framing. */
  bytes = 0;
  /** Bytes of its head. */
  headBytes = 0;
  /** All of the request has been written; no more of it may follow. */
  isComplete = true;
  #framing: RequestFraming = Framing.none;
  #remainingBytes = 0;
  readonly #outlet: Outlet;

  constructor(outlet: Outlet) {
    this.#outlet = outlet;
  }

  /** The peer is slow: write no more until `onRequestDrain`. */
  get isFull(): boolean {
    return this.#outlet.queuedBytes > waitingBytesMax;
  }

  /** Resets for a new request; `sendHead` follows. */
  begin(): void {
    this.bytes = this.headBytes = 0;
    this.isComplete = false;
  }

  /**
   * Sends `head`, which ends with its last field line, followed by the fields that frame the body;
   * `head` is left unchanged. `contentLength`: with `length`, the length of the body; with `none`, 0
   * is sent and -1 is not; with `chunked`, ignored. Throws RangeError for a length that does not fit
   * the framing.
   */
  sendHead(head: HeadWriter, framing: RequestFraming, contentLength: number): void {
    const { length } = head;
    this.#announce(head, framing, contentLength);
    head.lineEnd();
    this.headBytes = this.bytes = head.length;
    this.#outlet.writeHead(head);
    head.length = length;
  }

  /** Sends a part of the body. False: more than announced, and none of it is sent. */
  writeBody(bytes: Uint8Array, start: number, end: number): boolean {
    const byteCount = end - start;
    if (this.isComplete) return false;
    if (this.#framing === Framing.chunked) {
      this.#writeChunk(bytes, start, end);
      return true;
    }
    if (byteCount > this.#remainingBytes) return false;
    this.#remainingBytes -= byteCount;
    this.bytes += byteCount;
    this.#outlet.write(bytes, start, end);
    return true;
  }

  /**
   * Ends the body, with trailer field lines or null. Only chunks can have trailers: after a body of
   * known length they are left out, as RFC 9110 6.5.1 allows. False: less than announced.
   */
  end(trailers: Uint8Array | null): boolean {
    if (this.#remainingBytes > 0) return false;
    if (this.#framing === Framing.chunked && !this.isComplete) {
      this.#writeLastChunk(trailers);
    }
    this.isComplete = true;
    return true;
  }

  #writeLastChunk(trailers: Uint8Array | null): void {
    this.bytes += lastChunk.length;
    if (trailers === null) return this.#outlet.write(lastChunk, 0, lastChunk.length);
    this.bytes += trailers.length;
    // Without the CRLF that ends an empty trailer section.
    this.#outlet.write(lastChunk, 0, lastChunk.length - chunkEnd.length);
    this.#outlet.write(trailers, 0, trailers.length);
    this.#outlet.write(chunkEnd, 0, chunkEnd.length);
  }

  #announce(head: HeadWriter, framing: RequestFraming, contentLength: number): void {
    const fits = framing === Framing.chunked ||
      (framing === Framing.length ? contentLength >= 0 : contentLength <= 0);
    if (!fits) throw new RangeError(`Cannot frame a body of ${contentLength} bytes as ${framing}`);
    this.#framing = framing;
    this.isComplete = framing === Framing.none ||
      (framing === Framing.length && contentLength === 0);
    this.#remainingBytes = framing === Framing.length ? contentLength : 0;
    if (framing === Framing.chunked) head.copy(chunkedLine, 0, chunkedLine.length);
    else if (contentLength >= 0) head.numberField(contentLengthStart, contentLength);
  }

  #writeChunk(bytes: Uint8Array, start: number, end: number): void {
    const lineBytes = writeChunkSize(chunkSizeLine, 0, end - start);
    this.bytes += lineBytes + end - start + chunkEnd.length;
    this.#outlet.write(chunkSizeLine, 0, lineBytes);
    this.#outlet.write(bytes, start, end);
    this.#outlet.write(chunkEnd, 0, chunkEnd.length);
  }
}
