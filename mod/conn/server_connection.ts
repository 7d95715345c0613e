/**
 * One client's connection: requests in order, one exchange at a time.
 *
 * What comes in is the business of `RequestHalf`, what goes out that of `ResponseHalf`. Here stands
 * what concerns both: the socket's events, the deadlines, and every way in which a connection ends.
 */
import { PeerError } from "../base/errors.ts";
import { describeFault } from "../http1/faults.ts";
import type { Socket, SocketHandler } from "../net/reactor.ts";
import { Inbox } from "./inbox.ts";
import type { TakenSocket } from "./exchange.ts";
import { firstLine, Input, RequestHalf } from "./request_half.ts";
import type { ServerHome } from "./server_home.ts";

/** How long a closed connection waits for the client's FIN. */
const lingerMs = 2_000;
export class ServerConnection extends RequestHalf implements SocketHandler {
  override readonly openedMs: number;

  constructor(home: ServerHome, socket: Socket) {
    super(home, socket);
    this.openedMs = home.reactor.nowMs;
    home.reactor.wheel.arm(this, home.reactor.nowMs + home.idleMs);
  }

  onOpen(): void {}

  onData(_socket: Socket, bytes: Uint8Array, start: number, end: number): void {
    const scratch = this.home.scratch;
    scratch.enter();
    this.receive(bytes, start, end);
    scratch.leave();
  }

  onDrain(): void {
    if (!this.outlet.drain()) return this.armWriteDeadline();
    this.writeDeadlineMs = 0;
    const scratch = this.home.scratch;
    scratch.enter();
    if (this.closeWhenDrained) this.#closeNow();
    else if (this.isResponding) this.home.handler.onDrain(this);
    else this.goOn();
    scratch.leave();
  }

  onEnd(): void {
    this.clientEnded = true;
    switch (this.input) {
      case Input.complete:
        if (!this.home.options.allowHalfOpen) return this.abortByClient();
        // Pipelined requests that have arrived get their answers, too.
        if (this.inbox.length === 0) this.persist = false;
        return;
      case Input.body:
        // With `allowHalfOpen` the inbox may hold the rest of the body.
        if (this.home.options.allowHalfOpen && this.inbox.length > 0) return;
        return this.abortByClient();
      default:
        this.closeAfterOutput();
    }
  }

  protected override abortByClient(): void {
    const where = this.input === Input.body ? "within a body" : "the connection";
    this.#abortExchange(new PeerError("EEOF", "downstream", `client closed ${where}`));
  }

  onClose(_socket: Socket, error: PeerError): void {
    this.#abortExchange(new PeerError(error.code, "downstream", error.message, false, error.cause));
  }

  override onDeadline(nowMs: number): void {
    const wheel = this.home.reactor.wheel;
    if (this.writeDeadlineMs !== 0) {
      if (nowMs < this.writeDeadlineMs) return wheel.arm(this, this.writeDeadlineMs);
      this.#abortExchange(new PeerError("ETIMEDOUT", "downstream", "client takes no output"));
    } else if (this.input === Input.complete) {
      // The handler is at work; its own deadlines are its own business.
      wheel.arm(this, nowMs + this.home.idleMs);
    } else if (this.input >= Input.discard || this.isIdle) {
      this.#drop();
      this.socket.close();
    } else if (this.input === Input.body && this.status !== 0) {
      this.#abortExchange(new PeerError("ETIMEDOUT", "downstream", "request body timed out"));
    } else {
      this.#timeOut();
    }
  }

  protected override reportResponded(): void {
    const { onResponded } = this.home;
    if (onResponded !== null) onResponded(this);
  }

  protected override reportHead(bytes: Uint8Array, headBytes: number): void {
    this.home.onHead!(this, bytes, headBytes);
  }

  override abort(): void {
    if (this.serial === 0) return;
    if (this.isResponding) this.reportResponded();
    this.isResponding = false;
    this.context = null;
    if (this.showsItsEnd) {
      if (this.input === Input.body) this.discardBody();
      return this.closeAfterOutput();
    }
    this.outlet.flush();
    this.#cutOff();
  }

