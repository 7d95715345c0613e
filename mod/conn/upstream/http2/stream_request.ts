/**
 * The request on one stream: its head as a field block, its body as DATA within the peer's windows.
 *
 * As in `RequestOutput`, every byte of the body is counted against the fields that frame it.
 */
import { LF } from "../../../http/char_class.ts";
import { ConstantBytes } from "../../../http/constant_bytes.ts";
import type { HeadWriter } from "../../../http/head_writer.ts";
import { LineMarks } from "../../../http/line_marks.ts";
import { Framing } from "../../../http/message_head.ts";
import type { HeadSpace, Session, Stream } from "../../../http2/mod.ts";
import { Inbox } from "../../io/inbox.ts";
import type { RequestFraming } from "../request_output.ts";
import type { SentRequest } from "../upstream_exchange.ts";
import { encodeHandshake, encodeRequest } from "./request_block.ts";
import { waitingBytesMax } from "../../io/bounds.ts";

const contentLengthStart = new ConstantBytes("content-length: ");
const noBytes = new Uint8Array(0);

/** One per stream object, reused for each request. */
export class StreamRequest implements SentRequest {
  bytes = 0;
  headBytes = 0;
  /** All of it was passed to the session. */
  isComplete = true;
  /** The writer waits until the queue is empty. */
  wantsDrain = false;
  #framing: RequestFraming = Framing.none;
  #remainingBytes = 0;
  #queue: Inbox | null = null;
  /** The writer has ended the body. */
  #hasEnded = false;
  #trailers: Uint8Array | null = null;
  readonly #stream: Stream;
  readonly #space: HeadSpace;

  constructor(stream: Stream, space: HeadSpace) {
    this.#stream = stream;
    this.#space = space;
  }

  /** Resets for a new request; `sendHead` follows. */
  begin(): void {
    this.bytes = this.headBytes = 0;
    this.isComplete = this.wantsDrain = this.#hasEnded = false;
    this.#queue = this.#trailers = null;
  }

  /** Drops what is queued. */
  clear(): void {
    this.#queue = this.#trailers = null;
    this.wantsDrain = false;
  }

  /** See `RequestOutput.sendHead`. */
  sendHead(
    session: Session,
    head: HeadWriter,
    framing: RequestFraming,
    contentLength: number,
    isHttps: boolean,
    acceptsTrailers: boolean,
  ): void {
    const fits = framing === Framing.chunked ||
      (framing === Framing.length ? contentLength >= 0 : contentLength <= 0);
    if (!fits) throw new RangeError(`Cannot frame a body of ${contentLength} bytes as ${framing}`);
    const { block } = this.#space;
    const { length } = head;
    this.#framing = framing;
    this.#remainingBytes = framing === Framing.length ? contentLength : 0;
    this.isComplete = this.#hasEnded = framing === Framing.none;
    if (framing !== Framing.chunked && contentLength >= 0) {
      head.numberField(contentLengthStart, contentLength);
    }
    block.clear();
    encodeRequest(session.encoder, head, isHttps, acceptsTrailers);
    head.length = length;
    this.headBytes = this.bytes = block.length;
    session.writeHead(this.#stream, block.bytes, 0, block.length, this.isComplete);
  }

  /** Sends a WebSocket handshake; what follows it is not framed. */
  sendHandshake(session: Session, head: HeadWriter, isHttps: boolean): void {
    const { block } = this.#space;
    this.#framing = Framing.none;
    this.#remainingBytes = 0;
    this.isComplete = this.#hasEnded = true;
    block.clear();
    encodeHandshake(session.encoder, head, isHttps);
    this.headBytes = this.bytes = block.length;
    session.writeHead(this.#stream, block.bytes, 0, block.length, false);
  }

  /**
   * Sends or queues a part of the body. False: more than announced, and none of it is sent.
   * `trailersMayFollow`: `end` says whether there are any.
   */
  writeBody(
    session: Session,
    bytes: Uint8Array,
    start: number,
    end: number,
    trailersMayFollow: boolean,
  ): boolean {
    const length = end - start;
    if (this.#hasEnded) return false;
    if (this.#framing === Framing.length) {
      if (length > this.#remainingBytes) return false;
      this.#remainingBytes -= length;
      // Saves a frame: the last DATA ends the stream.
      if (this.#remainingBytes === 0) this.#hasEnded = !trailersMayFollow;
    }
    this.bytes += length;
    let at = start;
    if (this.#queue === null) {
      at += session.writeData(this.#stream, bytes, start, end, this.#hasEnded);
      if (at === end) {
        this.isComplete = this.#hasEnded;
        return true;
      }
    }
    (this.#queue ??= new Inbox()).append(bytes, at, end);
    if (this.#queue.length > waitingBytesMax) this.wantsDrain = true;
    return true;
  }

  /** Ends the body, with trailer field lines or null. False: less than announced. */
  end(session: Session, trailers: Uint8Array | null): boolean {
    if (this.#remainingBytes > 0) return false;
    // The last DATA has ended the stream.
    if (this.#hasEnded) return true;
    this.#hasEnded = true;
    this.#trailers = trailers;
    if (this.#queue === null) this.#finish(session);
    return true;
  }

  /** The windows and the connection allow more. True: nothing is queued any more. */
  drain(session: Session): boolean {
    const queue = this.#queue;
    if (queue === null) return true;
    const ends = this.#hasEnded && this.#trailers === null;
    const { bytes, start, end } = queue;
    queue.consumeTo(start + session.writeData(this.#stream, bytes, start, end, ends));
    if (queue.length > 0) return false;
    this.#queue = null;
    if (ends) this.isComplete = true;
    else if (this.#hasEnded) this.#finish(session);
    return true;
  }

  #finish(session: Session): void {
    this.isComplete = true;
    const trailers = this.#trailers;
    const { block } = this.#space;
    this.#trailers = null;
    block.clear();
    if (trailers !== null) {
      session.encoder.begin();
      session.encoder.lines(trailers, 0, trailers.length, everyLine(trailers));
    }
    if (block.length === 0) session.writeData(this.#stream, noBytes, 0, 0, true);
    else session.writeHead(this.#stream, block.bytes, 0, block.length, true);
  }
}

/**
 * Trailers are kept as text, without what their sender says of each: none enters a compression table,
 * as RFC 7541 7.1.3 asks for those that came as never indexed.
 */
function everyLine(lines: Uint8Array): LineMarks {
  const marks = new LineMarks();
  for (let at = 0; at < lines.length; at = lines.indexOf(LF, at) + 1) marks.add(at);
  return marks;
}
