/**
 * A client's connection: requests in order, one exchange at a time.
 *
 * `RequestHalf` handles input, `ResponseHalf` output. This class handles what involves both: socket
 * events, deadlines, and every way in which a connection ends.
 */
import { PeerError } from "../base/errors.ts";
import { describeFault } from "../http1/faults.ts";
import type { Socket, SocketHandler } from "../net/reactor.ts";
import { Inbox } from "./inbox.ts";
import type { TakenSocket } from "./exchange.ts";
import { firstLine, Input, RequestHalf } from "./request_half.ts";
import type { ServerHost } from "./server_host.ts";

/** How long a closed connection waits for the client's FIN. */
const lingerMs = 2_000;
export class ServerConnection extends RequestHalf implements SocketHandler {
  override readonly openedMs: number;

  constructor(host: ServerHost, socket: Socket) {
    super(host, socket);
    this.openedMs = host.reactor.nowMs;
    host.reactor.wheel.arm(this, host.reactor.nowMs + host.idleMs);
  }

  onOpen(): void {}

  onData(_socket: Socket, bytes: Uint8Array, start: number, end: number): void {
    const scratch = this.host.scratch;
    scratch.enter();
    this.receive(bytes, start, end);
    scratch.leave();
  }

  onDrain(): void {
    if (!this.outlet.drain()) return this.armWriteDeadline();
    this.writeDeadlineMs = 0;
    const scratch = this.host.scratch;
    scratch.enter();
    if (this.closeWhenDrained) this.#closeNow();
    else if (this.isResponding) this.host.handler.onDrain(this);
    else this.goOn();
    scratch.leave();
  }

  onEnd(): void {
    this.clientEnded = true;
    switch (this.input) {
      case Input.complete:
        if (!this.host.options.allowHalfOpen) return this.abortByClient();
        // Pipelined requests that have arrived are answered, too.
        if (this.inbox.length === 0) this.persist = false;
        return;
      case Input.body:
        // With `allowHalfOpen` the inbox may hold the rest of the body.
        if (this.host.options.allowHalfOpen && this.inbox.length > 0) return;
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
    const wheel = this.host.reactor.wheel;
    if (this.writeDeadlineMs !== 0) {
      if (nowMs < this.writeDeadlineMs) return wheel.arm(this, this.writeDeadlineMs);
      this.#abortExchange(new PeerError("ETIMEDOUT", "downstream", "client takes no output"));
    } else if (this.input === Input.complete) {
      // Waiting for the handler, which has deadlines of its own.
      wheel.arm(this, nowMs + this.host.idleMs);
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
    const { onResponded } = this.host;
    if (onResponded !== null) onResponded(this);
  }

  protected override reportHead(bytes: Uint8Array, headBytes: number): void {
    this.host.onHead!(this, bytes, headBytes);
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

  /** The server is stopping: the current response is the last one. */
  beginDrain(): void {
    this.persist = false;
  }

  /** Closes the connection if it has been idle since `sinceMs`. Returns whether it did. */
  closeIdle(sinceMs = Infinity): boolean {
    // The deadline minus the idle timeout is when it became idle. Without a timeout that is unknown
    // (NaN), and every idle connection qualifies.
    if (!this.isIdle || this.deadlineMs - this.host.idleMs > sinceMs) return false;
    this.#drop();
    this.socket.close();
    return true;
  }

  /** Closes the connection in any state; for the end of a drain. */
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
      // A client that still waits for 100 (Continue) may or may not send its body, so the meaning of
      // its next byte is unknown.
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

  /** Protocol violation: answers with the fault's status, then closes. */
  protected override refuse(fault: number): void {
    // The body of a request that has already been answered.
    if (this.input === Input.discard) return this.closeAfterOutput();
    const { status, phrase } = describeFault(fault);
    const error = new PeerError("EPROTO", "downstream", phrase);
    this.host.onFault(this, status, error);
    this.#answerAndClose(status, error);
  }

  #timeOut(): void {
    const error = new PeerError("ETIMEDOUT", "downstream", "request timed out");
    this.refusedLine = firstLine(this.inbox.bytes, this.inbox.start, this.inbox.end);
    this.host.onFault(this, 408, error);
    this.#answerAndClose(408, error);
  }

  #answerAndClose(status: number, error: PeerError): void {
    const begun = this.status !== 0;
    const serial = this.serial;
    if (serial !== 0) {
      this.host.handler.onAbort(this, error);
      if (begun) return this.#cutOff();
    }
    this.serial = 0;
    this.inbox = new Inbox();
    this.beginResponse(1, false, false);
    this.sendStatusPage(status);
    this.closeAfterOutput();
  }

  #abortExchange(error: PeerError): void {
    if (this.serial !== 0) this.host.handler.onAbort(this, error);
    this.#cutOff();
  }

  #cutOff(): void {
    this.#drop();
    this.socket.abort();
  }

  /** Closes after all of the output is sent. */
  protected override closeAfterOutput(): void {
    this.serial = 0;
    this.persist = false;
    // Saves a packet on a connection with one request: the FIN is sent with the response.
    this.outlet.flush(true);
    if (!this.outlet.isBlocked) return this.#closeNow();
    this.closeWhenDrained = true;
    if (this.writeDeadlineMs === 0) this.armWriteDeadline();
  }

  /**
   * Closing while input is unread or still arriving makes the kernel send a reset, which may overtake
   * the response (RFC 9112 9.6). So only the sending side is closed, and input is read for a while.
   */
  #closeNow(): void {
    const unread = this.inbox.length > 0 || this.input === Input.body ||
      this.input === Input.discard || this.host.draining;
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
    this.host.reactor.wheel.arm(this, this.host.reactor.nowMs + lingerMs);
  }

  /** Removes the connection from the server; the caller closes, aborts or hands over the socket. */
  #drop(): void {
    this.serial = 0;
    this.context = null;
    this.inbox = new Inbox();
    this.outlet.discard();
    this.host.reactor.wheel.disarm(this);
    this.host.forget(this);
  }
}
