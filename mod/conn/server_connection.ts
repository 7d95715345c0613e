/**
 * One client's connection: requests in order, one exchange at a time.
 *
 * Input and output are two halves of one state machine. `#input` says what the next byte of the
 * client is; the response half lives in `ResponseHalf`. An exchange is over when both are complete.
 */
import { PeerError } from "../base/errors.ts";
import type { TrailerField } from "../http1/trailer_section.ts";
import { BodyDecoder } from "../http1/body_decoder.ts";
import { describeFault } from "../http1/faults.ts";
import { Framing } from "../http1/message_head.ts";
import { Method, parseRequestHead, type RequestHead } from "../http1/request_head.ts";
import type { Socket, SocketHandler } from "../net/reactor.ts";
import type { Exchange } from "./exchange.ts";
import { Inbox } from "./inbox.ts";
import { ResponseHalf } from "./response_half.ts";
import type { ServerHome } from "./server_home.ts";

/** What the next byte of the client belongs to. */
const Input = {
  /** A request line. */
  head: 0,
  /** The body of the current request. */
  body: 1,
  /** The next request, which waits until the current response is complete. */
  complete: 2,
  /** A body whose response is complete: it is thrown away, so that the connection can go on. */
  discard: 3,
  /** Nothing: our side is closed; we wait for the client's FIN, so that no reset hurts the answer. */
  linger: 4,
} as const;
type Input = typeof Input[keyof typeof Input];

/** A request body that nobody wants is read up to here to save the connection; beyond it is closed. */
const discardBytesMax = 262_144;
/** How long a closed connection waits for the client's FIN. */
const lingerMs = 2_000;
/** Received bytes that may wait while an exchange is under way. */
const inboxBytesMax = 65_536;

export class ServerConnection extends ResponseHalf implements SocketHandler, Exchange {
  override serial = 0;
  context: unknown = null;
  connectionContext: unknown = null;
  requestIndex = 0;
  startMs = 0;
  hasRequestBody = false;
  #input: Input = Input.head;
  #inbox = new Inbox();
  /** How much of the inbox has been searched for the end of a head. */
  #scannedBytes = 0;
  #decoder: BodyDecoder | null = null;
  #bodyPaused = false;
  #discardedBytes = 0;
  #consuming = false;
  #clientEnded = false;
  #headDeadlineMs = 0;

  constructor(home: ServerHome, socket: Socket) {
    super(home, socket);
    home.reactor.wheel.arm(this, home.reactor.nowMs + home.idleMs);
  }

  get head(): RequestHead {
    return this.home.head;
  }

  get isRequestComplete(): boolean {
    return this.#input === Input.complete;
  }

  requestTrailers(): readonly TrailerField[] {
    return this.hasRequestBody && this.#decoder !== null ? this.#decoder.trailers : [];
  }

  /** No request is under way and none has begun to arrive. */
  get isIdle(): boolean {
    return this.#input === Input.head && this.#inbox.length === 0;
  }

  onOpen(): void {}

  onData(_socket: Socket, bytes: Uint8Array, start: number, end: number): void {
    const scratch = this.home.scratch;
    scratch.enter();
    if (this.#inbox.length === 0) {
      this.#keep(bytes, this.#consume(bytes, start, end, start), end);
    } else {
      this.#inbox.append(bytes, start, end);
      this.#consumeInbox();
    }
    this.#settle();
    scratch.leave();
  }

  onDrain(): void {
    if (!this.outlet.drain()) return this.armWriteDeadline();
    this.writeDeadlineMs = 0;
    const scratch = this.home.scratch;
    scratch.enter();
    if (this.closeWhenDrained) this.#closeNow();
    else if (this.isResponding) this.home.handler.onDrain(this);
    else this.#goOn();
    scratch.leave();
  }

