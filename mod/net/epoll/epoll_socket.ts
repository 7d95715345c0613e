import type { Address } from "../../base/address.ts";
import { PeerError } from "../../base/errors.ts";
import { Errno, errnoName, errnoPhrase } from "../../sys/errno.ts";
import { sendFile } from "../../sys/file_calls.ts";
import { errno } from "../../sys/libc.ts";
import { libcSocket } from "../../sys/libc_socket.ts";
import { EPOLL } from "../../sys/epoll_event.ts";
import { MSG } from "../../sys/sockaddr.ts";
import type { Socket, SocketHandler } from "../reactor.ts";
import { localAddressOf, peerAddressOf } from "../descriptor.ts";
import type { OutputBuffers } from "./output_buffers.ts";
import { type InputHome, inputInterest, SocketInput } from "./socket_input.ts";
import type { SpareStreams } from "./spare_streams.ts";
import { resetOnClose, takeSocketError } from "./stream.ts";

/** What the sockets of a reactor share: the poller and the buffers. */
export interface SocketHome extends InputHome {
  readonly outputBuffers: OutputBuffers;
  readonly spareStreams: SpareStreams;
  /** Schedules `socket.deliverDeferred()` later in this tick or in the next. */
  defer(socket: EpollSocket): void;
}

const sendFlags = MSG.nosignal | MSG.dontwait;
/** The peer has finished sending, or the connection failed. */
const endMask = EPOLL.rdhup | EPOLL.hup | EPOLL.err;

/**
 * A nonblocking stream socket: edge-triggered for input, level-triggered while output is pending.
 */
export class EpollSocket extends SocketInput implements Socket {
  override readonly home: SocketHome;
  override handler: SocketHandler;
  /** Address family if the socket may be reused for another connection, else 0. */
  readonly spareFamily: number;
  protected override connecting: boolean;
  #wantsDrain = false;
  #isShutDown = false;
  #deferredErrno = 0;
  #isDeferred = false;
  /** The peer's FIN has arrived; there may be unread bytes before it. */
  #finArrived = false;
  /** The kernel may be holding back the last write until the FIN (MSG_MORE). */
  #isHeldBack = false;

  constructor(
    home: SocketHome,
    fd: number,
    handler: SocketHandler,
    connecting: boolean,
    spareFamily = 0,
  ) {
    super();
    this.home = home;
    this.handler = handler;
    this.spareFamily = spareFamily;
    this.fd = fd;
    this.connecting = connecting;
    if (!connecting) this.home.poller.watch(this, inputInterest);
  }

  protected override get socket(): Socket {
    return this;
  }

  protected override get heardOfReset(): boolean {
    return this.#deferredErrno === Errno.ECONNRESET;
  }

  write(bytes: Uint8Array, start: number, end: number, isLast = false): number {
    if (!this.isOpen || this.connecting) return 0;
    if (this.#wantsDrain || this.#isShutDown) return 0;
    const sent = this.#send(bytes, start, end, isLast ? sendFlags | MSG.more : sendFlags);
    this.#isHeldBack = isLast;
    if (sent === end - start) return sent;
    if (sent < 0 && errno() !== Errno.EAGAIN && errno() !== Errno.EINTR) {
      this.#deferFailure(errno());
      return 0;
    }
    this.#wantsDrain = true;
    this.updateInterest();
    return sent < 0 ? 0 : sent;
  }

  #send(bytes: Uint8Array, start: number, end: number, flags: number): number {
    const pointer = this.home.outputBuffers.pointerTo(bytes, start);
    if (pointer !== null) return libcSocket.send_at(this.fd, pointer, end - start, flags);
    // Other writes mostly begin at 0 and need no view; only a rare remainder creates one.
    const from = start === 0 ? bytes : bytes.subarray(start);
    return libcSocket.send(this.fd, from as Uint8Array<ArrayBuffer>, end - start, flags);
  }

