/** The listening sockets that the supervisor holds for its workers, across generations. */
import { formatAddress } from "../../base/address.ts";
import { StartError } from "../../base/errors.ts";
import { hasWaiting, shutQueue } from "../../net/accept_queue.ts";
import { closeAll } from "../../net/descriptor.ts";
import { AddressInUse, bindInheritable } from "../../net/inheritable.ts";
import { removeSocketPath, socketInode } from "../../net/unix_path.ts";
import type { PassedDescriptor } from "../../process/children/spawn.ts";
import { Errno } from "../../sys/errno.ts";
import type { ListenSpec } from "../../config/listen_spec.ts";

/** The first socket's number, as in Perl, where 3 is the script. */
const firstNumber = 4;
/** That of systemd, whose sockets follow each other without a gap (sd_listen_fds(3)). */
const listenFdsStart = 3;

/** The exit codes, which are errnos, of a host without the address family. */
const noFamily: readonly number[] = [Errno.EAFNOSUPPORT, Errno.EADDRNOTAVAIL];

export interface SocketOptions {
  readonly backlog: number;
  readonly reusePort: boolean;
  readonly mode: number | null;
  /** -1: unchanged. */
  readonly uid: number;
  readonly gid: number;
  /** Descriptors inherited from our own parent; workers get them too, under the same numbers. */
  readonly passedThrough: readonly number[];
  /** Number them as systemd does, whatever else has these numbers. */
  readonly listenFds?: boolean;
}

/** One socket, for one slot or for all. */
interface HeldSocket {
  readonly spec: ListenSpec;
  /** Number in workers. */
  readonly number: number;
  /** Our descriptors: one per slot, or one for all. */
  readonly descriptors: readonly number[];
  /** Of the socket file that we created, to remove that file only. */
  readonly inode: number | null;
  /** Bound by us, or by a supervisor whose workers we took over: only we and workers hold it. */
  readonly isOurs: boolean;
}

/** Receives what happens while binding. */
export interface SocketReporter {
  onDescriptor(number: number): void;
  onRemoved(path: string): void;
}

/** Sockets that are bound already. */
export interface FoundSockets {
  readonly fds: readonly number[];
  /** Bound by a supervisor of ours that died: a socket file is ours to remove. */
  readonly madeByUs: boolean;
}

/** Finds sockets that are bound already, for `count` slots. */
export type SocketFinder = (spec: ListenSpec, count: number) => FoundSockets;

export class HeldSockets {
  readonly #sockets: HeldSocket[] = [];
  #isClosed = false;

  /** Opens all sockets; on a failure closes them again and throws `StartError`. */
  constructor(
    specs: readonly ListenSpec[],
    readonly options: SocketOptions,
    readonly slotCount: number,
    reporter: SocketReporter,
    find: SocketFinder = () => ({ fds: [], madeByUs: true }),
  ) {
    const numbers = assignNumbers(specs, options.passedThrough);
    try {
      for (const [index, spec] of specs.entries()) {
        const number = options.listenFds ? listenFdsStart + this.#sockets.length : numbers[index];
        const socket = this.#openIfThere(spec, number, reporter, find);
        if (socket === null) continue;
        this.#sockets.push(socket);
        if (spec.number !== null) reporter.onDescriptor(spec.number);
      }
    } catch (error) {
      this.release();
      throw error;
    }
  }

  get specs(): readonly ListenSpec[] {
    return this.#sockets.map(({ spec }) => spec);
  }

  /** SERVER_STARTER_PORT: ports in the order of the command line, then paths. */
  get portsText(): string {
    return this.#sockets.map(({ spec, number }) => `${spec.name}=${number}`).join(";");
  }

  /** LISTEN_FDNAMES: a colon separates names, so those of the names become hyphens. */
  get namesText(): string {
    return this.#sockets.map(({ spec }) => spec.name.replaceAll(":", "-")).join(":");
  }

  /** Descriptor numbers in use in workers. */
  get numbers(): number[] {
    return this.#sockets.map(({ number }) => number);
  }

