/** One epoll instance: the watched descriptors and the targets of their events. */
import { errno, libc } from "../../sys/libc.ts";
import { libcSocket } from "../../sys/libc_socket.ts";
import { errnoName } from "../../sys/errno.ts";
import { EPOLL, eventBytes, eventDataOffset } from "../../sys/epoll_event.ts";
import { readAheadMax } from "./read_buffers.ts";

/** Something with a descriptor in the epoll set. */
export abstract class PollTarget {
  fd = -1;
  /** Events that epoll currently watches for; 0 while the descriptor is not in the set. */
  interest = 0;
  /**
   * Changes at each registration and is stored with the descriptor in the kernel. A callback may
   * close a descriptor and open another that gets the same number while events of the old one are
   * still in the batch: they carry the old generation and are dropped.
   */
  generation = 0;
  abstract onEvents(mask: number): void;

  /**
   * Reads into the slot and keeps the result for `onReadAhead`, which is called later in the same
   * batch in any case. False: nothing was read, and `onEvents` is called instead.
   */
  readAhead(_slot: number, _mask: number): boolean {
    return false;
  }

  /** Delivers the bytes, the end or the error found by `readAhead`. */
  onReadAhead(_slot: number): void {}
}

/** Most events taken from the kernel at once; others wait for the next tick. */
const batchMax = 512;

export class Poller {
  readonly #epollFd: number;
  readonly #targets: (PollTarget | null)[] = [];
  /** By descriptor: registered with epoll but currently unowned; will be reused. */
  readonly #isSpare: boolean[] = [];
  readonly #events = new Uint8Array(eventBytes * batchMax);
  readonly #eventView = new DataView(this.#events.buffer);
  readonly #eventsPointer = Deno.UnsafePointer.of(this.#events);
  readonly #change = new Uint8Array(eventBytes);
  readonly #changeView = new DataView(this.#change.buffer);
  /** struct timespec: seconds and nanoseconds, 64 bits each. */
  readonly #timespec = new Uint32Array(4);
  readonly #timespecBytes = new Uint8Array(this.#timespec.buffer);
  /** Targets of the current batch that were read ahead. */
  readonly #readAhead: (PollTarget | null)[] = new Array(readAheadMax).fill(null);
  #lastGeneration = 0;

  constructor() {
    this.#epollFd = libc.epoll_create1(EPOLL.cloexec);
    if (this.#epollFd < 0) throw new Error(`epoll_create1 failed: ${errnoName(errno())}`);
  }

  /**
   * Sets the events that `target.fd` is watched for; 0 removes it from the set, which also stops
   * the error and hang-up events that epoll always reports.
   */
  watch(target: PollTarget, interest: number): void {
    if (target.interest === interest) return;
    const isNew = target.interest === 0;
    target.interest = interest;
    if (isNew) this.#control(this.#admit(target), target);
    else this.#control(interest === 0 ? EPOLL.ctlDel : EPOLL.ctlMod, target);
  }

  /** Registers the target; returns the epoll_ctl operation to use. */
  #admit(target: PollTarget): number {
    const { fd } = target;
    target.generation = this.#lastGeneration = (this.#lastGeneration + 1) & 0x7fffffff;
    this.#targets[fd] = target;
    if (this.#isSpare[fd] !== true) return EPOLL.ctlAdd;
    this.#isSpare[fd] = false;
    return EPOLL.ctlMod;
  }

  /**
   * Re-arms an edge-triggered target, so that the next wait reports input that is already pending.
   */
  rearm(target: PollTarget): void {
    this.#control(EPOLL.ctlMod, target);
  }

  #control(op: number, target: PollTarget): void {
    this.#changeView.setInt32(0, target.interest, true);
    this.#changeView.setInt32(eventDataOffset, target.fd, true);
    this.#changeView.setInt32(eventDataOffset + 4, target.generation, true);
    if (libcSocket.epoll_ctl(this.#epollFd, op, target.fd, this.#change) < 0) {
      throw new Error(`epoll_ctl(${op}) on descriptor ${target.fd} failed: ${errnoName(errno())}`);
    }
  }

  /**
   * Removes a target whose descriptor is about to be closed. `shared`: another process holds the
   * same open file, so closing our descriptor alone would leave it in the set.
   */
  forget(target: PollTarget, shared: boolean): void {
    if (target.interest !== 0 && shared) this.watch(target, 0);
    this.#isSpare[target.fd] = false;
    this.#release(target);
  }

  /** Removes a target whose descriptor stays open and registered, for reuse by another target. */
  spare(target: PollTarget): void {
    this.#isSpare[target.fd] = true;
    this.#release(target);
  }

  #release(target: PollTarget): void {
    target.interest = 0;
    if (this.#targets[target.fd] === target) this.#targets[target.fd] = null;
  }

  /**
   * Blocks this thread for at most `timeoutMs`; returns the number of events (0: none, or a
   * signal).
   */
  wait(timeoutMs: number): number {
    return libcSocket.epoll_wait(this.#epollFd, this.#eventsPointer, batchMax, timeoutMs);
  }

  /**
   * The same for less than a millisecond; returns at once if the system cannot wait that briefly.
   */
  waitBriefly(timeoutMs: number): number {
    if (libcSocket.epoll_pwait2 === null) return this.wait(0);
    this.#timespec[2] = Math.max(0, timeoutMs * 1e6);
    return libcSocket.epoll_pwait2(
      this.#epollFd,
      this.#eventsPointer,
      batchMax,
      this.#timespecBytes,
      null,
    );
  }

  /** The same on Deno's thread pool; -1 waits indefinitely. */
  waitParked(timeoutMs: number): Promise<number> {
    return libc.epoll_wait_parked(this.#epollFd, this.#events, batchMax, timeoutMs);
  }

  /**
   * Reads from the targets of the last wait's events `[from, to)`, at most `readAheadMax` of them,
   * before `dispatch` makes the first callback. As output is also sent at the end of a batch, the
   * kernel's code and ours alternate once per batch instead of once per socket, which keeps CPU
   * caches warm.
   */
  readAhead(from: number, to: number): void {
    for (let i = from; i < to; i++) {
      const target = this.#targetOf(i);
      const wasRead = target !== null && target.readAhead(i - from, this.#maskOf(i));
      this.#readAhead[i - from] = wasRead ? target : null;
    }
  }

  /** Calls the targets of the same events; after `readAhead`. */
  dispatch(from: number, to: number): void {
    for (let i = from; i < to; i++) {
      const read = this.#readAhead[i - from];
      if (read !== null) {
        this.#readAhead[i - from] = null;
        read.onReadAhead(i - from);
      } else {
        this.#targetOf(i)?.onEvents(this.#maskOf(i));
      }
    }
  }

  #maskOf(index: number): number {
    return this.#eventView.getUint32(index * eventBytes, true);
  }

  /** The target of an event; null if it no longer exists. */
  #targetOf(index: number): PollTarget | null {
    const at = index * eventBytes + eventDataOffset;
    const target = this.#targets[this.#eventView.getInt32(at, true)] ?? null;
    if (target === null || target.interest === 0) return null;
    return target.generation === this.#eventView.getInt32(at + 4, true) ? target : null;
  }

  close(): void {
    libc.close(this.#epollFd);
  }
}
