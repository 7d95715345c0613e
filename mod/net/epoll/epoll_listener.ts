import type { Address } from "../../base/address.ts";
import { Errno } from "../../sys/errno.ts";
import { errno } from "../../sys/libc.ts";
import { libcSocket } from "../../sys/libc_socket.ts";
import { EPOLL } from "../../sys/epoll_event.ts";
import { SOCK } from "../../sys/sockaddr.ts";
import type { AcceptHandler, Listener, ListenOptions, SocketHandler } from "../reactor.ts";
import { shutQueue } from "../accept_queue.ts";
import { removeSocketPath, socketInode } from "../unix_path.ts";
import { localAddressOf } from "./descriptor.ts";
import { EpollSocket, type SocketHome } from "./epoll_socket.ts";
import { PollTarget } from "./poller.ts";

/** Connections accepted in one go, so that a flood of new ones cannot starve those that are open. */
const acceptBatchMax = 64;
/** How long a listener rests when the process has no descriptors left, in milliseconds. */
const restMs = 100;

/** Whose the socket is: `bound` by us and held by nobody else, or `inherited` and shared with our parent. */
export type Ownership = "bound" | "inherited";

export class EpollListener extends PollTarget implements Listener {
  readonly address: Address;
  acceptedCount = 0;
  readonly #home: SocketHome;
  readonly #onAccept: AcceptHandler;
  readonly #ownership: Ownership;
  readonly #isShared: boolean;
  readonly #inode: number | null;
  readonly #setTimer: (delayMs: number, callback: () => void) => void;
  #isPaused = true;
  #isAccepting = false;

  constructor(
    home: SocketHome,
    fd: number,
    onAccept: AcceptHandler,
    ownership: Ownership,
    options: ListenOptions,
    setTimer: (delayMs: number, callback: () => void) => void,
  ) {
    super();
    this.fd = fd;
    this.#home = home;
    this.#onAccept = onAccept;
    this.#ownership = ownership;
    this.#isShared = options.shared ?? false;
    this.#setTimer = setTimer;
    this.address = localAddressOf(fd);
    this.#inode = ownership === "bound" && this.address.kind === "unix"
      ? socketInode(this.address.path)
      : null;
    if (options.paused !== true) this.resume();
  }

  pause(): void {
    this.#isPaused = true;
    if (this.interest === 0) return;
    this.#home.poller.watch(this, 0);
    // In the accept handler, one has been taken already, and a wake-up stands for one connection.
    if (this.#isShared && !this.#isAccepting) this.#accept();
  }

  resume(): void {
    this.#isPaused = false;
    if (this.fd < 0) return;
    this.#home.poller.watch(this, this.#isShared ? EPOLL.in | EPOLL.exclusive : EPOLL.in);
  }

  close(isLastHolder = false): void {
    if (this.fd < 0) return;
    // New connections find the path gone first, then the queue is emptied: nobody is left in it.
    if (this.address.kind === "unix" && this.#ownership === "bound") {
      removeSocketPath(this.address.path, this.#inode);
    }
    const isLast = isLastHolder || this.#ownership === "bound";
    if (isLast) this.#acceptRemaining();
    this.#home.poller.forget(this, true);
    if (!isLast) this.#accept();
    libcSocket.close(this.fd);
    this.fd = -1;
  }

  override onEvents(_mask: number): void {
    this.#accept();
  }

  /**
   * Takes what is there, until the handler pauses. Also once we watch no longer: a connection may
   * have woken us and nobody else (EPOLLEXCLUSIVE), and left in the queue it would wait until the
   * next one comes. From then on the kernel wakes others.
   */
  #accept(): void {
    const { interest } = this;
    this.#isAccepting = true;
    for (let i = 0; i < acceptBatchMax; i++) {
      if (!this.#acceptOne() || this.interest !== interest) break;
    }
    this.#isAccepting = false;
  }

  #acceptRemaining(): void {
    shutQueue(this.fd);
    while (this.#acceptOne());
  }

  #acceptOne(): boolean {
    if (this.fd < 0) return false;
    const fd = libcSocket.accept4(this.fd, null, null, SOCK.nonblock | SOCK.cloexec);
    if (fd < 0) return this.#onAcceptFailure(errno());
    this.acceptedCount++;
    const socket = new EpollSocket(this.#home, fd, noHandler, false);
    socket.handler = this.#onAccept(socket, this);
    return true;
  }

  /** True when the next connection should be tried at once. */
  #onAcceptFailure(number: number): boolean {
    if (number === Errno.EAGAIN) return false;
    if (number === Errno.EMFILE || number === Errno.ENFILE) {
      // Level triggering would report the waiting connection again and again.
      this.#home.poller.watch(this, 0);
      this.#setTimer(restMs, () => {
        if (!this.#isPaused) this.resume();
      });
      return false;
    }
    // The one connection that was to be accepted is gone (accept(2)); the next may be sound. Any
    // other failure is told again by the next event, which gives the rest of the process its turn.
    return number === Errno.ECONNABORTED || number === Errno.EINTR;
  }
}

/** Stands in until `onAccept` has returned the real one; no event can come in between. */
const noHandler: SocketHandler = {
  onOpen() {},
  onData() {},
  onDrain() {},
  onEnd() {},
  onClose() {},
};