  onEnd(): void {
    this.#clientEnded = true;
    switch (this.#input) {
      case Input.complete:
        // Our client may have closed only its sending side; whoever serves decides what it means.
        this.persist = false;
        if (this.home.options.abortOnHalfClose && this.serial !== 0) {
          this.#abortExchange(new PeerError("EEOF", "downstream", "client closed the connection"));
        }
        return;
      case Input.body:
        this.#abortExchange(new PeerError("EEOF", "downstream", "client closed within a body"));
        return;
      default:
        this.#closeAfterOutput();
    }
  }

  onClose(_socket: Socket, error: PeerError): void {
    this.#abortExchange(new PeerError(error.code, "downstream", error.message, false, error.cause));
  }

  override onDeadline(nowMs: number): void {
    const wheel = this.home.reactor.wheel;
    if (this.writeDeadlineMs !== 0) {
      if (nowMs < this.writeDeadlineMs) return wheel.arm(this, this.writeDeadlineMs);
      this.#abortExchange(new PeerError("ETIMEDOUT", "downstream", "client takes no output"));
    } else if (this.#input === Input.complete) {
      // The handler is at work; its own deadlines are its own business.
      wheel.arm(this, nowMs + this.home.idleMs);
    } else if (this.#input >= Input.discard || this.isIdle) {
      this.#drop();
      this.socket.close();
    } else if (this.#input === Input.body && this.status !== 0) {
      this.#abortExchange(new PeerError("ETIMEDOUT", "downstream", "request body timed out"));
    } else {
      this.#timeOut();
    }
  }

  protected override reportResponded(): void {
    const { onResponded } = this.home;
    if (onResponded !== null) onResponded(this);
  }

  abort(): void {
    if (this.serial === 0) return;
    if (this.isResponding) this.reportResponded();
    this.#drop();
    this.socket.abort();
  }

