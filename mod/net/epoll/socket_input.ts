/** The reading side of an epoll socket: reading, ordering and delivery of input. */
import { Errno } from "../../sys/errno.ts";
import { EPOLL } from "../../sys/epoll_event.ts";
import { errno } from "../../sys/libc.ts";
import { libcSocket } from "../../sys/libc_socket.ts";
import { MSG } from "../../sys/sockaddr.ts";
import type { Socket, SocketHandler } from "../reactor.ts";
import { type Poller, PollTarget } from "./poller.ts";
import { readAheadBytes, type ReadBuffers } from "./read_buffers.ts";

/** What the reading sides of a reactor's sockets share. */
export interface InputHome {
  readonly poller: Poller;
  readonly readBuffers: ReadBuffers;
}

/** Most reads after a failed write: together more than a receive buffer holds. */
const lastReadsMax = 128;
/**
 * Edge-triggered: with level triggering the kernel checks each socket a second time after it was
 * read, in vain. A read that did not fill the buffer has emptied the socket, and a FIN that arrived
 * with the bytes shows in the mask.
 */
export const inputInterest = EPOLL.in | EPOLL.rdhup | EPOLL.et;

export abstract class SocketInput extends PollTarget {
  isOpen = true;
  abstract readonly home: InputHome;
  abstract handler: SocketHandler;
  protected paused = false;
  protected ended = false;
  /** Input is no longer read; any input means: close now. */
  protected leaving = false;
  protected abstract connecting: boolean;
  /** Bytes that were read ahead before the socket was paused; delivered after `resume`. */
  protected held: Uint8Array | null = null;
  /** Result of the last `readAhead`, and errno if it failed. */
  #aheadCount = 0;
  #aheadErrno = 0;
  /** The last read filled its slot, so the next one uses the large buffer at once. */
  #isBulk = false;

  /** The whole socket, for its handler. */
  protected abstract get socket(): Socket;
  /** A write has already failed with ECONNRESET; it is reported only once. */
  protected abstract get heardOfReset(): boolean;
  /** Updates the events that epoll watches for. */
  protected abstract updateInterest(): void;
  protected abstract fail(errnoNumber: number): void;
  abstract close(): void;

  protected get isReading(): boolean {
    return this.isOpen && !this.paused && !this.ended && !this.leaving;
  }

  override readAhead(slot: number, mask: number): boolean {
    // Any other event is delivered immediately, to preserve order.
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
      // An end is found again by the next read; bytes are not.
      if (count > 0) this.held = readBuffers.bytes.slice(start, start + count);
      return;
    }
    this.#take(count, this.#aheadErrno, readBuffers.bytes, start);
    // There may be more input, and no edge will report it.
    if (count < readAheadBytes) return;
    this.#isBulk = true;
    if (this.isReading) this.readArrived(false);
    else if (this.#isLeaving) this.home.poller.rearm(this);
  }

  /** Delivers bytes that were held back, unless the socket is paused again. */
  protected deliverHeld(): void {
    const bytes = this.held;
    if (bytes === null || this.paused) return;
    this.held = null;
    this.handler.onData(this.socket, bytes, 0, bytes.length);
  }

  /** `ends`: the bytes are followed by the peer's FIN or an error. */
  protected readArrived(ends: boolean): void {
    let count = this.#read();
    if (ends && count > 0 && this.isReading) count = this.#read();
    // Read the rest in the next tick, so that one fast peer does not delay the others.
    const mayHaveMore = ends ? count > 0 : count === this.home.readBuffers.largeBytes;
    if (ends && this.leaving) this.close();
    else if (mayHaveMore && (this.isReading || this.#isLeaving)) this.home.poller.rearm(this);
  }

  get #isLeaving(): boolean {
    return this.leaving && this.isOpen;
  }

  /**
   * A peer that rejects our bytes may have sent the reason before it closed, such as an upstream
   * that responds before the end of a large body. So arrived input is delivered before the write
   * error.
   */
  protected readLastWords(): void {
    for (let i = 0; i < lastReadsMax; i++) {
      if (!this.isReading) return;
      if (this.#read() === 0) return;
    }
  }

  /** Reads once; returns the number of bytes. */
  #read(): number {
    const { bytes, largeBytes, largePointer } = this.home.readBuffers;
    const count = libcSocket.recv_at(this.fd, largePointer, largeBytes, MSG.dontwait);
    if (count < readAheadBytes) this.#isBulk = false;
    return this.#take(count, count < 0 ? errno() : 0, bytes, 0);
  }

  /** Handles a read into `bytes` at `start`, with result `count` and errno `failure`. */
  #take(count: number, failure: number, bytes: Uint8Array, start: number): number {
    if (count > 0) {
      this.handler.onData(this.socket, bytes, start, start + count);
      return count;
    }
    // An end after a reset is not a FIN: the peer's data may be truncated.
    if (count === 0 && this.heardOfReset) return 0;
    if (count === 0) {
      this.ended = true;
      this.handler.onEnd(this.socket);
      // Most handlers close here, and a closed descriptor needs no update.
      this.updateInterest();
    } else if (failure !== Errno.EAGAIN && failure !== Errno.EINTR) {
      this.fail(failure);
    }
    return 0;
  }
}
