/**
 * The request side of a server connection: parses heads and bodies, and tracks the input state.
 *
 * An exchange is over when this half and the response half are both complete. `ServerConnection`
 * decides what happens to the connection then, and after a protocol violation.
 */
import { BodyDecoder } from "../http1/body_decoder.ts";
import { latin1 } from "../http/latin1.ts";
import { Framing } from "../http/message_head.ts";
import { Method } from "../http/method.ts";
import { type RequestHead } from "../http/request_head.ts";
import type { TrailerField } from "../http/trailers.ts";
import type { Exchange, TakenSocket } from "./exchange.ts";
import { Inbox } from "./inbox.ts";
import { ResponseHalf } from "./response_half.ts";

/** The meaning of the next byte from the client. */
export const Input = {
  /** A request line. */
  head: 0,
  /** The body of the current request. */
  body: 1,
  /** The next request, which is queued until the current response is complete. */
  complete: 2,
  /** A body whose response is complete: it is discarded, so that the connection can be reused. */
  discard: 3,
  /** None: the sending side is closed; waiting for the client's FIN avoids a reset of the response. */
  linger: 4,
} as const;
export type Input = typeof Input[keyof typeof Input];

/** Bytes of unwanted request body read to keep the connection; with more it is closed. */
const discardBytesMax = 262_144;
/**
 * Received bytes queued during an exchange. Up to this limit the socket is still read, so that a FIN
 * after them shows that the client has disconnected.
 */
const inboxBytesMax = 65_536;

export abstract class RequestHalf extends ResponseHalf implements Exchange {
  override serial = 0;
  context: unknown = null;
  connectionContext: unknown = null;
  requestIndex = 0;
  receivedMs = 0;
  startMs = 0;
  hasRequestBody = false;
  abstract readonly openedMs: number;
  /** The request line of a refused head, as far as received; for logs. */
  refusedLine = "";
  protected input: Input = Input.head;
  protected inbox = new Inbox();
  /** Input is being processed further up the stack, which continues with the rest. */
  protected consuming = false;
  protected clientEnded = false;
  protected tookOver = false;
  /** Bytes of the inbox already searched for the end of a head. */
  #scannedBytes = 0;
  #decoder: BodyDecoder | null = null;
  #bodyPaused = false;
  #bodyDeclined = false;
  #discardedBytes = 0;
  #headDeadlineMs = 0;

  /** Time at which the refused head began to arrive. */
  get refusedSinceMs(): number {
    return this.#headDeadlineMs === 0 ? this.host.reactor.nowMs : this.receivedMs;
  }

  /** Input violates the protocol; `fault` is the parser's code. */
  protected abstract refuse(fault: number): void;
  /** Closes the connection after all of the output is sent. */
  protected abstract closeAfterOutput(): void;
  /** The client disconnected before the response was complete. */
  protected abstract abortByClient(): void;
  abstract abort(): void;
  abstract takeOver(): TakenSocket;

  get head(): RequestHead {
    return this.host.parser.head;
  }

  get isRequestComplete(): boolean {
    return this.input === Input.complete;
  }

  requestTrailers(): readonly TrailerField[] {
    return this.hasRequestBody && this.#decoder !== null ? this.#decoder.trailers : [];
  }

  /** No request is in progress or has begun to arrive. */
  get isIdle(): boolean {
    return this.input === Input.head && this.inbox.length === 0;
  }

  declineBody(): void {
    this.#bodyDeclined = true;
  }

  pauseBody(): void {
    // The socket is paused once the inbox is full.
    this.#bodyPaused = true;
  }

  resumeBody(): void {
    if (!this.#bodyPaused) return;
    this.#bodyPaused = false;
    if (!this.consuming) this.goOn();
  }

  protected receive(bytes: Uint8Array, start: number, end: number): void {
    if (this.inbox.length === 0) {
      const at = this.#consume(bytes, start, end, start);
      if (at < end && this.socket.isOpen) this.inbox.append(bytes, at, end);
    } else {
      this.inbox.append(bytes, start, end);
      this.#consumeInbox();
    }
    this.#settle();
  }

  /** Processes the inbox after a pause. */
  protected goOn(): void {
    if (!this.socket.isOpen) return;
    if (this.inbox.length > 0) this.#consumeInbox();
    this.#settle();
  }

  /** The response is complete before the request: reads and drops the rest of the body. */
  protected discardBody(): void {
    this.input = Input.discard;
    this.serial = 0;
    this.context = null;
    this.#discardedBytes = 0;
    this.#bodyPaused = false;
  }

  /** Request and response are complete. */
  protected endExchange(): void {
    this.serial = 0;
    this.context = null;
    if (this.persist && !this.host.draining) this.input = Input.head;
    else this.closeAfterOutput();
  }

  /** Processes as much of `[start, end)` as possible; returns where it stopped. */
  #consume(bytes: Uint8Array, start: number, end: number, lastEnd: number): number {
    this.consuming = true;
    let at = start;
    while (at < end && this.socket.isOpen && !this.tookOver) {
      if (this.input === Input.head) {
        if (this.outlet.isBlocked || this.closeWhenDrained) break;
        const next = this.host.parser.parse(bytes, at, end, lastEnd > at ? lastEnd : at);
        if (next === 0) {
          this.#scannedBytes = end - at;
          break;
        }
        if (next < 0) {
          this.refusedLine = firstLine(bytes, at, end);
          return this.#refuseAll(next, end);
        }
        at = next;
        this.#beginExchange(at < end);
      } else if (this.input === Input.body || this.input === Input.discard) {
        if (this.#bodyPaused) break;
        const next = this.#takeBody(bytes, at, end);
        if (next < 0) return this.#refuseAll(next, end);
        at = next;
      } else if (this.input === Input.linger) {
        at = end;
      } else {
        break;
      }
    }
    this.consuming = false;
    return at;
  }

  #refuseAll(fault: number, end: number): number {
    this.consuming = false;
    this.refuse(fault);
    return end;
  }