  pauseBody(): void {
    this.#bodyPaused = true;
    if (!this.#consuming && this.#input === Input.body) this.socket.pause();
  }

  resumeBody(): void {
    if (!this.#bodyPaused) return;
    this.#bodyPaused = false;
    if (!this.#consuming) this.#goOn();
  }

  takeOver(): { socket: Socket; early: Uint8Array } {
    this.outlet.flush();
    const early = this.#inbox.bytes.slice(this.#inbox.start, this.#inbox.end);
    const socket = this.socket;
    this.#tookOver = true;
    this.#drop();
    return { socket, early };
  }
  #tookOver = false;

  /** The server stops: the current answer is the last one. */
  beginDrain(): void {
    this.persist = false;
  }

  /** Ends a connection on which nothing happens. */
  closeIdle(): void {
    if (!this.isIdle) return;
    this.#drop();
    this.socket.close();
  }

  /** Ends the connection whatever it does; for the end of a drain. */
  cut(): void {
    if (this.serial !== 0) {
      this.#abortExchange(new PeerError("ESHUTDOWN", "internal", "the server is stopping"));
    } else {
      this.#drop();
      this.socket.close();
    }
  }

  /** The response is complete; see `ResponseHalf`. */
  protected override onResponseDone(): void {
    if (this.#input === Input.body) {
      // A client that still waits for 100 (Continue) may or may not send its body: nobody can tell
      // what its next byte is.
      if (!this.persist || this.expectsContinue) return this.#closeAfterOutput();
      this.#input = Input.discard;
      this.serial = 0;
      this.context = null;
      this.#discardedBytes = 0;
      this.#bodyPaused = false;
    } else {
      this.#endExchange();
    }
    if (!this.#consuming) this.#goOn();
  }

  protected override cutResponse(): void {
    this.#abortExchange(new PeerError("EPROTO", "internal", "response cut off by its handler"));
  }

  /** Uses what it can of `[start, end)` and returns where it stopped. */
  #consume(bytes: Uint8Array, start: number, end: number, lastEnd: number): number {
    this.#consuming = true;
    let at = start;
    while (at < end && this.socket.isOpen && !this.#tookOver) {
      if (this.#input === Input.head) {
        if (this.outlet.isBlocked || this.closeWhenDrained) break;
        const next = parseRequestHead(
          this.home.head,
          bytes,
          at,
          end,
          this.home.options.limits,
          lastEnd > at ? lastEnd : at,
        );
        if (next === 0) {
          this.#scannedBytes = end - at;
          break;
        }
        if (next < 0) {
          this.#refuse(next);
          return end;
        }
        at = next;
        this.#beginExchange();
      } else if (this.#input === Input.body || this.#input === Input.discard) {
        if (this.#bodyPaused) break;
        const next = this.#takeBody(bytes, at, end);
        if (next < 0) {
          this.#refuse(next);
          return end;
        }
        at = next;
      } else if (this.#input === Input.linger) {
        at = end;
      } else {
        break;
      }
    }
    this.#consuming = false;
    return at;
  }

  #beginExchange(): void {
    const home = this.home;
    const head = home.head;
    this.serial = home.nextSerial();
    this.requestIndex++;
    this.startMs = home.reactor.nowMs;
    this.context = null;
    this.#headDeadlineMs = 0;
    this.hasRequestBody = head.framing !== Framing.none;
    const most = home.options.requestsMax;
    const persist = head.keepAlive && !home.draining && (most === 0 || this.requestIndex < most);
    this.beginResponse(head.minor, head.method === Method.head, persist && !this.#clientEnded);
    if (this.hasRequestBody) {
      this.expectsContinue = head.expectContinue;
      this.#input = Input.body;
      this.#bodyPaused = false;
      this.#decoder ??= new BodyDecoder();
      this.#decoder.reset(head.framing, head.contentLength, home.options.limits);
      home.handler.onRequest(this);
      if (this.expectsContinue && this.isResponding && this.status === 0) this.sendContinue();
    } else {
      this.#input = Input.complete;
      home.handler.onRequest(this);
    }
  }

  #takeBody(bytes: Uint8Array, at: number, end: number): number {
    const decoder = this.#decoder!;
    this.expectsContinue = false;
    const next = decoder.step(bytes, at, end);
    if (next < 0) return next;
    const { dataStart, dataEnd } = decoder;
    if (this.#input === Input.discard) {
      this.#discardedBytes += next - at;
      if (decoder.done) this.#endExchange();
      else if (this.#discardedBytes > discardBytesMax) this.#closeAfterOutput();
      return next;
    }
    const serial = this.serial;
    if (dataEnd > dataStart) this.home.handler.onBody(this, bytes, dataStart, dataEnd);
    if (!decoder.done || this.serial !== serial) return next;
    // The handler may have answered in `onBody`, and then the rest was to be discarded.
    if (this.#inputIs(Input.discard)) {
      this.#endExchange();
    } else if (this.#inputIs(Input.body)) {
      this.#input = Input.complete;
      this.home.handler.onBodyEnd(this);
    }
    return next;
  }

  /** A call, because the type checker thinks that no handler can have changed `#input`. */
  #inputIs(input: Input): boolean {
    return this.#input === input;
  }

  /** Request and response are complete. */
  #endExchange(): void {
    this.serial = 0;
    this.context = null;
    if (this.persist && !this.home.draining) this.#input = Input.head;
    else this.#closeAfterOutput();
  }

  /** What waits in the inbox gets its turn after a pause. */
  #goOn(): void {
    if (!this.socket.isOpen) return;
    if (this.#inbox.length > 0) this.#consumeInbox();
    this.#settle();
  }

  #consumeInbox(): void {
    const inbox = this.#inbox;
    const lastEnd = inbox.start + this.#scannedBytes;
    this.#scannedBytes = 0;
    inbox.consumeTo(this.#consume(inbox.bytes, inbox.start, inbox.end, lastEnd));
  }

  #keep(bytes: Uint8Array, at: number, end: number): void {
    if (at < end && this.socket.isOpen) this.#inbox.append(bytes, at, end);
  }

  /** After each piece of work: whether to read on, and until when. */
  #settle(): void {
    if (!this.socket.isOpen || this.#tookOver) return;
    const { options, reactor } = this.home;
    const held = this.#input === Input.complete ||
      (this.#input === Input.body && this.#bodyPaused) || this.outlet.isBlocked;
    if (held && this.#inbox.length > 0) this.socket.pause();
    else if (this.#inbox.length <= inboxBytesMax) this.socket.resume();
    if (this.outlet.isBlocked) {
      this.armWriteDeadline();
    } else if (this.#input === Input.head) {
      this.#armHead();
    } else if (this.#input === Input.body || this.#input === Input.discard) {
      reactor.wheel.arm(this, reactor.nowMs + (options.bodyTimeoutMs || Infinity));
    }
  }

  /** A head that has begun must be complete in time, however slowly its bytes drip. */
  #armHead(): void {
    const { options, reactor, idleMs } = this.home;
    if (this.#inbox.length === 0) {
      this.#headDeadlineMs = 0;
      reactor.wheel.arm(this, reactor.nowMs + idleMs);
    } else if (this.#headDeadlineMs === 0) {
      this.#headDeadlineMs = reactor.nowMs + (options.headTimeoutMs || Infinity);
      reactor.wheel.arm(this, this.#headDeadlineMs);
    }
  }

  /** Bytes that break the protocol: answer with the fault's status, then close. */
  #refuse(fault: number): void {
    this.#consuming = false;
    // The body of a request that has its answer already: there is nothing left to say.
    if (this.#input === Input.discard) return this.#closeAfterOutput();
    const { status, phrase } = describeFault(fault);
    const error = new PeerError("EPROTO", "downstream", phrase);
    this.home.onFault(this, status, error);
    this.#answerAndClose(status, error);
  }

  #timeOut(): void {
    this.#answerAndClose(408, new PeerError("ETIMEDOUT", "downstream", "request timed out"));
  }

  #answerAndClose(status: number, error: PeerError): void {
    const begun = this.status !== 0;
    const serial = this.serial;
    if (serial !== 0) {
      this.home.handler.onAbort(this, error);
      if (begun) return this.#cutOff();
    }
    this.serial = 0;
    this.#inbox = new Inbox();
    this.beginResponse(1, false, false);
    this.sendStatusPage(status);
    this.#closeAfterOutput();
  }

  #abortExchange(error: PeerError): void {
    if (this.serial !== 0) this.home.handler.onAbort(this, error);
    this.#cutOff();
  }

  #cutOff(): void {
    this.#drop();
    this.socket.abort();
  }

