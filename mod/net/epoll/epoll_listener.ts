import type { Address } from "../../base/address.ts";
import { Errno } from "../../sys/errno.ts";
import { errno } from "../../sys/libc.ts";
import { libcSocket } from "../../sys/libc_socket.ts";
import { EPOLL } from "../../sys/epoll_event.ts";
import { SOCK } from "../../sys/sockaddr.ts";
import type {
  AcceptHandler,
  ConnectionShare,
  Listener,
  ListenOptions,
  SocketHandler,
} from "../reactor.ts";
import { isShut, shutQueue, waitingCount } from "../accept_queue.ts";
import { inodeAt, removeSocketPath } from "../unix_path.ts";
import { localAddressOf } from "../descriptor.ts";
import { EpollSocket, type SocketHost } from "./epoll_socket.ts";
import { nameLengthPointer, namePointer, PeerName, prepareName } from "./peer_name.ts";
import { PollTarget } from "./poller.ts";
import { WakeMode } from "./wake_mode.ts";

/** Most connections accepted at once, so that a flood of new ones does not starve open ones. */
const acceptBatchMax = 64;
/** How long a listener pauses when the process is out of descriptors. */
const restMs = 100;
/** How long a connection waits for the process that should take it, which may hang. */
const patienceMs = 20;

/** `bound`: opened by us, with no other holder. `inherited`: shared with our parent process. */
export type Ownership = "bound" | "inherited";

export class EpollListener extends PollTarget implements Listener {
  readonly address: Address;
  acceptedCount = 0;
  readonly #host: SocketHost;
  readonly #onAccept: AcceptHandler;
  readonly #ownership: Ownership;
  readonly #isShared: boolean;
  /** null: it takes all that it is woken for. */
  readonly #share: ConnectionShare | null;
  readonly #wakeMode = new WakeMode();
  /** A look at what the others have left is due. */
  #looksAgain = false;
  readonly #inode: number | null;
  readonly #setTimer: (delayMs: number, callback: () => void) => void;
  #isPaused = true;
  #isAccepting = false;

  constructor(
    host: SocketHost,
    fd: number,
    onAccept: AcceptHandler,
    ownership: Ownership,
    options: ListenOptions,
    setTimer: (delayMs: number, callback: () => void) => void,
  ) {
    super();
    this.fd = fd;
    this.#host = host;
    this.#onAccept = onAccept;
    this.#ownership = ownership;
    this.#isShared = options.shared ?? false;
    this.#setTimer = setTimer;
    this.address = localAddressOf(fd);
    this.#share = this.address.kind === "tcp" ? options.share ?? null : null;
    this.#inode = this.address.kind === "unix" ? inodeAt(this.address.path) : null;
    if (options.paused !== true) this.resume();
  }