  sendFile(fd: number, offset: number, length: number): number {
    if (!this.isOpen || this.connecting) return 0;
    if (this.#wantsDrain || this.#isShutDown) return 0;
    const sent = sendFile(this.fd, fd, offset, length);
    if (sent > 0) this.#isHeldBack = false;
    if (sent === length) return sent;
    if (sent === 0) return -1;
    const number = sent < 0 ? errno() : Errno.EAGAIN;
    if (number !== Errno.EAGAIN && number !== Errno.EINTR) {
      // EIO and EINVAL are errors of the file; all others are errors of the connection.
      if (number === Errno.EINVAL || errnoName(number) === "EIO") return -1;
      this.#deferFailure(number);
      return 0;
    }
    this.#wantsDrain = true;
    this.updateInterest();
    return Math.max(sent, 0);
  }

  pause(): void {
    if (this.paused) return;
    this.paused = true;
    this.updateInterest();
  }

  resume(): void {
    if (!this.paused) return;
    this.paused = false;
    this.updateInterest();
    if (this.held !== null) this.#defer();
  }

  shutdown(): void {
    if (!this.isOpen || this.#isShutDown) return;
    this.#isShutDown = true;
    if (this.connecting) return;
    libcSocket.shutdown(this.fd, 1);
    // Nothing more will be written, so no `onDrain` is due.
    this.#wantsDrain = false;
    this.updateInterest();
  }

  override close(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    if ((this.ended || this.#finArrived) && this.#canBeSpared) {
      if (this.home.spareStreams.keepEnded(this.fd, this.spareFamily)) {
        return this.home.poller.spare(this);
      }
      this.#isShutDown = true;
    }
    this.home.poller.forget(this, false);
    // If the peer's bytes are unread, close(2) sends a reset and discards what is held back.
    if (this.#isHeldBack && !this.#isShutDown) libcSocket.shutdown(this.fd, 1);
    libcSocket.close(this.fd);
  }

  /**
   * Only an idle edge-triggered socket stays silent in the epoll set; others would keep causing
   * events.
   */
  get #canBeSpared(): boolean {
    return this.spareFamily !== 0 && this.interest === inputInterest;
  }

  closeWithPeer(): void {
    if (this.ended || this.#finArrived) return this.close();
    this.resume();
    this.leaving = true;
  }

  abort(): void {
    if (!this.isOpen) return;
    if (this.#canBeSpared && this.home.spareStreams.keepReset(this.fd, this.spareFamily)) {
      this.isOpen = false;
      return this.home.poller.spare(this);
    }
    resetOnClose(this.fd);
    this.#isHeldBack = false;
    this.close();
  }

  peerAddress(): Address {
    return peerAddressOf(this.fd);
  }

  localAddress(): Address {
    return localAddressOf(this.fd);
  }

  override onEvents(mask: number): void {
    if ((mask & EPOLL.rdhup) !== 0) this.#finArrived = true;
    if (this.leaving && this.isOpen) return this.close();
    if (this.connecting) return this.#finishConnect(mask);
    this.deliverHeld();
    if ((mask & (EPOLL.in | endMask)) !== 0) {
      if (this.isReading) this.readArrived((mask & endMask) !== 0);
      else if ((mask & (EPOLL.hup | EPOLL.err)) !== 0) this.#noticeHangup(mask);
    }
    if ((mask & EPOLL.out) !== 0 && this.isOpen && this.#wantsDrain) {
      this.#wantsDrain = false;
      this.handler.onDrain(this);
      // Only now: a long transfer has many short writes, and would change the interest twice for
      // each.
      this.updateInterest();
    }
  }

  /**
   * The connect succeeded or failed immediately, without an event; see `connect` of the reactor.
   */
  deferConnected(errnoNumber: number): void {
    this.#deferredErrno = errnoNumber;
    this.#defer();
  }

  /** Called by the reactor once per `defer`. */
  deliverDeferred(): void {
    this.#isDeferred = false;
    if (!this.isOpen) return;
    this.deliverHeld();
    if (this.#deferredErrno !== 0) {
      if (!this.connecting) this.readLastWords();
      if (this.isOpen) this.fail(this.#deferredErrno);
    } else if (this.connecting) {
      this.#opened();
    }
  }

  /**
   * Error or hang-up on a socket that is paused or has ended. A reset closes it at once, and so
   * does a hang-up while output is pending, which cannot be delivered any more. After a mere
   * hang-up there may be unread bytes: the socket leaves the epoll set, or level triggering would
   * report it endlessly; `resume` puts it back.
   */
  #noticeHangup(mask: number): void {
    if ((mask & EPOLL.err) !== 0) this.fail(takeSocketError(this.fd));
    else if (this.#wantsDrain) this.fail(Errno.EPIPE);
    else this.home.poller.watch(this, 0);
  }

  #finishConnect(mask: number): void {
    // A failed connect shows in the event mask; only then read SO_ERROR.
    const failed = (mask & (EPOLL.err | EPOLL.hup)) !== 0;
    const failure = failed ? takeSocketError(this.fd) : 0;
    if (failure !== 0) this.fail(failure);
    else this.#opened();
  }

  #opened(): void {
    this.connecting = false;
    this.updateInterest();
    if (this.#isShutDown) libcSocket.shutdown(this.fd, 1);
    this.handler.onOpen(this);
  }

  protected override updateInterest(): void {
    if (!this.isOpen || this.connecting) return;
    const input = this.paused || this.ended ? 0 : inputInterest;
    const interest = this.#wantsDrain ? (input & EPOLL.in) | EPOLL.out : input;
    // Error events are always reported: they show a reset without requesting input.
    this.home.poller.watch(this, interest === 0 ? EPOLL.err : interest);
  }

  #deferFailure(errnoNumber: number): void {
    this.#deferredErrno = errnoNumber;
    this.#wantsDrain = true;
    this.#defer();
  }

  #defer(): void {
    if (this.#isDeferred) return;
    this.#isDeferred = true;
    this.home.defer(this);
  }

  protected override fail(errnoNumber: number): void {
    const number = errnoNumber === 0 ? Errno.ECONNRESET : errnoNumber;
    const wasConnecting = this.connecting;
    this.close();
    // Before the connection was established, nothing can have reached the peer's application.
    const error = new PeerError(errnoName(number), "upstream", errnoPhrase(number), wasConnecting);
    this.handler.onClose(this, error);
  }
}