  /** Descriptors for a worker of the slot. */
  descriptorsFor(slot: number): PassedDescriptor[] {
    return this.#sockets.map(({ descriptors, number }) => ({
      ours: descriptors[slot % descriptors.length],
      number,
    }));
  }

  /** True when only we and our workers hold the sockets, none of them given to us. */
  get areOurs(): boolean {
    return this.#sockets.every(({ isOurs }) => isOurs);
  }

  /**
   * Closes the accept queues to new connections and removes the socket files that we created. Workers
   * can still accept what is queued. Sockets given to us are left alone: their owner keeps them.
   */
  shutQueues(): void {
    for (const { spec, descriptors, inode, isOurs } of this.#sockets) {
      if (!isOurs || this.#isClosed) continue;
      if (spec.address.kind === "unix") removeSocketPath(spec.address.path, inode);
      else if (!spec.datagram) { for (const fd of descriptors) shutQueue(fd); }
    }
  }

  /** The sockets as another supervisor may take them over, with our descriptors in that order. */
  get offered(): { readonly spec: ListenSpec; readonly descriptors: readonly number[] }[] {
    return this.#sockets.map(({ spec, descriptors }) => ({ spec, descriptors }));
  }

  /** The sockets for the program that replaces this one. */
  get kept(): { name: string; datagram: boolean; fds: readonly number[]; isOurs: boolean }[] {
    return this.#sockets.map(({ spec: { name, datagram }, descriptors, isOurs }) => ({
      name,
      datagram,
      fds: descriptors,
      isOurs,
    }));
  }

  /** Closes our descriptors. Queues and socket files now belong to the supervisor that has the others. */
  handOver(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const { descriptors } of this.#sockets) closeAll(descriptors);
  }

  /** True while connections are queued in sockets that `shutQueues` has closed. */
  get hasWaiting(): boolean {
    return !this.#isClosed &&
      this.#sockets.some(({ spec, descriptors, isOurs }) =>
        isOurs && !spec.datagram && descriptors.some(hasWaiting)
      );
  }

  /** Closes our descriptors (workers have their own) and removes the socket files that we created. */
  release(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const { spec, descriptors, inode } of this.#sockets) {
      // Before the close: while the socket is open, its inode number cannot be reused.
      if (spec.address.kind === "unix") removeSocketPath(spec.address.path, inode);
      closeAll(descriptors);
    }
  }

  /** null: the IPv6 half on a host that has none. */
  #openIfThere(
    spec: ListenSpec,
    number: number,
    reporter: SocketReporter,
    find: SocketFinder,
  ): HeldSocket | null {
    try {
      return this.#open(spec, number, reporter, find);
    } catch (error) {
      if (spec.isTwin && error instanceof StartError && noFamily.includes(error.exitCode)) {
        return null;
      }
      throw error;
    }
  }

  #open(
    spec: ListenSpec,
    number: number,
    reporter: SocketReporter,
    find: SocketFinder,
  ): HeldSocket {
    const perSlot = this.options.reusePort && spec.address.kind === "tcp";
    const count = perSlot ? this.slotCount : 1;
    const found = find(spec, count);
    const descriptors = [...found.fds];
    try {
      if (descriptors.length === 0) clearPath(spec, reporter);
      while (descriptors.length < count) {
        descriptors.push(bindInheritable(spec.address, {
          datagram: spec.datagram,
          backlog: this.options.backlog,
          reusePort: perSlot,
          ...(this.options.mode === null ? {} : { mode: this.options.mode }),
        }));
      }
    } catch (error) {
      closeAll(descriptors);
      throw error;
    }
    if (spec.address.kind !== "unix" || !found.madeByUs) {
      return { spec, number, descriptors, inode: null, isOurs: found.madeByUs };
    }
    this.#chown(spec.address.path);
    const inode = socketInode(spec.address.path);
    return { spec, number, descriptors, inode, isOurs: true };
  }

  #chown(path: string): void {
    const { uid, gid } = this.options;
    if (uid < 0 && gid < 0) return;
    try {
      Deno.chownSync(path, uid < 0 ? null : uid, gid < 0 ? null : gid);
    } catch (error) {
      throw new StartError(`${path}: cannot change the owner: ${(error as Error).message}`, 1, {
        cause: error,
      });
    }
  }
}

/** Explicit numbers are kept; the others count from `firstNumber`, skipping those in use. */
function assignNumbers(
  specs: readonly ListenSpec[],
  passedThrough: readonly number[],
): number[] {
  const taken = new Set([...specs.map(({ number }) => number), ...passedThrough]);
  let next = firstNumber;
  return specs.map(({ number }) => {
    if (number !== null) return number;
    while (taken.has(next)) next++;
    return next++;
  });
}

/**
 * Removes an existing socket file, as Server::Starter does. Anything that is not a socket is left
 * alone, and so is a socket that a process accepts on.
 */
function clearPath({ address }: ListenSpec, reporter: SocketReporter): void {
  if (address.kind !== "unix") return;
  let info: Deno.FileInfo;
  try {
    info = Deno.lstatSync(address.path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw new StartError(`${address.path}: ${(error as Error).message}`, 1, { cause: error });
  }
  if (!info.isSocket) {
    throw new StartError(`${address.path}: exists and is not a socket`, 17);
  }
  if (answers(address.path)) throw new AddressInUse(address);
  reporter.onRemoved(formatAddress(address));
  Deno.removeSync(address.path);
}

/** True when a process accepts on the socket file: the kernel lists it as listening. */
function answers(path: string): boolean {
  // Columns: Num RefCount Protocol Flags Type St Inode Path; Flags 00010000 is __SO_ACCEPTCON.
  return Deno.readTextFileSync("/proc/net/unix").split("\n").some((line) => {
    const [, , , flags, , , , name] = line.trim().split(/\s+/);
    return flags === "00010000" && name === path;
  });
}
