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
 *
 * A holder that inherited its sockets (a master under a supervisor) is not the last one when it is
 * killed: the supervisor still holds the sockets and starts another master. Its lease ends only when
 * the pipe holds a byte.
 */
import { O } from "../../sys/descriptor_flags.ts";
import { libc } from "../../sys/libc.ts";
import { cString, libcProcess } from "../../sys/libc_process.ts";
import { openPipe } from "../channel.ts";
import { dropVariable, getVariable } from "../environment.ts";
import { keepFromChildren } from "./inherited.ts";

/** Environment variable of a child: the descriptor number of the lease. */
export const leaseVariable = "HAYATE_SOCKET_LEASE";

/** The holder's side. */
export class SocketLease {
  /** For children, as the descriptor given in `leaseVariable`. */
  readonly readEnd: number;
  /** Whoever holds it keeps the lease. */
  readonly writeEnd: number;
  readonly #isInherited: boolean;
  #isOver = false;

  /** `isInherited`: an ancestor holds the sockets, too. Throws `StartError` when no descriptors are left. */
  constructor(isInherited = false) {
    this.#isInherited = isInherited;
    const { readEnd, writeEnd } = openPipe();
    this.readEnd = readEnd;
    this.writeEnd = writeEnd;
  }

  /** The value of `leaseVariable` for a child that has the read end as descriptor `number`. */
  variableFor(number: number): string {
    return this.#isInherited ? `${number}${explicitMark}` : String(number);
  }

  /** Call it after closing the sockets and before the signal that stops the children. */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    // Before the close: a child sees the end only with the byte.
    if (this.#isInherited) libc.write(this.writeEnd, scratch, 1);
    libc.close(this.writeEnd);
  }

  /** For a holder that keeps running without children. */
  close(): void {
    this.end();
    libc.close(this.readEnd);
  }
}

/**
 * Becomes a holder of the lease that process `pid` has as descriptor `number`, after the death of
 * the one that made it. Returns a write end, which keeps the lease until it is closed; null if the
 * process has ended or belongs to another user.
 */
export function renewLease(pid: number, number: string): number | null {
  const path = cString(`/proc/${pid}/fd/${number}`);
  const fd = libcProcess.open(path, O.wronly | O.nonblock | O.cloexec, 0);
  return fd < 0 ? null : fd;
}

/** The side of a child that inherited sockets. */
export class HeldLease {
  readonly #fd: number;
  readonly #isExplicit: boolean;

  /** `isExplicit`: the death of the holder does not end the lease. */
  constructor(fd: number, isExplicit = false) {
    this.#fd = fd;
    this.#isExplicit = isExplicit;
  }

  /** True: no ancestor holds the sockets any more, so this process must serve their queues. */
  get isOver(): boolean {
    // The byte stays where it is: the other children look for it, too.
    return this.#isExplicit ? hasInput(this.#fd) : libc.read(this.#fd, scratch, 1) === 0;
  }
}

/** Follows the number in `leaseVariable`: the lease ends by a byte, not only by the end of the pipe. */
const explicitMark = ":explicit";
const scratch = new Uint8Array(1);

/**
 * The lease of the process that passed sockets on. null: it has none, as Server::Starter and systemd,
 * and is assumed to hold the sockets. Removes the variable from the environment.
 */
export function claimLease(): HeldLease | null {
  const text = getVariable(leaseVariable) ?? "";
  dropVariable(leaseVariable);
  const isExplicit = text.endsWith(explicitMark);
  const number = isExplicit ? text.slice(0, -explicitMark.length) : text;
  if (!/^\d+$/.test(number) || Number(number) < 3) return null;
  keepFromChildren(Number(number));
  return new HeldLease(Number(number), isExplicit);
}

/** True while bytes can be read from `fd` (poll(2)); the end of a pipe alone is POLLHUP. */
function hasInput(fd: number): boolean {
  const entry = new Int32Array([fd, pollIn]);
  libcProcess.poll(new Uint8Array(entry.buffer), 1n, 0);
  return (entry[1] >> 16 & pollIn) !== 0;
}

const pollIn = 1;
