/**
 * Reports when descriptors become readable, for the few that are not sockets of the reactor: pipes of
 * workers, readiness datagrams, the control socket. All share one epoll_wait(2) on a pool thread.
 */
import { libc } from "../sys/libc.ts";
import { EPOLL, eventBytes, eventDataOffset } from "../sys/epoll_event.ts";

const eventsMax = 64;

/** Watches descriptors until `forget`. While any is watched it occupies one pool thread. */
export class DescriptorWatch {
  readonly #epoll: number;
  readonly #wake: number;
  readonly #callbacks = new Map<number, () => void>();
  #running: Promise<void> | null = null;

  constructor() {
    this.#epoll = libc.epoll_create1(EPOLL.cloexec);
    this.#wake = libc.eventfd(0, 0x80800); // EFD_CLOEXEC | EFD_NONBLOCK
    this.#control(EPOLL.ctlAdd, this.#wake);
  }

  /** Calls `callback` whenever `fd` is readable or at its end, until `forget(fd)`. */
  watch(fd: number, callback: () => void): void {
    this.#callbacks.set(fd, callback);
    this.#control(EPOLL.ctlAdd, fd);
    this.#running ??= this.#run();
  }

  /** Call it before closing `fd`. */
  forget(fd: number): void {
    if (!this.#callbacks.delete(fd)) return;
    this.#control(EPOLL.ctlDel, fd);
    // Ends the wait, so that Deno's event loop is not kept alive with nothing left to watch.
    if (this.#callbacks.size === 0) libc.write(this.#wake, new BigUint64Array([1n]), 8);
  }

  /** Resolves when nothing is watched and the wait has returned. */
  async settled(): Promise<void> {
    await this.#running;
  }

  #control(operation: number, fd: number): void {
    const event = new Uint8Array(eventBytes);
    const view = new DataView(event.buffer);
    view.setUint32(0, EPOLL.in, true);
    view.setInt32(eventDataOffset, fd, true);
    if (libc.epoll_ctl(this.#epoll, operation, fd, event) !== 0 && operation === EPOLL.ctlAdd) {
      throw new RangeError(`Cannot watch descriptor ${fd}: epoll refuses it`);
    }
  }

  async #run(): Promise<void> {
    const events = new Uint8Array(eventBytes * eventsMax);
    const view = new DataView(events.buffer);
    while (this.#callbacks.size > 0) {
      const count = await libc.epoll_wait_parked(this.#epoll, events, eventsMax, -1);
      for (let index = 0; index < count; index++) {
        const fd = view.getInt32(index * eventBytes + eventDataOffset, true);
        if (fd === this.#wake) libc.read(this.#wake, new Uint8Array(8), 8);
        // An earlier callback of this batch may have called `forget` for a later descriptor.
        else this.#callbacks.get(fd)?.();
      }
    }
    this.#running = null;
  }
}

/** The shared watch of the process. */
export const descriptorWatch = new DescriptorWatch();
