import type { Address } from "../../base/address.ts";
import { PeerError } from "../../base/errors.ts";
import { Errno, errnoName, errnoPhrase } from "../../sys/errno.ts";
import { sendFile } from "../../sys/file_calls.ts";
import { errno, libc } from "../../sys/libc.ts";
import { EPOLL } from "../../sys/epoll_event.ts";
import { MSG } from "../../sys/sockaddr.ts";
import type { Socket, SocketHandler } from "../reactor.ts";
import { localAddressOf, peerAddressOf, resetOnClose, takeSocketError } from "./descriptor.ts";
import type { OutputBuffers } from "./output_buffers.ts";
import { type Poller, PollTarget } from "./poller.ts";
import { readAheadBytes, type ReadBuffers } from "./read_buffers.ts";

/** What sockets share: the set they are watched in and the buffer that all of them read into. */
export interface SocketHome {
  readonly poller: Poller;
  readonly readBuffers: ReadBuffers;
  readonly outputBuffers: OutputBuffers;
  /** Has `socket.deliverDeferred()` called later in this tick or in the next. */
  defer(socket: EpollSocket): void;
}

/** Reads of a socket whose write has failed: together more than a receive buffer holds. */
const lastReadsMax = 128;
const sendFlags = MSG.nosignal | MSG.dontwait;
/**
 * Edge-triggered: level triggering has the kernel look at each socket a second time, after it was
 * read, to find nothing. A read that did not fill the buffer has emptied the socket, and a FIN that
 * came with the bytes shows in the mask.
 */
const inputInterest = EPOLL.in | EPOLL.rdhup | EPOLL.et;
/** The peer sends no more, or nothing goes at all. */
const endMask = EPOLL.rdhup | EPOLL.hup | EPOLL.err;

/** A nonblocking stream socket: edge-triggered for input, level-triggered while output waits. */
export class EpollSocket extends PollTarget implements Socket {
  isOpen = true;
  #connecting: boolean;
  #paused = false;
  #ended = false;
  #wantsDrain = false;
  #isShutDown = false;
  #deferredErrno = 0;
  #isDeferred = false;
  /** The last write may wait in the kernel for the FIN. */
  #isHeldBack = false;
  /** What the last `readAhead` returned, and errno where it failed. */
  #aheadCount = 0;
  #aheadErrno = 0;
  /** The last read filled a slot, so the next one takes the large buffer at once. */
  #isBulk = false;
  /** Read ahead, and paused before its turn came: the bytes wait for `resume`. */
  #held: Uint8Array | null = null;

  constructor(
    readonly home: SocketHome,
    fd: number,
    public handler: SocketHandler,
    connecting: boolean,
  ) {
    super();
    this.fd = fd;
    this.#connecting = connecting;
    if (!connecting) this.home.poller.watch(this, inputInterest);
  }

