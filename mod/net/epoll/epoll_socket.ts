import type { Address } from "../../base/address.ts";
import { PeerError } from "../../base/errors.ts";
import { Errno, errnoName, errnoPhrase } from "../../sys/errno.ts";
import { sendFile } from "../../sys/file_calls.ts";
import { errno } from "../../sys/libc.ts";
import { libcSocket } from "../../sys/libc_socket.ts";
import { peerUidOf } from "../../sys/peer_credentials.ts";
import { EPOLL } from "../../sys/epoll_event.ts";
import { MSG } from "../../sys/sockaddr.ts";
import type { ConnectionShare, KernelTls, Socket, SocketHandler } from "../reactor.ts";
import { localAddressOf, peerAddressOf } from "../descriptor.ts";
import { type KernelTlsOwner, SocketKernelTls } from "./kernel_tls.ts";
import type { OutputBuffers } from "./output_buffers.ts";
import type { PeerName } from "./peer_name.ts";
import { type Poller, PollTarget } from "./poller.ts";
import { readAheadBytes, type ReadBuffers } from "./read_buffers.ts";
import type { SpareStreams } from "./spare_streams.ts";
import { resetOnClose, takeSocketError } from "./stream.ts";

/** What the sockets of a reactor share: the poller and the buffers. */
export interface SocketHost {
  readonly poller: Poller;
  /** Monotonic milliseconds. */
  readonly nowMs: number;
  readonly readBuffers: ReadBuffers;
  readonly outputBuffers: OutputBuffers;
  readonly spareStreams: SpareStreams;
  /** Schedules `socket.deliverDeferred()` later in this tick or in the next. */
  defer(socket: EpollSocket): void;
  /** Schedules the first read of an accepted socket, which then enters the epoll set. */
  admit(socket: EpollSocket): void;
}

/** Most reads after a failed write: together more than a receive buffer holds. */
const lastReadsMax = 128;
/**
 * Edge-triggered: with level triggering the kernel checks each socket a second time after it was
 * read, in vain. A read that did not fill the buffer has emptied the socket, and a FIN that arrived
 * with the bytes shows in the mask.
 */
const inputInterest = EPOLL.in | EPOLL.rdhup | EPOLL.et;

/**
 * The most of a file that is sent at once (nginx's sendfile_max_chunk): a peer that reads as fast as the
 * kernel sends, or encrypts, would keep this thread from all others until the file ends.
 */
const fileBytesMax = 2 << 20;

const sendFlags = MSG.nosignal | MSG.dontwait;
/** The peer has finished sending, or the connection failed. */
const endMask = EPOLL.rdhup | EPOLL.hup | EPOLL.err;

/**
 * A nonblocking stream socket: edge-triggered for input, level-triggered while output is pending.
 */
export class EpollSocket extends PollTarget implements Socket, KernelTlsOwner {
  isOpen = true;
  handler: SocketHandler;
  /** The peer of an accepted connection; null for an outgoing one. */
  peerName: PeerName | null = null;
  /** Counts this socket while it is open; null: it is not counted. */
  share: ConnectionShare | null = null;
  /** Address family if the socket may be reused for another connection, else 0. */
  readonly spareFamily: number;
  readonly #host: SocketHost;
  #connecting: boolean;
  #paused = false;
  #ended = false;
  /** Input is no longer read; any input means: close now. */
  #leaving = false;
  /** Bytes that were read ahead before the socket was paused; delivered after `resume`. */
  #held: Uint8Array | null = null;
  /** Result of the last `readAhead`, and errno if it failed. */
  #aheadCount = 0;
  #aheadErrno = 0;
  /** The last read filled its slot, so the next one uses the large buffer at once. */
  #isBulk = false;
  /** The last large read was full, and the handler has not paused since: reads may be larger still. */
  #isFlowing = false;
  /** The last read returned as much as it may: there may be more. */
  #isReadFull = false;
  #wantsDrain = false;
  #isShutDown = false;
  #deferredErrno = 0;
  #isDeferred = false;
  /** The peer's FIN has arrived; there may be unread bytes before it. */
  #finArrived = false;
  /** The kernel may be holding back the last write until the FIN (MSG_MORE). */
  #isHeldBack = false;

