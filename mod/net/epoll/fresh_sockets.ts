import { EPOLL } from "../../sys/epoll_event.ts";
import type { EpollSocket } from "./epoll_socket.ts";
import { readAheadMax } from "./read_buffers.ts";

/**
 * Accepted sockets that are not in the epoll set yet. Most clients send at once, so each is read
 * first: one that is answered and closed then never enters the set, which saves two system calls of
 * six. A read in vain costs less than one.
 */
export class FreshSockets {
  readonly #sockets: EpollSocket[] = [];
  readonly #wasRead: boolean[] = new Array(readAheadMax).fill(false);

  get count(): number {
    return this.#sockets.length;
  }

  add(socket: EpollSocket): void {
    this.#sockets.push(socket);
  }

  /** As `Poller.readAhead`, for the sockets `[from, to)`. */
  readAhead(from: number, to: number): void {
    for (let i = from; i < to; i++) {
      this.#wasRead[i - from] = this.#sockets[i].readAhead(i - from, EPOLL.in);
    }
  }

  /** As `Poller.dispatch`; those that stay open enter the epoll set. */
  dispatch(from: number, to: number): void {
    for (let i = from; i < to; i++) {
      const socket = this.#sockets[i];
      if (this.#wasRead[i - from]) socket.onReadAhead(i - from);
      socket.watch();
    }
  }

  clear(): void {
    this.#sockets.length = 0;
  }
}
