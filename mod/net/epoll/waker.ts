import { O } from "../../sys/descriptor_flags.ts";
import { errno, libc } from "../../sys/libc.ts";
import { errnoName } from "../../sys/errno.ts";
import { EPOLL } from "../../sys/epoll_event.ts";
import { type Poller, PollTarget } from "./poller.ts";

const eventfdFlags = O.nonblock | O.cloexec;

/** An eventfd in the epoll set: writing to it from Deno's loop ends a parked wait. */
export class Waker extends PollTarget {
  /** True while the reactor waits on Deno's thread pool; only then is a write needed. */
  parked = false;
  readonly #one = new Uint8Array(new BigUint64Array([1n]).buffer);
  readonly #sink = new Uint8Array(8);

  constructor(poller: Poller) {
    super();
    this.fd = libc.eventfd(0, eventfdFlags);
    if (this.fd < 0) throw new Error(`eventfd failed: ${errnoName(errno())}`);
    poller.watch(this, EPOLL.in);
  }

  wake(): void {
    if (this.parked) libc.write(this.fd, this.#one, 8);
  }

  override onEvents(_mask: number): void {
    libc.read(this.fd, this.#sink, 8);
  }
}