  /** Closes once the client has all of the output. */
  #closeAfterOutput(): void {
    this.serial = 0;
    this.persist = false;
    this.outlet.flush();
    if (this.outlet.isBlocked) this.closeWhenDrained = true;
    else this.#closeNow();
  }

  /**
   * Closing while bytes of the client are unread, or on their way, makes the kernel send a reset,
   * which may overtake the answer (RFC 9112 9.6). So we end our side and read on for a while.
   */
  #closeNow(): void {
    const unread = this.#inbox.length > 0 || this.#input === Input.body ||
      this.#input === Input.discard || this.home.draining;
    if (this.#clientEnded || (!unread && this.#input !== Input.linger && !this.lingers)) {
      this.#drop();
      this.socket.close();
      return;
    }
    this.closeWhenDrained = false;
    this.#inbox = new Inbox();
    this.#input = Input.linger;
    this.socket.shutdown();
    this.socket.resume();
    this.home.reactor.wheel.arm(this, this.home.reactor.nowMs + lingerMs);
  }

  /** Leaves the server's books; the socket is closed, aborted or handed over by the caller. */
  #drop(): void {
    this.serial = 0;
    this.context = null;
    this.#inbox = new Inbox();
    this.outlet.discard();
    this.home.reactor.wheel.disarm(this);
    this.home.forget(this);
  }
}
