/**
 * The output of one stream: a response's head as HPACK, its body as DATA within the windows.
 *
 * What the windows or a slow client do not allow is queued. As in HTTP/1, every byte of the body is
 * counted against the fields that frame it.
 */
import { ConstantBytes } from "../../http/constant_bytes.ts";
import type { HeadWriter } from "../../http/head_writer.ts";
import { Framing } from "../../http/message_head.ts";
import type { HeadSpace, HpackEncoder, Session, Stream } from "../../http2/mod.ts";
import type { ResponseFraming } from "../exchange/exchange.ts";
import { Inbox } from "../io/inbox.ts";
import type { QueuedOutput } from "../exchange/http2_queued_output.ts";

const contentLengthStart = new ConstantBytes("content-length: ");
const noBytes = new Uint8Array(0);

/** One per exchange, reused for each response. */
export class StreamOutput {
  headBytes = 0;
  bodyBytes = 0;
  isHead = false;
  /** Monotonic milliseconds since which queued output makes no progress; 0: nothing is queued. */
  waitingSinceMs = 0;
  #framing: ResponseFraming = Framing.none;
  #remainingBytes = 0;
  #queue: Inbox | null = null;
  /** END_STREAM follows what is queued, after the trailers if there are some. */
  #ends = false;
  #trailers: Uint8Array | null = null;
  readonly #stream: Stream;
  readonly #session: Session;
  readonly #space: HeadSpace;
  readonly #queued: QueuedOutput;

  constructor(stream: Stream, session: Session, space: HeadSpace, queued: QueuedOutput) {
    this.#queued = queued;
    this.#stream = stream;
    this.#session = session;
    this.#space = space;
  }

  begin(isHead: boolean): void {
    this.isHead = isHead;
    this.headBytes = this.bodyBytes = 0;
    this.clear();
    this.#framing = Framing.none;
    this.#remainingBytes = 0;
  }

  /** Drops what is queued. */
  clear(): void {
    if (this.#queue !== null) this.#queued.add(-this.#queue.length);
    this.#queue = this.#trailers = null;
    this.#ends = false;
    this.waitingSinceMs = 0;
  }

  /** Bytes queued for the client. */
  get queuedBytes(): number {
    return this.#queue === null ? 0 : this.#queue.length;
  }

  /** Bytes of body still to come of those announced. */
  get remainingBytes(): number {
    return this.#framing === Framing.length ? this.#remainingBytes : 0;
  }

  /** Writes content-length where there is one. Returns whether the head ends the stream. */
  announce(
    head: HeadWriter,
    status: number,
    framing: ResponseFraming,
    contentLength: number,
  ): boolean {
    this.#framing = framing;
    this.#remainingBytes = contentLength;
    if (status === 204 || status === 304 || status < 200) {
      this.#framing = Framing.none;
    } else if (framing === Framing.length || (this.isHead && contentLength >= 0)) {
      head.numberField(contentLengthStart, contentLength);
      if (contentLength === 0) this.#framing = Framing.none;
    } else if (framing === Framing.none) {
      if (!this.isHead) head.numberField(contentLengthStart, 0);
    }
    if (this.isHead) this.#framing = Framing.none;
    return this.#framing === Framing.none;
  }

  /** Sends the status and the field lines of `head`. */
  sendHead(
    status: number,
    { bytes, length, neverIndexed, known }: HeadWriter,
    ends: boolean,
  ): void {
    const encoder = this.#beginBlock(status);
    encoder.lines(bytes, 0, length, neverIndexed, known);
    this.#sendBlock(ends);
  }

  /** Sends an interim response (1xx) with these field lines. */
  sendInterim(status: number, lines: Uint8Array): void {
    const encoder = this.#beginBlock(status);
    encoder.lines(lines, 0, lines.length, null);
    this.#sendBlock(false);
  }

  #beginBlock(status: number): HpackEncoder {
    const { encoder } = this.#session;
    this.#space.block.clear();
    encoder.begin();
    encoder.status(status);
    return encoder;
  }

  #sendBlock(ends: boolean): void {
    const { block } = this.#space;
    this.headBytes = block.length;
    this.#session.writeHead(this.#stream, block.bytes, 0, block.length, ends);
  }

  /** A whole prepared response was sent. */
  notePrepared(headBytes: number, bodyBytes: number): void {
    this.headBytes = headBytes;
    this.bodyBytes = bodyBytes;
  }

  /**
   * Sends or queues a part of the body. False: more than announced, and it is not sent.
   * `trailersMayFollow`: `end` says whether there are any.
   */
  writeBody(
    bytes: Uint8Array,
    start: number,
    end: number,
    nowMs: number,
    trailersMayFollow = false,
  ): boolean {
    const length = end - start;
    if (length <= 0 || this.isHead || this.#framing === Framing.none) return true;
    if (this.#framing === Framing.length) {
      this.#remainingBytes -= length;
      if (this.#remainingBytes < 0) return false;
      // Saves a frame: the last DATA ends the stream.
      if (this.#remainingBytes === 0) this.#ends = !trailersMayFollow;
    }
    this.bodyBytes += length;
    this.#write(bytes, start, end, nowMs);
    return true;
  }

  /** Bytes of another protocol, without framing. Returns how many were taken. */
  writeRaw(bytes: Uint8Array, start: number, end: number): number {
    return this.#session.writeData(this.#stream, bytes, start, end, false);
  }

  /** Ends the stream after raw bytes. */
  endRaw(): void {
    this.#session.writeData(this.#stream, noBytes, 0, 0, true);
  }

  /** Ends the body, with trailer field lines or null. False: less than announced. */
  end(trailers: Uint8Array | null, nowMs: number): boolean {
    if (this.remainingBytes > 0) return false;
    // The head or the last DATA has ended it.
    if (this.#framing === Framing.none || this.#ends) return true;
    this.#ends = true;
    this.#trailers = trailers;
    if (this.queuedBytes === 0) this.#finish();
    else if (this.waitingSinceMs === 0) this.waitingSinceMs = nowMs;
    return true;
  }

  /** The windows and the client allow more. True: nothing is queued any more. */
  drain(nowMs: number): boolean {
    const queue = this.#queue;
    if (queue === null) return true;
    const ends = this.#ends && this.#trailers === null;
    const { bytes, start, end } = queue;
    const taken = this.#session.writeData(this.#stream, bytes, start, end, ends);
    // Sending can end the stream, and whatever it had.
    if (this.#queue !== queue) return true;
    queue.consumeTo(start + taken);
    this.#queued.add(-taken);
    if (taken > 0) this.waitingSinceMs = nowMs;
    if (queue.length > 0) return false;
    this.#queue = null;
    this.waitingSinceMs = 0;
    if (this.#trailers !== null) this.#finish();
    return true;
  }

  #write(bytes: Uint8Array, start: number, end: number, nowMs: number): void {
    let at = start;
    if (this.queuedBytes === 0) {
      at += this.#session.writeData(this.#stream, bytes, start, end, this.#ends);
      if (at === end) return;
    }
    if (this.waitingSinceMs === 0) this.waitingSinceMs = nowMs;
    this.#queued.add(end - at);
    (this.#queue ??= new Inbox()).append(bytes, at, end);
  }

  #finish(): void {
    const trailers = this.#trailers;
    this.#trailers = null;
    if (trailers === null) return this.endRaw();
    const { block } = this.#space;
    const { encoder } = this.#session;
    block.clear();
    encoder.begin();
    encoder.lines(trailers, 0, trailers.length, null);
    if (block.length === 0) return this.endRaw();
    this.#session.writeHead(this.#stream, block.bytes, 0, block.length, true);
  }
}
