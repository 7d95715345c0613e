/**
 * The output of the current response on a client's HTTP/1 connection; the counterpart of
 * `RequestOutput`.
 *
 * Only this class writes the fields that frame the body, and it counts every byte of the body against
 * them: the client would read a body of another length as the next response.
 */
import { ConstantBytes } from "../../http/constant_bytes.ts";
import type { HeadWriter } from "../../http/head_writer.ts";
import { latin1Bytes } from "../../http/latin1.ts";
import { Framing } from "../../http/message_head.ts";
import {
  chunkEnd,
  chunkSizeBytesMax,
  lastChunk,
  writeChunkSize,
} from "../../http1/chunk_writer.ts";
import type { ResponseFraming } from "../exchange/exchange.ts";
import type { Outlet } from "../io/outlet.ts";

const contentLengthStart = new ConstantBytes("Content-Length: ");
const chunkedField = latin1Bytes("Transfer-Encoding: chunked\r\n");
const chunkSizeLine = new Uint8Array(chunkSizeBytesMax);

/** One per connection, reused for each response. */
export class ResponseOutput {
  /** Bytes of the final head. */
  headBytes = 0;
  /** Bytes of body written so far, without framing. */
  bodyBytes = 0;
  /** No body bytes are sent, because the request was HEAD. */
  isHead = false;
  #framing: ResponseFraming = Framing.none;
  #remainingBytes = 0;
  readonly #outlet: Outlet;

  constructor(outlet: Outlet) {
    this.#outlet = outlet;
  }

  begin(isHead: boolean): void {
    this.isHead = isHead;
    this.headBytes = this.bodyBytes = 0;
  }

  /**
   * Writes the fields that frame the body. `minor`: the client's version; HTTP/1.0 has no chunks.
   * Returns the framing: with `eof` the connection must close after the body.
   */
  announce(
    head: HeadWriter,
    status: number,
    framing: ResponseFraming,
    contentLength: number,
    minor: 0 | 1,
  ): ResponseFraming {
    this.#framing = this.#writeFraming(head, status, framing, contentLength, minor);
    this.#remainingBytes = contentLength;
    return this.#framing;
  }

  #writeFraming(
    head: HeadWriter,
    status: number,
    framing: ResponseFraming,
    contentLength: number,
    minor: 0 | 1,
  ): ResponseFraming {
    if (status === 204 || status === 304 || status < 200) return Framing.none;
    if (framing === Framing.length || (this.isHead && contentLength >= 0)) {
      head.numberField(contentLengthStart, contentLength);
      return Framing.length;
    }
    if (framing === Framing.none) {
      if (!this.isHead) head.numberField(contentLengthStart, 0);
      return Framing.none;
    }
    if (minor === 0 || framing === Framing.eof) return Framing.eof;
    head.copy(chunkedField, 0, chunkedField.length);
    return this.isHead ? Framing.none : Framing.chunked;
  }

  /** Sends the head. */
  sendHead(head: HeadWriter): void {
    this.headBytes = head.length;
    this.#outlet.writeHead(head);
  }

  /** Sends a whole response; its body begins at `headBytes`. */
  sendWhole(bytes: Uint8Array, headBytes: number): void {
    this.headBytes = headBytes;
    this.bodyBytes = bytes.length - headBytes;
    this.#outlet.write(bytes, 0, bytes.length);
  }

  /** Sends a part of the body, if there is one. False: more than announced, and it is not sent. */
  writeBody(bytes: Uint8Array, start: number, end: number): boolean {
    const length = end - start;
    if (length <= 0 || this.isHead || this.#framing === Framing.none) return true;
    this.bodyBytes += length;
    if (this.#framing === Framing.chunked) {
      this.#writeChunk(bytes, start, end);
      return true;
    }
    if (this.#framing === Framing.length && (this.#remainingBytes -= length) < 0) return false;
    this.#outlet.write(bytes, start, end);
    return true;
  }

  /** Whether a file can be a part of the body. */
  get takesFile(): boolean {
    return this.#framing === Framing.length;
  }

  /** Counts bytes of body that the kernel has sent from a file. */
  noteFile(byteCount: number): void {
    this.#remainingBytes -= byteCount;
    this.bodyBytes += byteCount;
  }

  /** Bytes of body still to come of those announced. */
  get remainingBytes(): number {
    return this.#framing === Framing.length ? this.#remainingBytes : 0;
  }

  /** Ends the body. False: less than announced. */
  end(): boolean {
    if (this.remainingBytes > 0 && !this.isHead) return false;
    if (this.#framing === Framing.chunked) this.#outlet.write(lastChunk, 0, lastChunk.length);
    return true;
  }

  /** Ends the body with trailer fields, which only chunks can have. */
  endWithTrailers(lines: Uint8Array): boolean {
    if (this.#framing !== Framing.chunked) return this.end();
    const { scratch } = this.#outlet;
    scratch.enter();
    // The last chunk, without the CRLF that ends an empty trailer section.
    this.#outlet.write(lastChunk, 0, lastChunk.length - 2);
    this.#outlet.write(lines, 0, lines.length);
    this.#outlet.write(chunkEnd, 0, chunkEnd.length);
    scratch.leave();
    return true;
  }

  /**
   * The head shows where the body ends, so that a client notices a truncated body; otherwise only a
   * reset shows that the response is incomplete.
   */
  get showsItsEnd(): boolean {
    return this.#framing === Framing.chunked || this.remainingBytes > 0;
  }

  #writeChunk(bytes: Uint8Array, start: number, end: number): void {
    const lineBytes = writeChunkSize(chunkSizeLine, 0, end - start);
    const { scratch } = this.#outlet;
    scratch.enter();
    this.#outlet.write(chunkSizeLine, 0, lineBytes);
    this.#outlet.write(bytes, start, end);
    this.#outlet.write(chunkEnd, 0, chunkEnd.length);
    scratch.leave();
  }
}
