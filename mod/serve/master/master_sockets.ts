/** Listening sockets of a prefork server: bound or inherited by the master, kept across workers. */
import type { Address } from "../../base/address.ts";
import { formatAddress } from "../../base/address.ts";
import { StartError } from "../../base/errors.ts";
import { hasWaiting, shutQueue } from "../../net/accept_queue.ts";
import { closeAll, localAddressOf } from "../../net/descriptor.ts";
import { bindListener, checkBindable, isListening } from "../../net/listening.ts";
import { removeSocketPath, socketInode } from "../../net/unix_path.ts";
import { keepFromChildren } from "../../process/handover/inherited.ts";
import type { PassedDescriptor } from "../../process/children/spawn.ts";
import { formatStarterPort, type InheritedSocket } from "../../process/handover/starter_port.ts";
import { chown } from "../sockets/listeners.ts";
import type { NamedSocket } from "../sockets/own_tls.ts";
import type { ListenPlan, SocketPlan } from "../plan/plan.ts";

/** Lowest descriptor number of a worker's listening sockets. */
const firstNumber = 5;

/** One address with its sockets: one for all workers, or with `--reuse-port` one per slot. */
interface Group {
  readonly name: string;
  /** null: inherited. */
  readonly address: Address | null;
  readonly tls: boolean;
  readonly fds: number[];
  readonly inode: number | null;
}

/** The sockets passed to the worker of one slot. */
export interface HandedSockets {
  readonly descriptors: readonly PassedDescriptor[];
  /** Value of SERVER_STARTER_PORT. */
  readonly variable: string;
  /** Value of `spareSocketsVariable`. */
  readonly spareVariable: string;
}

export class MasterSockets {
  readonly #plan: ListenPlan;
  readonly #groups: Group[] = [];

  constructor(plan: ListenPlan) {
    this.#plan = plan;
  }

  /** Binds a socket for each address; with `--reuse-port` each of `slotCount` slots gets one of TCP. Throws StartError. */
  bind(slotCount: number): void {
    try {
      for (const socket of this.#plan.sockets) {
        this.#groups.push(this.#bindGroup(socket));
      }
      this.ensure(slotCount);
    } catch (error) {
      this.release();
      throw error;
    }
  }

  /**
   * Adopts inherited sockets. A name may occur several times, with one socket each. Throws StartError
   * for a descriptor that is not a listening socket.
   */
  adopt(sockets: readonly InheritedSocket[]): void {
    for (const { name, fd } of sockets) {
      if (!isListening(fd)) {
        throw new StartError(`${name}: descriptor ${fd} is not a listening socket`);
      }
      keepFromChildren(fd);
      const group = this.#groups.find((one) => one.name === name);
      if (group === undefined) {
        this.#groups.push({ name, address: null, tls: false, fds: [fd], inode: null });
      } else group.fds.push(fd);
    }
  }

  /** Opens the sockets missing for `slotCount` slots, if each has its own. */
  ensure(slotCount: number): void {
    if (!this.#plan.reusePort) return;
    for (const { address, fds } of this.#groups) {
      if (address === null || address.kind === "unix") continue;
      while (fds.length < slotCount) {
        fds.push(bindListener(address, { reusePort: true }, false, false));
      }
    }
  }

  /** The sockets were opened by another process. */
  get isInherited(): boolean {
    return this.#groups.some(({ address }) => address === null);
  }

  /** Each slot has its own socket. */
  get isPerSlot(): boolean {
    return this.#groups.some(({ fds }) => fds.length > 1);
  }

  /** Size of the largest group. */
  get socketCount(): number {
    return Math.max(0, ...this.#groups.map(({ fds }) => fds.length));
  }

  /** Where it listens. */
  get named(): readonly NamedSocket[] {
    return this.#groups.map(({ name, address, tls, fds }) => ({
      name,
      address: address ?? localAddressOf(fds[0]),
      tls,
    }));
  }

  /**
   * The sockets for the worker of `slot`. It accepts on its share: every socket has at least one worker,
   * and every worker at least one socket of each group. The others are spare.
   */
  handTo(slot: number, slotCount: number): HandedSockets {
    const served: InheritedSocket[] = [];
    const spare: InheritedSocket[] = [];
    for (const { name, fds } of this.#groups) {
      const share = Math.min(fds.length, slotCount);
      fds.forEach((fd, i) => (i % share === slot % share ? served : spare).push({ name, fd }));
    }
    const all = [...served, ...spare];
    const numbered = all.map(({ name }, i) => ({ name, fd: firstNumber + i }));
    return {
      descriptors: all.map(({ fd }, i) => ({ ours: fd, number: firstNumber + i })),
      variable: formatStarterPort(numbered.slice(0, served.length)),
      spareVariable: formatStarterPort(numbered.slice(served.length)),
    };
  }

  /**
   * For an end without a worker: from now on no connection is added to the queues. Returns whether
   * there are some in them.
   */
  shut(): boolean {
    const listening = this.#groups.flatMap(({ fds }) => fds).filter(isListening);
    listening.forEach(shutQueue);
    return listening.some(hasWaiting);
  }

  /** Closes the sockets and removes the socket files created here. */
  release(): void {
    for (const { address, fds, inode } of this.#groups.splice(0)) {
      closeAll(fds);
      if (address?.kind === "unix") removeSocketPath(address.path, inode);
    }
  }

  #bindGroup({ address, tls }: SocketPlan): Group {
    const { pathMode, pathOwner, reusePort } = this.#plan;
    const mode = pathMode === null ? {} : { mode: pathMode };
    const isTcp = address.kind === "tcp";
    // SO_REUSEPORT is then only for workers that cannot inherit: a port that another program uses is
    // still an error.
    if (isTcp && !reusePort) checkBindable(address);
    // Workers call listen(2), so that no connection is assigned to a worker that has not started.
    const fd = bindListener(address, { reusePort: isTcp, ...mode }, false, false);
    // With port 0 the first socket decides the port of all of them.
    const bound = localAddressOf(fd);
    const group = { name: formatAddress(bound), address: bound, tls, fds: [fd], inode: null };
    if (bound.kind === "tcp") return group;
    chown(bound.path, pathOwner);
    return { ...group, inode: socketInode(bound.path) };
  }
}
