/**
 * The request under way on an upstream connection, on its way out.
 *
 * The lines that announce the body are written here and nowhere else, and every byte of the body is
 * counted against them. A body without an announcement, or of another length, would be read by the
 * peer as the next request (RFC 9112 section 11.2).
 */
import { chunkEnd, chunkSizeBytesMax, lastChunk, writeChunkSize } from "../http1/chunk_writer.ts";
import type { HeadWriter } from "../http1/head_writer.ts";
import { latin1Bytes } from "../http1/latin1.ts";
import { Framing } from "../http1/message_head.ts";
import type { Outlet } from "./outlet.ts";

/** How the body of a request is framed: unlike a response, it cannot end with the connection. */
export type RequestFraming =
  | typeof Framing.none
  | typeof Framing.length
  | typeof Framing.chunked;

const chunkedLine = latin1Bytes("transfer-encoding: chunked\r\n");
const chunkSizeLine = new Uint8Array(chunkSizeBytesMax);

/** Bytes that may wait for a slow peer before a writer has to stop. */
const waitingBytesMax = 65_536;

/** One for each connection, used for one request after the other. */
export class RequestOutput {
  /** Bytes of the request handed over so far, with head and chunk framing. */
  bytes = 0;
  /** Those of its head. */
  headBytes = 0;
  /** All of the request has been handed over; nothing more of it may follow. */
  isComplete = true;
  #framing: RequestFraming = Framing.none;
  #remainingBytes = 0;
  readonly #outlet: Outlet;

  constructor(outlet: Outlet) {
    this.#outlet = outlet;
  }

  /** The peer is slow: write no more until the connection has drained. */
  get isFull(): boolean {
    return this.#outlet.queuedBytes > waitingBytesMax;
  }

  /** Forgets the request before; `sendHead` follows. */
  begin(): void {
    this.bytes = this.headBytes = 0;
    this.isComplete = false;
  }

  /**
   * Sends `head`, which ends with its last field line, with the lines that frame the body, and
   * leaves it as it was. `contentLength` is the length of the body for `length`; for `none` 0 is
   * announced and -1 is not; for `chunked` it does not matter. Throws RangeError for a length that
   * does not fit the framing.
   */
  sendHead(head: HeadWriter, framing: RequestFraming, contentLength: number): void {
    const { length } = head;
    this.#announce(head, framing, contentLength);
    head.lineEnd();
    this.headBytes = this.bytes = head.length;
    this.#outlet.write(head.bytes, 0, head.length);
    head.length = length;
  }

  /** Sends a part of the body. False: so much was not announced, and none of it is sent. */
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

  /** Ends the body. False: more was announced. */
  end(): boolean {
    if (this.#remainingBytes > 0) return false;
    if (this.#framing === Framing.chunked && !this.isComplete) {
      this.bytes += lastChunk.length;
      this.#outlet.write(lastChunk, 0, lastChunk.length);
    }
    this.isComplete = true;
    return true;
  }

  #announce(head: HeadWriter, framing: RequestFraming, contentLength: number): void {
    const fits = framing === Framing.chunked ||
      (framing === Framing.length ? contentLength > 0 : contentLength <= 0);
    if (!fits) throw new RangeError(`Cannot frame a body of ${contentLength} bytes as ${framing}`);
    this.#framing = framing;
    this.isComplete = framing === Framing.none;
    this.#remainingBytes = framing === Framing.length ? contentLength : 0;
    if (framing === Framing.chunked) head.copy(chunkedLine, 0, chunkedLine.length);
    else if (contentLength >= 0) head.numberField("content-length", contentLength);
  }

  #writeChunk(bytes: Uint8Array, start: number, end: number): void {
    const lineBytes = writeChunkSize(chunkSizeLine, 0, end - start);
    this.bytes += lineBytes + end - start + chunkEnd.length;
    this.#outlet.write(chunkSizeLine, 0, lineBytes);
    this.#outlet.write(bytes, start, end);
    this.#outlet.write(chunkEnd, 0, chunkEnd.length);
  }
}
