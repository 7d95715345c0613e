/**
 * Tells a process whether it must empty the accept queue of a listening socket before closing it.
 *
 * When the last holder closes a socket, the kernel resets every connection in its accept queue. So a
 * process that holds sockets for its children closes them before it stops the children, and the last
 * child to close a socket must first serve the queue. While an ancestor still holds the socket, its
 * next generation will serve the queue, and the children need not.
 *
 * The lease is a pipe. The holder keeps the write end, children get the read end. The holder closes
 * its sockets, then the write end, then signals; a child that is stopped checks whether the pipe is
 * at its end. This needs no message, has no race with the signal, and also works for a holder that
 * was killed.
 */
import { libc } from "../sys/libc.ts";
import { openPipe } from "./channel.ts";
import { dropVariable, getVariable } from "./environment.ts";
import { keepFromChildren } from "./inherited.ts";

/** Environment variable of a child: the descriptor number of the lease. */
export const leaseVariable = "HAYATE_SOCKET_LEASE";

/** The holder's side. */
export class SocketLease {
  /** For children, as the descriptor given in `leaseVariable`. */
  readonly readEnd: number;
  readonly #writeEnd: number;
  #isOver = false;

  /** Throws `StartError` when no descriptors are left. */
  constructor() {
    const { readEnd, writeEnd } = openPipe();
    this.readEnd = readEnd;
    this.#writeEnd = writeEnd;
  }

  /** Call it after closing the sockets and before the signal that stops the children. */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    libc.close(this.#writeEnd);
  }

  /** For a holder that keeps running without children. */
  close(): void {
    this.end();
    libc.close(this.readEnd);
  }
}

/** The side of a child that inherited sockets. */
export class HeldLease {
  readonly #fd: number;

  constructor(fd: number) {
    this.#fd = fd;
  }

  /** True: no ancestor holds the sockets any more, so this process must serve their queues. */
  get isOver(): boolean {
    return libc.read(this.#fd, scratch, 1) === 0;
  }
}

const scratch = new Uint8Array(1);

/**
 * The lease of the process that passed sockets on. null: it has none, as Server::Starter and systemd,
 * and is assumed to hold the sockets. Removes the variable from the environment.
 */
export function claimLease(): HeldLease | null {
  const number = getVariable(leaseVariable) ?? "";
  dropVariable(leaseVariable);
  if (!/^\d+$/.test(number) || Number(number) < 3) return null;
  keepFromChildren(Number(number));
  return new HeldLease(Number(number));
}
