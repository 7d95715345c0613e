/**
 * The input of a connection: splits what arrives into heads and bodies, and queues what cannot be
 * processed yet. Connections of clients and to upstreams use the same class.
 */
import type { Framing } from "../../http/message_head.ts";
import type { TrailerField } from "../../http/trailers.ts";
import { BodyDecoder } from "../../http1/body_decoder.ts";
import type { BodyLimits } from "../../http1/limits.ts";
import { Inbox } from "./inbox.ts";

/** What the next byte from the peer belongs to. */
export const Next = {
  /** A head. */
  head: 0,
  /** The body of the current message. */
  body: 1,
  /** Something that is processed later, and queued until then. */
  later: 2,
  /** A body that is not wanted; read to its end, so that the connection can be reused. */
  discard: 3,
  /** Nothing: it is dropped. */
  nothing: 4,
  /** No message is expected, so any byte is a violation. */
  excess: 5,
  /** The connection is closed or handed over. */
  closed: 6,
} as const;
export type Next = typeof Next[keyof typeof Next];

/** Result of `onHeadBytes`: the head must wait. Below every fault. */
export const headWaits = -0x40000000;

const nothing = new Uint8Array(0);

/** The connection that owns a reader. It sets `next` before it returns from a callback. */
export interface MessageOwner {
  /**
   * Parses a head at `start`. Returns the offset after it, 0 while it is partial, a fault (< 0), or
   * `headWaits`. `lastEnd` is the end of what has been parsed without success before.
   */
  onHeadBytes(bytes: Uint8Array, start: number, end: number, lastEnd: number): number;
  /** Data of the body, which is not empty; also while `next` is `discard`. */
  onBodyData(bytes: Uint8Array, start: number, end: number): void;
  /** The body is complete; also while `next` is `discard`. */
  onBodyComplete(): void;
  /** A byte has arrived while `next` is `excess`. Must close the reader. */
  onExcess(): void;
  /** `[start, end)` violates the protocol. Must close the reader or set `next` to `nothing`. */
  onFault(fault: number, bytes: Uint8Array, start: number, end: number): void;
}

export class MessageReader {
  readonly #owner: MessageOwner;
  next: Next;
  /** Stops heads and body data until `resume`. */
  isPaused = false;
  /** Input is being processed further up the stack, which continues with the rest. */
  isConsuming = false;
  /** Bytes of the current message, heads and framing included; reset by the owner. */
  receivedBytes = 0;
  /** What is queued; null, to save memory, when nothing is. */
  #inbox: Inbox | null = null;
  /** Bytes of the inbox already searched for the end of a head. */
  #scannedBytes = 0;
  #decoder: BodyDecoder | null = null;
  #rest: Uint8Array | null = null;

  constructor(owner: MessageOwner, next: Next) {
    this.#owner = owner;
    this.next = next;
  }

  /** Bytes that wait to be processed; those being processed do not count. */
  get queuedBytes(): number {
    return this.#inbox === null ? 0 : this.#inbox.length;
  }

  /** All of the body has been decoded. */
  get isBodyComplete(): boolean {
    return this.#decoder !== null && this.#decoder.done;
  }

