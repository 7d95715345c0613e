/** The reading side of a socket on epoll: what arrives, in which order, and who waits for its turn. */
import { Errno } from "../../sys/errno.ts";
import { EPOLL } from "../../sys/epoll_event.ts";
import { errno } from "../../sys/libc.ts";
import { libcSocket } from "../../sys/libc_socket.ts";
import { MSG } from "../../sys/sockaddr.ts";
import type { Socket, SocketHandler } from "../reactor.ts";
import { type Poller, PollTarget } from "./poller.ts";
import { readAheadBytes, type ReadBuffers } from "./read_buffers.ts";

/** What the reading sides of all sockets share. */
export interface InputHome {
  readonly poller: Poller;
  readonly readBuffers: ReadBuffers;
}

/** Reads of a socket whose write has failed: together more than a receive buffer holds. */
const lastReadsMax = 128;
/**
 * Edge-triggered: level triggering has the kernel look at each socket a second time, after it was
 * read, to find nothing. A read that did not fill the buffer has emptied the socket, and a FIN that
 * came with the bytes shows in the mask.
 */
export const inputInterest = EPOLL.in | EPOLL.rdhup | EPOLL.et;

export abstract class SocketInput extends PollTarget {
  isOpen = true;
  abstract readonly home: InputHome;
  abstract handler: SocketHandler;
  protected paused = false;
  protected ended = false;
  /** Nobody will read what comes: it only says that the time to close has come. */
  protected leaving = false;
  protected abstract connecting: boolean;
  /** Read ahead, and paused before its turn came: the bytes wait for `resume`. */
  protected held: Uint8Array | null = null;
  /** What the last `readAhead` returned, and errno where it failed. */
  #aheadCount = 0;
  #aheadErrno = 0;
  /** The last read filled a slot, so the next one takes the large buffer at once. */
  #isBulk = false;

  /** The whole socket, for its handler. */
  protected abstract get socket(): Socket;
  /** A failed write has heard of a reset, which is told once. */
  protected abstract get heardOfReset(): boolean;
  /** Sets anew what epoll watches for. */
  protected abstract updateInterest(): void;
  protected abstract fail(errnoNumber: number): void;
  abstract close(): void;

  protected get isReading(): boolean {
    return this.isOpen && !this.paused && !this.ended && !this.leaving;
  }

  override readAhead(slot: number, mask: number): boolean {
    // Whatever else there is to tell keeps its order by being told at once.
    if (mask !== EPOLL.in || this.#isBulk || this.held !== null) return false;
    if (this.connecting || !this.isReading) return false;
    const pointer = this.home.readBuffers.slotPointer(slot);
    this.#aheadCount = libcSocket.recv_at(this.fd, pointer, readAheadBytes, MSG.dontwait);
    if (this.#aheadCount < 0) this.#aheadErrno = errno();
    return true;
  }

  override onReadAhead(slot: number): void {
    if (!this.isOpen) return;
    const count = this.#aheadCount;
    const { readBuffers } = this.home;
    const start = readBuffers.slotStart(slot);
    if (this.paused && count >= 0) {
      // An end is found again when reading goes on; bytes are not.
      if (count > 0) this.held = readBuffers.bytes.slice(start, start + count);
      return;
    }
    this.#take(count, this.#aheadErrno, readBuffers.bytes, start);
    // There may be more, and no edge will tell of it.
    if (count < readAheadBytes) return;
    this.#isBulk = true;
    if (this.isReading) this.readArrived(false);
    else if (this.#isLeaving) this.home.poller.rearm(this);
  }

  /** What was held back gets its turn, unless the socket is paused again. */
  protected deliverHeld(): void {
    const bytes = this.held;
    if (bytes === null || this.paused) return;
    this.held = null;
    this.handler.onData(this.socket, bytes, 0, bytes.length);
  }

  /** `ends`: the peer's end, or an error, is to be found behind the bytes. */
  protected readArrived(ends: boolean): void {
    let count = this.#read();
    if (ends && count > 0 && this.isReading) count = this.#read();
    // More may be there: in the next tick, so that one fast peer does not keep the others waiting.
    const mayHaveMore = ends ? count > 0 : count === this.home.readBuffers.largeBytes;
    if (ends && this.leaving) this.close();
    else if (mayHaveMore && (this.isReading || this.#isLeaving)) this.home.poller.rearm(this);
  }

  get #isLeaving(): boolean {
    return this.leaving && this.isOpen;
  }

  /**
   * A peer that refuses our bytes may have said why before it closed: an upstream that answers a
   * large body early, for one. What has arrived is delivered before the failure of the write is.
   */
  protected readLastWords(): void {
    for (let i = 0; i < lastReadsMax; i++) {
      if (!this.isReading) return;
      if (this.#read() === 0) return;
    }
  }

  /** One read; returns how many bytes it brought. */
  #read(): number {
    const { bytes, largeBytes, largePointer } = this.home.readBuffers;
    const count = libcSocket.recv_at(this.fd, largePointer, largeBytes, MSG.dontwait);
    if (count < readAheadBytes) this.#isBulk = false;
    return this.#take(count, count < 0 ? errno() : 0, bytes, 0);
  }

  /** What a read has brought, to `start` of `bytes`: `count` and `failure` are its result and errno. */
  #take(count: number, failure: number, bytes: Uint8Array, start: number): number {
    if (count > 0) {
      this.handler.onData(this.socket, bytes, start, start + count);
      return count;
    }
    // What looks like the peer's end behind a reset is none: what it was sending may be cut off.
    if (count === 0 && this.heardOfReset) return 0;
    if (count === 0) {
      this.ended = true;
      this.handler.onEnd(this.socket);
      // Most handlers close, and a closed descriptor needs no new interest.
      this.updateInterest();
    } else if (failure !== Errno.EAGAIN && failure !== Errno.EINTR) {
      this.fail(failure);
    }
    return 0;
  }
}