  override takeOver(): TakenSocket {
    this.outlet.flush();
    const early = this.inbox.bytes.slice(this.inbox.start, this.inbox.end);
    const { socket, clientEnded: hasEnded } = this;
    this.tookOver = true;
    this.#drop();
    return { socket, early, hasEnded };
  }

  /** The server stops: the current answer is the last one. */
  beginDrain(): void {
    this.persist = false;
  }

  /** Ends a connection on which nothing happens, and nothing has since `sinceMs`. Returns whether it did. */
  closeIdle(sinceMs = Infinity): boolean {
    // The deadline of an idle connection is the idle timeout ahead of when it became idle. Without a
    // timeout nobody knows when that was (NaN), and any will do.
    if (!this.isIdle || this.deadlineMs - this.home.idleMs > sinceMs) return false;
    this.#drop();
    this.socket.close();
    return true;
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
    if (this.input === Input.body) {
      // A client that still waits for 100 (Continue) may or may not send its body: nobody can tell
      // what its next byte is.
      if (!this.persist || this.expectsContinue) return this.closeAfterOutput();
      this.discardBody();
    } else {
      this.endExchange();
    }
    if (!this.consuming) this.goOn();
  }

  protected override cutResponse(): void {
    this.#abortExchange(new PeerError("EPROTO", "internal", "response cut off by its handler"));
  }

  /** Bytes that break the protocol: answer with the fault's status, then close. */
  protected override refuse(fault: number): void {
    // The body of a request that has its answer already: there is nothing left to say.
    if (this.input === Input.discard) return this.closeAfterOutput();
    const { status, phrase } = describeFault(fault);
    const error = new PeerError("EPROTO", "downstream", phrase);
    this.home.onFault(this, status, error);
    this.#answerAndClose(status, error);
  }

  #timeOut(): void {
    const error = new PeerError("ETIMEDOUT", "downstream", "request timed out");
    this.refusedLine = firstLine(this.inbox.bytes, this.inbox.start, this.inbox.end);
    this.home.onFault(this, 408, error);
    this.#answerAndClose(408, error);
  }

  #answerAndClose(status: number, error: PeerError): void {
    const begun = this.status !== 0;
    const serial = this.serial;
    if (serial !== 0) {
      this.home.handler.onAbort(this, error);
      if (begun) return this.#cutOff();
    }
    this.serial = 0;
    this.inbox = new Inbox();
    this.beginResponse(1, false, false);
    this.sendStatusPage(status);
    this.closeAfterOutput();
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
  protected override closeAfterOutput(): void {
    this.serial = 0;
    this.persist = false;
    // One packet less for a connection that carries one request: its FIN goes out with the answer.
    this.outlet.flush(true);
    if (!this.outlet.isBlocked) return this.#closeNow();
    this.closeWhenDrained = true;
    if (this.writeDeadlineMs === 0) this.armWriteDeadline();
  }

  /**
   * Closing while bytes of the client are unread, or on their way, makes the kernel send a reset,
   * which may overtake the answer (RFC 9112 9.6). So we end our side and read on for a while.
   */
  #closeNow(): void {
    const unread = this.inbox.length > 0 || this.input === Input.body ||
      this.input === Input.discard || this.home.draining;
    if (this.clientEnded || (!unread && this.input !== Input.linger && !this.lingers)) {
      this.#drop();
      this.socket.close();
      return;
    }
    this.closeWhenDrained = false;
    this.inbox = new Inbox();
    this.input = Input.linger;
    this.socket.shutdown();
    this.socket.resume();
    this.home.reactor.wheel.arm(this, this.home.reactor.nowMs + lingerMs);
  }

  /** Leaves the server's books; the socket is closed, aborted or handed over by the caller. */
  #drop(): void {
    this.serial = 0;
    this.context = null;
    this.inbox = new Inbox();
    this.outlet.discard();
    this.home.reactor.wheel.disarm(this);
    this.home.forget(this);
  }
}