  write(bytes: Uint8Array, start: number, end: number, isLast = false): number {
    if (!this.isOpen || this.#connecting) return 0;
    if (this.#wantsDrain || this.#isShutDown) return 0;
    const sent = this.#send(bytes, start, end, isLast ? sendFlags | MSG.more : sendFlags);
    this.#isHeldBack = isLast;
    if (sent === end - start) return sent;
    if (sent < 0 && errno() !== Errno.EAGAIN && errno() !== Errno.EINTR) {
      this.#deferFailure(errno());
      return 0;
    }
    this.#wantsDrain = true;
    this.#updateInterest();
    return sent < 0 ? 0 : sent;
  }

  #send(bytes: Uint8Array, start: number, end: number, flags: number): number {
    const pointer = this.home.outputBuffers.pointerTo(bytes, start);
    if (pointer !== null) return libc.send_at(this.fd, pointer, end - start, flags);
    // Other writes mostly begin at 0 and need no view; a remainder, rare by nature, makes one.
    const from = start === 0 ? bytes : bytes.subarray(start);
    return libc.send(this.fd, from as Uint8Array<ArrayBuffer>, end - start, flags);
  }

  sendFile(fd: number, offset: number, length: number): number {
    if (!this.isOpen || this.#connecting) return 0;
    if (this.#wantsDrain || this.#isShutDown) return 0;
    const sent = sendFile(this.fd, fd, offset, length);
    if (sent === length) return sent;
    if (sent === 0) return -1;
    const number = sent < 0 ? errno() : Errno.EAGAIN;
    if (number !== Errno.EAGAIN && number !== Errno.EINTR) {
      // EIO and EINVAL are the file's fault, everything else is the connection's.
      if (number === Errno.EINVAL || errnoName(number) === "EIO") return -1;
      this.#deferFailure(number);
      return 0;
    }
    this.#wantsDrain = true;
    this.#updateInterest();
    return Math.max(sent, 0);
  }

  pause(): void {
    if (this.#paused) return;
    this.#paused = true;
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
    libc.shutdown(this.fd, 1);
    // Nothing more will be written, so nobody waits for room.
    this.#wantsDrain = false;
    this.#updateInterest();
  }

  close(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.home.poller.forget(this, false);
    // With unread bytes of the peer close(2) sends a reset and throws away what was held back.
    if (this.#isHeldBack && !this.#isShutDown) libc.shutdown(this.fd, 1);
    libc.close(this.fd);
  }

  abort(): void {
    if (!this.isOpen) return;
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

  override readAhead(slot: number, mask: number): boolean {
    // Whatever else there is to tell keeps its order by being told at once.
    if (mask !== EPOLL.in || this.#isBulk || this.#held !== null) return false;
    if (this.#connecting || !this.#isReading()) return false;
    const pointer = this.home.readBuffers.slotPointer(slot);
    this.#aheadCount = libc.recv_at(this.fd, pointer, readAheadBytes, MSG.dontwait);
    if (this.#aheadCount < 0) this.#aheadErrno = errno();
    return true;
  }

  override onReadAhead(slot: number): void {
    if (!this.isOpen) return;
    const count = this.#aheadCount;
    const { readBuffers } = this.home;
    const start = readBuffers.slotStart(slot);
    if (count > 0 && this.#paused) {
      this.#held = readBuffers.bytes.slice(start, start + count);
      return;
    }
    this.#take(count, this.#aheadErrno, readBuffers.bytes, start);
    // There may be more, and no edge will tell of it.
    if (count < readAheadBytes) return;
    this.#isBulk = true;
    if (this.#isReading()) this.#readArrived(false);
  }

  override onEvents(mask: number): void {
    if (this.#connecting) return this.#finishConnect(mask);
    if (this.#held !== null && !this.#paused) this.#deliverHeld();
    if ((mask & (EPOLL.in | endMask)) !== 0) {
      if (this.#isReading()) this.#readArrived((mask & endMask) !== 0);
      else if ((mask & (EPOLL.hup | EPOLL.err)) !== 0) this.#noticeHangup(mask);
    }
    if ((mask & EPOLL.out) !== 0 && this.isOpen && this.#wantsDrain) {
      this.#wantsDrain = false;
      this.handler.onDrain(this);
      // Only now: a long transfer falls short again and again, and would change it twice each time.
      this.#updateInterest();
    }
  }

  /** The connect went through, or failed, without the kernel's help; see `connect` of the reactor. */
  deferConnected(errnoNumber: number): void {
    this.#deferredErrno = errnoNumber;
    this.#defer();
  }

  /** Called by the reactor once per `defer`. */
  deliverDeferred(): void {
    this.#isDeferred = false;
    if (!this.isOpen) return;
    if (this.#held !== null && !this.#paused) this.#deliverHeld();
    if (this.#deferredErrno !== 0) {
      if (!this.#connecting) this.#readLastWords();
      if (this.isOpen) this.#fail(this.#deferredErrno);
    } else if (this.#connecting) {
      this.#opened();
    }
  }

  /**
   * A peer that refuses our bytes may have said why before it closed: an upstream that answers a
   * large body early, for one. What has arrived is delivered before the failure of the write is.
   */
  #readLastWords(): void {
    for (let i = 0; i < lastReadsMax; i++) {
      if (!this.#isReading()) return;
      if (this.#read() === 0) return;
    }
  }

  #isReading(): boolean {
    return this.isOpen && !this.#paused && !this.#ended;
  }

  #deliverHeld(): void {
    const bytes = this.#held!;
    this.#held = null;
    this.handler.onData(this, bytes, 0, bytes.length);
  }

  /** `ends`: the peer's end, or an error, is to be found behind the bytes. */
  #readArrived(ends: boolean): void {
    let count = this.#read();
    if (ends && count > 0 && this.#isReading()) count = this.#read();
    // More may be there: in the next tick, so that one fast peer does not keep the others waiting.
    const mayHaveMore = ends ? count > 0 : count === this.home.readBuffers.largeBytes;
    if (mayHaveMore && this.#isReading()) this.home.poller.rearm(this);
  }

  /** One read; returns how many bytes it brought. */
  #read(): number {
    const { bytes, largeBytes, largePointer } = this.home.readBuffers;
    const count = libc.recv_at(this.fd, largePointer, largeBytes, MSG.dontwait);
    if (count < readAheadBytes) this.#isBulk = false;
    return this.#take(count, count < 0 ? errno() : 0, bytes, 0);
  }

  /** What a read has brought, to `start` of `bytes`: `count` and `failure` are its result and errno. */
  #take(count: number, failure: number, bytes: Uint8Array, start: number): number {
    if (count > 0) {
      this.handler.onData(this, bytes, start, start + count);
      return count;
    }
    // A reset is told once, and a failed write has heard of it: what looks like the peer's end here
    // is none, and what it was sending may be cut off.
    if (count === 0 && this.#deferredErrno === Errno.ECONNRESET) return 0;
    if (count === 0) {
      this.#ended = true;
      this.handler.onEnd(this);
      // Most handlers close, and a closed descriptor needs no new interest.
      this.#updateInterest();
    } else if (failure !== Errno.EAGAIN && failure !== Errno.EINTR) {
      this.#fail(failure);
    }
    return 0;
  }

  /**
   * Error or hang-up on a socket that is paused or has ended. A reset ends it at once, and so does a
   * hang-up while output waits, which can reach nobody now. A mere hang-up may have bytes before it
   * that nobody has asked for yet: the socket leaves the set, or level triggering would report it
   * for ever; `resume` puts it back.
   */
  #noticeHangup(mask: number): void {
    if ((mask & EPOLL.err) !== 0) this.#fail(takeSocketError(this.fd));
    else if (this.#wantsDrain) this.#fail(Errno.EPIPE);
    else this.home.poller.watch(this, 0);
  }

  #finishConnect(mask: number): void {
    // A connection that failed says so in its events; only then is it worth asking why.
    const failed = (mask & (EPOLL.err | EPOLL.hup)) !== 0;
    const failure = failed ? takeSocketError(this.fd) : 0;
    if (failure !== 0) this.#fail(failure);
    else this.#opened();
  }

  #opened(): void {
    this.#connecting = false;
    this.#updateInterest();
    if (this.#isShutDown) libc.shutdown(this.fd, 1);
    this.handler.onOpen(this);
  }

  #updateInterest(): void {
    if (!this.isOpen || this.#connecting) return;
    const input = this.#paused || this.#ended ? 0 : inputInterest;
    const interest = this.#wantsDrain ? (input & EPOLL.in) | EPOLL.out : input;
    // Error events come unasked: they keep a reset visible without asking for the peer's bytes.
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

  #fail(errnoNumber: number): void {
    const number = errnoNumber === 0 ? Errno.ECONNRESET : errnoNumber;
    const wasConnecting = this.#connecting;
    this.close();
    // Before the connection stood, nothing can have reached the peer's application.
    const error = new PeerError(errnoName(number), "upstream", errnoPhrase(number), wasConnecting);
    this.handler.onClose(this, error);
  }
}