  /** `hasMore`: there are bytes after the head. */
  #beginExchange(hasMore: boolean): void {
    const host = this.host;
    const { head } = host.parser;
    this.serial = host.nextSerial();
    this.requestIndex++;
    this.startMs = host.reactor.nowMs;
    if (this.#headDeadlineMs === 0) this.receivedMs = this.startMs;
    this.context = null;
    this.#headDeadlineMs = 0;
    this.hasRequestBody = head.framing !== Framing.none;
    const most = host.options.requestsMax;
    const persist = head.keepAlive && !host.draining && (most === 0 || this.requestIndex < most) &&
      (hasMore || !this.clientEnded);
    this.beginResponse(head.minor, head.method === Method.head, persist);
    if (this.hasRequestBody) {
      this.expectsContinue = head.expectContinue;
      this.input = Input.body;
      this.#bodyPaused = this.#bodyDeclined = false;
      this.#decoder ??= new BodyDecoder();
      this.#decoder.reset(head.framing, head.contentLength, host.options.limits);
      host.handler.onRequest(this);
      const waits = this.expectsContinue && !this.#bodyDeclined;
      if (waits && this.isResponding && this.status === 0) this.sendContinue();
    } else {
      this.input = Input.complete;
      host.handler.onRequest(this);
    }
  }

  #takeBody(bytes: Uint8Array, at: number, end: number): number {
    const decoder = this.#decoder!;
    this.expectsContinue = false;
    const next = decoder.step(bytes, at, end);
    if (next < 0) return next;
    const { dataStart, dataEnd } = decoder;
    if (this.input === Input.discard) {
      this.#discardedBytes += next - at;
      if (decoder.done) this.endExchange();
      else if (this.#discardedBytes > discardBytesMax) this.closeAfterOutput();
      return next;
    }
    const serial = this.serial;
    if (dataEnd > dataStart) this.host.handler.onBody(this, bytes, dataStart, dataEnd);
    if (!decoder.done || this.serial !== serial) return next;
    // The handler may have answered in `onBody`; then the rest is discarded.
    if (this.#inputIs(Input.discard)) {
      this.endExchange();
    } else if (this.#inputIs(Input.body)) {
      this.input = Input.complete;
      this.host.handler.onBodyEnd(this);
    }
    return next;
  }

  /** A method, because the type checker assumes that no handler has changed `input`. */
  #inputIs(input: Input): boolean {
    return this.input === input;
  }

  #consumeInbox(): void {
    const inbox = this.inbox;
    const lastEnd = inbox.start + this.#scannedBytes;
    this.#scannedBytes = 0;
    inbox.consumeTo(this.#consume(inbox.bytes, inbox.start, inbox.end, lastEnd));
  }

  /** Called after processing input: decides whether to keep reading, and sets the deadline. */
  #settle(): void {
    if (!this.socket.isOpen || this.tookOver) return;
    const { options, reactor } = this.host;
    if (this.clientEnded) {
      this.#settleEnd();
      if (!this.socket.isOpen) return;
    }
    const waiting = this.inbox.length;
    // Between exchanges no work is done for the client, so its FIN need not be noticed early.
    const isFull = waiting > (this.serial !== 0 ? inboxBytesMax : 0);
    if (isFull && this.#isHeld()) this.socket.pause();
    else if (waiting <= inboxBytesMax) this.socket.resume();
    if (this.outlet.isBlocked) {
      this.armWriteDeadline();
    } else if (this.input === Input.head) {
      this.#armHead();
    } else if (this.input === Input.body || this.input === Input.discard) {
      reactor.wheel.arm(this, reactor.nowMs + (options.bodyTimeoutMs || Infinity));
    }
  }

  /** Received input cannot be processed now. */
  #isHeld(): boolean {
    return this.input === Input.complete || (this.input === Input.body && this.#bodyPaused) ||
      this.outlet.isBlocked;
  }

  /** After the client's FIN: the rest of its input is processed, or can never become a request. */
  #settleEnd(): void {
    switch (this.input) {
      case Input.body:
        if (!this.#bodyPaused) this.abortByClient();
        return;
      case Input.head:
      case Input.discard:
        // Pipelined requests wait until the output is no longer blocked.
        if (!this.outlet.isBlocked || this.inbox.length === 0) this.closeAfterOutput();
    }
  }

  /** The deadline for a head runs from its first byte, however slowly the rest arrives. */
  #armHead(): void {
    const { options, reactor, idleMs } = this.host;
    if (this.inbox.length === 0) {
      this.#headDeadlineMs = 0;
      reactor.wheel.arm(this, reactor.nowMs + idleMs);
    } else if (this.#headDeadlineMs === 0) {
      this.receivedMs = reactor.nowMs;
      this.#headDeadlineMs = reactor.nowMs + (options.headTimeoutMs || Infinity);
      reactor.wheel.arm(this, this.#headDeadlineMs);
    }
  }
}

/** Longer lines are truncated in logs. */
const lineBytesMax = 8192;

/** The first line of `[start, end)` as Latin-1, up to CR or LF, after any empty lines. */
export function firstLine(bytes: Uint8Array, start: number, end: number): string {
  let from = start;
  while (from < end && (bytes[from] === 0x0d || bytes[from] === 0x0a)) from++;
  let to = from;
  const limit = Math.min(end, from + lineBytesMax);
  while (to < limit && bytes[to] !== 0x0d && bytes[to] !== 0x0a) to++;
  return latin1(bytes, from, to);
}