  constructor(
    host: SocketHost,
    fd: number,
    handler: SocketHandler,
    connecting: boolean,
    spareFamily = 0,
  ) {
    super();
    this.#host = host;
    this.handler = handler;
    this.spareFamily = spareFamily;
    this.fd = fd;
    this.#connecting = connecting;
  }

  /** Enters the epoll set, unless it is there; see `FreshSockets`. */
  watch(): void {
    if (this.interest === 0) this.#updateInterest();
  }

  write(bytes: Uint8Array, start: number, end: number, isLast = false): number {
    if (!this.isOpen || this.#connecting) return 0;
    if (this.#wantsDrain || this.#isShutDown) return 0;
    const sent = this.#send(bytes, start, end, isLast ? sendFlags | MSG.more : sendFlags);
    this.#isHeldBack = isLast;
    if (sent === end - start) return sent;
    if (sent < 0 && errno() !== Errno.EAGAIN && errno() !== Errno.EINTR) {
      this.deferFailure(errno());
      return 0;
    }
    this.#wantsDrain = true;
    this.#updateInterest();
    return sent < 0 ? 0 : sent;
  }

  #send(bytes: Uint8Array, start: number, end: number, flags: number): number {
    const pointer = this.#host.outputBuffers.pointerTo(bytes, start);
    if (pointer !== null) return libcSocket.send_at(this.fd, pointer, end - start, flags);
    // Other writes mostly begin at 0 and need no view; only a rare remainder creates one.
    const from = start === 0 ? bytes : bytes.subarray(start);
    return libcSocket.send(this.fd, from as Uint8Array<ArrayBuffer>, end - start, flags);
  }

  sendFile(fd: number, offset: number, length: number): number {
    if (!this.isOpen || this.#connecting) return 0;
    if (this.#wantsDrain || this.#isShutDown) return 0;
    const sent = sendFile(this.fd, fd, offset, Math.min(length, fileBytesMax));
    if (sent > 0) this.#isHeldBack = false;
    if (sent === length) return sent;
    if (sent === 0) return -1;
    const number = sent < 0 ? errno() : Errno.EAGAIN;
    if (number !== Errno.EAGAIN && number !== Errno.EINTR) {
      // EIO and EINVAL are errors of the file; all others are errors of the connection.
      if (number === Errno.EINVAL || number === Errno.EIO) return -1;
      this.deferFailure(number);
      return 0;
    }
    this.#wantsDrain = true;
    this.#updateInterest();
    return Math.max(sent, 0);
  }

  kernelTls(): KernelTls {
    return new SocketKernelTls(this);
  }

  endHoldingBack(): void {
    this.#isHeldBack = false;
  }

  awaitDrain(): void {
    if (!this.isOpen) return;
    this.#wantsDrain = true;
    this.#updateInterest();
  }

  pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.#isFlowing = false;
    this.#updateInterest();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#updateInterest();
    if (this.#held !== null) this.#defer();
  }

  shutdown(): void {
    if (!this.isOpen || this.#isShutDown) return;
    this.#isShutDown = true;
    if (this.#connecting) return;
    libcSocket.shutdown(this.fd, 1);
    // Nothing more will be written, so no `onDrain` is due.
    this.#wantsDrain = false;
    this.#updateInterest();
  }

  close(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    if (this.share !== null) this.share.closed();
    if ((this.#ended || this.#finArrived) && this.#canBeSpared) {
      if (this.#host.spareStreams.keepEnded(this.fd, this.spareFamily)) {
        return this.#host.poller.spare(this);
      }
      this.#isShutDown = true;
    }
    this.#host.poller.forget(this, false);
    // If the peer's bytes are unread, close(2) sends a reset and discards what is held back.
    const mustShutDown = this.#isHeldBack && !this.#isShutDown;
    if (mustShutDown) libcSocket.shutdown(this.fd, 1);
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
    if (this.#ended || this.#finArrived) return this.close();
    this.resume();
    this.#leaving = true;
  }

  abort(): void {
    if (!this.isOpen) return;
    if (this.#canBeSpared && this.#host.spareStreams.keepReset(this.fd, this.spareFamily)) {
      this.isOpen = false;
      return this.#host.poller.spare(this);
    }
    resetOnClose(this.fd);
    this.#isHeldBack = false;
    this.close();
  }

  peerAddress(): Address {
    return this.peerName === null ? peerAddressOf(this.fd) : this.peerName.decode();
  }

  peerUid(): number | null {
    return peerUidOf(this.fd);
  }

  localAddress(): Address {
    return localAddressOf(this.fd);
  }

  override onEvents(mask: number): void {
    if ((mask & EPOLL.rdhup) !== 0) this.#finArrived = true;
    if (this.#leaving && this.isOpen) return this.close();
    if (this.#connecting) return this.#finishConnect(mask);
    this.#deliverHeld();
    if ((mask & (EPOLL.in | endMask)) !== 0) {
      if (this.#isReading) this.#readArrived((mask & endMask) !== 0);
      else if ((mask & (EPOLL.hup | EPOLL.err)) !== 0) this.#noticeHangup(mask);
    }
    if ((mask & EPOLL.out) !== 0 && this.isOpen && this.#wantsDrain) {
      this.#wantsDrain = false;
      this.handler.onDrain(this);
      // Only now: a long transfer has many short writes, and would change the interest twice for
      // each.
      this.#updateInterest();
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
    this.#deliverHeld();
    if (this.#deferredErrno !== 0) {
      if (!this.#connecting) this.#readLastWords();
      if (this.isOpen) this.#fail(this.#deferredErrno);
    } else if (this.#connecting) {
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
    if ((mask & EPOLL.err) !== 0) this.#fail(takeSocketError(this.fd));
    else if (this.#wantsDrain) this.#fail(Errno.EPIPE);
    else this.#host.poller.watch(this, 0);
  }

  #finishConnect(mask: number): void {
    // A failed connect shows in the event mask; only then read SO_ERROR.
    const failed = (mask & (EPOLL.err | EPOLL.hup)) !== 0;
    const failure = failed ? takeSocketError(this.fd) : 0;
    if (failure !== 0) this.#fail(failure);
    else this.#opened();
  }

  #opened(): void {
    this.#connecting = false;
    this.#updateInterest();
    if (this.#isShutDown) libcSocket.shutdown(this.fd, 1);
    this.handler.onOpen(this);
  }

  get #isReading(): boolean {
    return this.isOpen && !this.#paused && !this.#ended && !this.#leaving;
  }

  override readAhead(slot: number, mask: number): boolean {
    // Any other event is delivered immediately, to preserve order.
    if (mask !== EPOLL.in || this.#isBulk || this.#held !== null) return false;
    if (this.#connecting || !this.#isReading) return false;
    const pointer = this.#host.readBuffers.slotPointer(slot);
    this.#aheadCount = libcSocket.recv_at(this.fd, pointer, readAheadBytes, MSG.dontwait);
    if (this.#aheadCount < 0) this.#aheadErrno = errno();
    return true;
  }

  override onReadAhead(slot: number): void {
    if (!this.isOpen) return;
    const count = this.#aheadCount;
    const { readBuffers } = this.#host;
    const start = readBuffers.slotStart(slot);
    if (this.#paused && count >= 0) {
      // An end is found again by the next read; bytes are not.
      if (count > 0) this.#held = readBuffers.bytes.slice(start, start + count);
      return;
    }
    this.#take(count, this.#aheadErrno, readBuffers.bytes, start);
    // There may be more input, and no edge will report it.
    if (count < readAheadBytes) return;
    this.#isBulk = true;
    if (this.#isReading) this.#readArrived(false);
    else if (this.#isLeaving) this.#rearm();
  }

  /** Delivers bytes that were held back, unless the socket is paused again. */
  #deliverHeld(): void {
    const bytes = this.#held;
    if (bytes === null || this.#paused) return;
    this.#held = null;
    this.handler.onData(this, bytes, 0, bytes.length);
  }

  /** `ends`: the bytes are followed by the peer's FIN or an error. */
  #readArrived(ends: boolean): void {
    let count = this.#read();
    if (ends && count > 0 && this.#isReading) count = this.#read();
    // Read the rest in the next tick, so that one fast peer does not delay the others.
    const mayHaveMore = ends ? count > 0 : this.#isReadFull;
    if (ends && this.#leaving) this.close();
    else if (mayHaveMore && (this.#isReading || this.#isLeaving)) this.#rearm();
  }

  /** Has input that is already pending reported by the next wait. */
  #rearm(): void {
    if (this.interest === 0) this.watch();
    else this.#host.poller.rearm(this);
  }

  get #isLeaving(): boolean {
    return this.#leaving && this.isOpen;
  }

  /**
   * A peer that rejects our bytes may have sent the reason before it closed, such as an upstream
   * that responds before the end of a large body. So arrived input is delivered before the write
   * error.
   */
  #readLastWords(): void {
    for (let i = 0; i < lastReadsMax; i++) {
      if (!this.#isReading) return;
      if (this.#read() === 0) return;
    }
  }

  /** Reads once; returns the number of bytes. */
  #read(): number {
    const { bytes, largeBytes, largestBytes, largePointer } = this.#host.readBuffers;
    if (this.#isFlowing) {
      const own = this.handler.inputBuffer?.(this, largestBytes) ?? null;
      if (own !== null) return this.#readInto(own);
    }
    const wanted = this.#isFlowing ? largestBytes : largeBytes;
    const count = libcSocket.recv_at(this.fd, largePointer, wanted, MSG.dontwait);
    this.#noteRead(count, wanted);
    return this.#take(count, count < 0 ? errno() : 0, bytes, 0);
  }

  /** Reads once into the handler's own buffer. */
  #readInto(own: Uint8Array<ArrayBuffer>): number {
    const count = libcSocket.recv(this.fd, own, own.length, MSG.dontwait);
    this.#noteRead(count, own.length);
    return this.#take(count, count < 0 ? errno() : 0, own, 0);
  }

  /** Derives from the result of a read of `wanted` bytes how to read next. */
  #noteRead(count: number, wanted: number): void {
    if (count < readAheadBytes) this.#isBulk = false;
    this.#isReadFull = count === wanted;
    this.#isFlowing = count >= this.#host.readBuffers.largeBytes;
  }

  /** Handles a read into `bytes` at `start`, with result `count` and errno `failure`. */
  #take(count: number, failure: number, bytes: Uint8Array, start: number): number {
    if (count > 0) {
      this.handler.onData(this, bytes, start, start + count);
      return count;
    }
    // A write has already failed with a reset, which is reported once. An end after it is not a FIN:
    // the peer's data may be truncated.
    if (count === 0 && this.#deferredErrno === Errno.ECONNRESET) return 0;
    if (count === 0) {
      this.#ended = true;
      this.handler.onEnd(this);
      // Most handlers close here, and a closed descriptor needs no update.
      this.#updateInterest();
    } else if (failure !== Errno.EAGAIN && failure !== Errno.EINTR) {
      this.#fail(failure);
    }
    return 0;
  }

  #updateInterest(): void {
    if (!this.isOpen || this.#connecting) return;
    const input = this.#paused || this.#ended ? 0 : inputInterest;
    const interest = this.#wantsDrain ? (input & EPOLL.in) | EPOLL.out : input;
    // Error events are always reported: they show a reset without requesting input.
    this.#host.poller.watch(this, interest === 0 ? EPOLL.err : interest);
  }

  deferFailure(errnoNumber: number): void {
    this.#deferredErrno = errnoNumber;
    this.#wantsDrain = true;
    this.#defer();
  }

  #defer(): void {
    if (this.#isDeferred) return;
    this.#isDeferred = true;
    this.#host.defer(this);
  }

  #fail(errnoNumber: number): void {
    const number = errnoNumber === 0 ? Errno.ECONNRESET : errnoNumber;
    const wasConnecting = this.#connecting;
    this.close();
    // Before the connection was established, nothing can have reached the peer's application.
    const error = new PeerError(errnoName(number), "upstream", errnoPhrase(number), wasConnecting);
    this.handler.onClose(this, error);
  }
}