  /**
   * How many of the next bytes from the socket are data of the current body for certain, to be passed
   * on at once; 0 where that is not known.
   */
  get bodyBytesAhead(): number {
    if (this.next !== Next.body || this.isPaused || this.#inbox !== null) return 0;
    return this.#decoder!.dataAhead;
  }

  /** The trailer fields of a complete body. */
  get trailers(): readonly TrailerField[] {
    return this.#decoder === null ? [] : this.#decoder.trailers;
  }

  /** Expects a body. One of no bytes is complete at once, without a callback. */
  beginBody(framing: Framing, contentLength: number, limits: BodyLimits): void {
    this.#decoder ??= new BodyDecoder();
    this.#decoder.reset(framing, contentLength, limits);
    this.next = Next.body;
  }

  /** The peer has closed: whether that completes the body. */
  finishAtEof(): boolean {
    return this.#decoder !== null && this.#decoder.finishAtEof();
  }

  receive(bytes: Uint8Array, start: number, end: number): void {
    if (this.#inbox !== null) {
      this.#inbox.append(bytes, start, end);
      return this.processQueue();
    }
    const at = this.#consume(bytes, start, end, start);
    if (at < end && !this.#hasClosed()) {
      this.#inbox = new Inbox();
      this.#inbox.append(bytes, at, end);
    }
  }

  /** Processes what is queued, as far as possible. */
  processQueue(): void {
    const inbox = this.#inbox;
    if (inbox === null) return;
    const lastEnd = inbox.start + this.#scannedBytes;
    this.#scannedBytes = 0;
    // In a callback nothing is queued, as when the bytes come from the socket.
    this.#inbox = null;
    const at = this.#consume(inbox.bytes, inbox.start, inbox.end, lastEnd);
    if (at === inbox.end || this.#hasClosed()) return;
    inbox.consumeTo(at);
    this.#inbox = inbox;
  }

  /** Drops what is queued. */
  clear(): void {
    this.#inbox = null;
    this.#scannedBytes = 0;
  }

  /** No callback follows. */
  close(): void {
    this.next = Next.closed;
    this.#rest = null;
    this.clear();
  }

  /**
   * Offers the bytes after a head to `takeRest` while a callback runs: another protocol may follow
   * the head, and they are not queued yet. `withdrawRest` follows the callback.
   */
  offerRest(bytes: Uint8Array, start: number, end: number): void {
    this.#rest = bytes.slice(start, end);
  }

  withdrawRest(): void {
    this.#rest = null;
  }

  /** A copy of what has arrived after the last head. `close` follows. */
  takeRest(): Uint8Array {
    if (this.#rest !== null) return this.#rest;
    const inbox = this.#inbox;
    return inbox === null ? nothing : inbox.bytes.slice(inbox.start, inbox.end);
  }

  /** Processes as much of `[start, end)` as possible; returns where it stopped. */
  #consume(bytes: Uint8Array, start: number, end: number, lastEnd: number): number {
    this.isConsuming = true;
    let at = start;
    while (at < end) {
      let to: number;
      if (this.next === Next.head) {
        if (this.isPaused) break;
        to = this.#owner.onHeadBytes(bytes, at, end, lastEnd > at ? lastEnd : at);
        if (to === headWaits) break;
        if (to === 0) {
          this.#scannedBytes = end - at;
          break;
        }
      } else if (this.next === Next.body || this.next === Next.discard) {
        if (this.isPaused) break;
        to = this.#takeBody(bytes, at, end);
      } else if (this.next === Next.nothing) {
        to = end;
      } else {
        if (this.next === Next.excess) this.#owner.onExcess();
        break;
      }
      if (to < 0) {
        this.isConsuming = false;
        this.#owner.onFault(to, bytes, at, end);
        return end;
      }
      at = to;
    }
    this.isConsuming = false;
    return at;
  }

  #takeBody(bytes: Uint8Array, at: number, end: number): number {
    const decoder = this.#decoder!;
    const to = decoder.step(bytes, at, end);
    if (to < 0) return to;
    this.receivedBytes += to - at;
    const { dataStart, dataEnd, done } = decoder;
    if (dataEnd > dataStart) this.#owner.onBodyData(bytes, dataStart, dataEnd);
    // The owner may have closed the connection, or given the body up.
    if (done && this.#isInBody()) this.#owner.onBodyComplete();
    return to;
  }

  #hasClosed(): boolean {
    return this.next === Next.closed;
  }

  /** A method, because the type checker assumes that no callback has changed `next`. */
  #isInBody(): boolean {
    return this.next === Next.body || this.next === Next.discard;
  }
}
