/**
 * Who closes a listening socket last, answers what waits in its queue.
 *
 * The kernel resets every connection that waits in the accept queue of a socket when its last holder
 * closes it. A process that holds sockets for its children therefore lets go of them before it tells
 * the children to end, and the children have to know: while somebody above holds a socket, a successor
 * will serve the queue, and emptying it is not their business.
 *
 * The lease is a pipe. The holder keeps the write end, children get the read end. When the holder has
 * closed its sockets it closes the write end, then signals; a child that is told to end looks whether
 * the pipe is at its end. That needs no message, has no race with the signal, and a holder that was
 * killed has let go, too.
 */
import { libc } from "../sys/libc.ts";
import { openPipe } from "./channel.ts";
import { dropVariable, getVariable } from "./environment.ts";
import { keepFromChildren } from "./inherited.ts";

/** Names the descriptor of the lease in a child. */
export const leaseVariable = "HAYATE_SOCKET_LEASE";

/** The holder's side. */
export class SocketLease {
  /** For children, under the number that `leaseVariable` tells them. */
  readonly readEnd: number;
  readonly #writeEnd: number;
  #isOver = false;

  /** Throws `StartError` without descriptors. */
  constructor() {
    const { readEnd, writeEnd } = openPipe();
    this.readEnd = readEnd;
    this.#writeEnd = writeEnd;
  }

  /** The sockets are closed here. Call it before the signal that ends the children. */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    libc.close(this.#writeEnd);
  }

  /** For a holder that goes on without children. */
  close(): void {
    this.end();
    libc.close(this.readEnd);
  }
}

/** The side of a child that was handed sockets. */
export class HeldLease {
  readonly #fd: number;

  constructor(fd: number) {
    this.#fd = fd;
  }

  /** True: nobody above holds our sockets any more, so nobody will serve what waits at them. */
  get isOver(): boolean {
    return libc.read(this.#fd, scratch, 1) === 0;
  }
}

const scratch = new Uint8Array(1);

/**
 * The lease of the process that handed us sockets, or null: it made none, as Server::Starter and
 * systemd, and holds the sockets for all that we know. Takes the variable out of our environment.
 */
export function claimLease(): HeldLease | null {
  const number = getVariable(leaseVariable) ?? "";
  dropVariable(leaseVariable);
  if (!/^\d+$/.test(number) || Number(number) < 3) return null;
  keepFromChildren(Number(number));
  return new HeldLease(Number(number));
}