  pause(): void {
    if (!this.#isPaused) this.#share?.stopAccepting();
    this.#isPaused = true;
    if (this.interest === 0) return;
    this.#host.poller.watch(this, 0);
    // Within the accept handler one was already taken, and a wake-up is for one connection.
    if (this.#isShared && !this.#wakesAll && !this.#isAccepting) this.#accept();
  }

  resume(): void {
    if (this.fd < 0) return;
    if (this.#isPaused) this.#share?.startAccepting();
    this.#isPaused = false;
    this.#host.poller.watch(this, this.#wishedInterest);
  }

  /** A new connection wakes all processes that share the queue; each leaves others their share. */
  get #wakesAll(): boolean {
    return this.#share !== null && !this.#wakeMode.isExclusive;
  }

  get #wishedInterest(): number {
    if (!this.#isShared) return EPOLL.in;
    // Edge-triggered: what is left to others would wake this process again and again.
    return EPOLL.in | (this.#wakesAll ? EPOLL.et : EPOLL.exclusive);
  }

  close(isLastHolder = false): void {
    if (this.fd < 0) return;
    if (!this.#isPaused) this.#share?.stopAccepting();
    this.#isPaused = true;
    // Remove the path before emptying the queue, so that no new connection enters it.
    if (this.address.kind === "unix" && this.#ownership === "bound") {
      removeSocketPath(this.address.path, this.#inode);
    }
    const isLast = isLastHolder || this.#ownership === "bound" || this.#isGivenUp;
    if (isLast) this.#acceptRemaining();
    this.#host.poller.forget(this, true);
    if (!isLast && !this.#wakesAll) this.#accept();
    libcSocket.close(this.fd);
    this.fd = -1;
  }

  /** Its other holders have closed it for good, so that no successor serves what waits. */
  get #isGivenUp(): boolean {
    const { address } = this;
    return address.kind === "tcp" ? isShut(this.fd) : inodeAt(address.path) !== this.#inode;
  }

  override onEvents(_mask: number): void {
    if (this.#share === null) return void this.#accept();
    const earlier = this.acceptedCount;
    if (this.#wakeMode.isExclusive) this.#accept();
    else this.#acceptShare(this.#share);
    const accepts = this.acceptedCount - earlier;
    const hasChanged = this.#wakeMode.note(
      this.#host.nowMs,
      accepts,
      () => this.#share!.workerCount,
    );
    if (hasChanged && this.interest !== 0) this.#changeInterest();
  }

  /** EPOLLEXCLUSIVE can only be set when a descriptor enters the set (epoll_ctl(2)). */
  #changeInterest(): void {
    this.#host.poller.watch(this, 0);
    this.#host.poller.watch(this, this.#wishedInterest);
  }

  /** Accepts what falls to this process. The kernel has woken the others, too. */
  #acceptShare(share: ConnectionShare): void {
    const most = Math.min(share.of(waitingCount(this.fd)), acceptBatchMax);
    if (!this.#accept(most)) return;
    if (most === acceptBatchMax) this.#host.poller.rearm(this);
    else this.#lookAgain(share);
  }

  /**
   * The process that should have taken what is still there may hang. It may as well wait for a CPU, so
   * each of the others that look takes no more than a part of it.
   */
  #lookAgain(share: ConnectionShare): void {
    if (this.#looksAgain) return;
    this.#looksAgain = true;
    this.#setTimer(patienceMs, () => {
      this.#looksAgain = false;
      if (this.interest === 0 || !this.#wakesAll) return;
      const part = Math.ceil(waitingCount(this.fd) / Math.max(1, share.workerCount));
      if (this.#accept(part)) this.#lookAgain(share);
    });
  }

  /**
   * Accepts up to `most` waiting connections, or until the handler pauses. True: there may be more.
   * Also called once after we stop watching: a connection may have woken only us (EPOLLEXCLUSIVE),
   * and if left in the queue it would wait until the next one arrives. From then on the kernel wakes
   * other processes.
   */
  #accept(most = acceptBatchMax): boolean {
    const { interest } = this;
    this.#isAccepting = true;
    let count = 0;
    while (count < most && this.#acceptOne() && this.interest === interest) count++;
    this.#isAccepting = false;
    return count === most && this.interest === interest;
  }

  #acceptRemaining(): void {
    shutQueue(this.fd);
    while (this.#acceptOne());
  }

  #acceptOne(): boolean {
    if (this.fd < 0) return false;
    prepareName();
    const fd = libcSocket.accept4(
      this.fd,
      namePointer,
      nameLengthPointer,
      SOCK.nonblock | SOCK.cloexec,
    );
    if (fd < 0) return this.#onAcceptFailure(errno());
    this.acceptedCount++;
    const socket = new EpollSocket(this.#host, fd, noHandler, false);
    socket.peerName = new PeerName();
    if (this.#share !== null) {
      socket.share = this.#share;
      this.#share.opened();
    }
    socket.handler = this.#onAccept(socket, this);
    this.#host.admit(socket);
    return true;
  }

  /** True if accepting should be retried at once. */
  #onAcceptFailure(number: number): boolean {
    if (number === Errno.EAGAIN) return false;
    if (number === Errno.EMFILE || number === Errno.ENFILE) {
      // Level triggering would report the waiting connection again and again.
      this.#host.poller.watch(this, 0);
      this.#setTimer(restMs, () => {
        if (!this.#isPaused) this.resume();
      });
      return false;
    }
    // The connection to be accepted is gone (accept(2)); the next may be fine. Any other failure is
    // reported again by the next event, after other sockets have had their turn.
    return number === Errno.ECONNABORTED || number === Errno.EINTR;
  }
}

/** Placeholder until `onAccept` returns the real handler; no event can occur in between. */
const noHandler: SocketHandler = {
  onOpen() {},
  onData() {},
  onDrain() {},
  onEnd() {},
  onClose() {},
};
