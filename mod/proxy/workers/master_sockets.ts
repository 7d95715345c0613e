/** The sockets that a master passes to its workers: inherited from the supervisor, or bound here. */
import { type Address, formatAddress } from "../../base/address.ts";
import { StartError } from "../../base/errors.ts";
import { hasWaiting, shutQueue } from "../../net/accept_queue.ts";
import { closeAll } from "../../net/descriptor.ts";
import { bindInheritable } from "../../net/inheritable.ts";
import { socketAnswers } from "../../net/listening.ts";
import { clearSocketPath, removeSocketPath, socketInode } from "../../net/unix_path.ts";
import type { PassedDescriptor } from "../../process/children/spawn.ts";
import { formatStarterPort, type InheritedSocket } from "../../process/handover/starter_port.ts";
import { isInherited, isOptional, sameAddress } from "../plan/listen_addresses.ts";
import type { ListenPlan } from "../plan/plan.ts";

const backlog = 16_384;
/** Lowest descriptor number in a worker for a socket bound here. */
const firstNumber = 10;

/** One socket bound here. */
interface HeldSocket {
  readonly address: Address;
  readonly fd: number;
  /** Inode of a unix socket's file. */
  readonly inode: number | null;
}

/** The sockets for the workers of one plan. */
export interface HandedSockets {
  /** Value of SERVER_STARTER_PORT. */
  readonly portsText: string;
  readonly descriptors: readonly PassedDescriptor[];
  /** Descriptor numbers from this one on are free. */
  readonly freeNumber: number;
}

/** Sockets of a plan that is about to go into service. */
export interface MasterOpening {
  readonly handed: HandedSockets;
  /** Addresses newly bound for it. */
  readonly fresh: readonly Address[];
  /**
   * Stops new connections to sockets that are not in the plan. Returns whether connections still wait
   * there for a worker of the previous plan.
   */
  shutDropped(): boolean;
  /** The plan is in service: closes sockets that are not in it. */
  commit(): void;
  /** Closes the newly bound sockets. */
  discard(): void;
}

/** Holds the sockets across workers and plans: one that the next plan also has stays open. */
export class MasterSockets {
  readonly #inherited: readonly InheritedSocket[] | null;
  readonly #warn: (message: string) => void;
  #held: readonly HeldSocket[] = [];

  constructor(
    inherited: readonly InheritedSocket[] | null,
    warn: (message: string) => void,
  ) {
    this.#inherited = inherited;
    this.#warn = warn;
  }

  /** Binds all addresses that are not open yet. On failure binds none and throws `StartError`. */
  open(plans: readonly ListenPlan[]): MasterOpening {
    const fresh: HeldSocket[] = [];
    const wanted: HeldSocket[] = [];
    try {
      for (const plan of plans) {
        if (this.#inherited !== null && isInherited(this.#inherited, plan.address)) continue;
        const known = this.#held.find(({ address }) => sameAddress(address, plan.address));
        const socket = known ?? this.#tryBind(plan, plans);
        if (socket === null) continue;
        wanted.push(socket);
        if (known === undefined) fresh.push(socket);
      }
    } catch (error) {
      fresh.forEach(release);
      throw error;
    }
    return {
      handed: this.#hand(wanted),
      fresh: fresh.map(({ address }) => address),
      shutDropped: () => shutAll(this.#held.filter((one) => !wanted.includes(one))),
      commit: () => {
        for (const socket of this.#held) if (!wanted.includes(socket)) release(socket);
        this.#held = wanted;
      },
      discard: () => fresh.forEach(release),
    };
  }

  /** Like `MasterOpening.shutDropped` for all sockets, for a stop without a serving worker. */
  shut(): boolean {
    return shutAll([...this.#held, ...this.#inherited ?? []]);
  }

  /** Closes all sockets, including this process's copies of the supervisor's. */
  close(): void {
    this.#held.forEach(release);
    this.#held = [];
    closeAll((this.#inherited ?? []).map(({ fd }) => fd));
  }

  #tryBind(plan: ListenPlan, plans: readonly ListenPlan[]): HeldSocket | null {
    try {
      return bind(plan, this.#inherited !== null);
    } catch (error) {
      if (!(error instanceof StartError) || !isOptional(plan, plans, error)) throw error;
      this.#warn(`${error.message}; only IPv4 is served`);
      return null;
    }
  }

  #hand(sockets: readonly HeldSocket[]): HandedSockets {
    const inherited = this.#inherited ?? [];
    let number = Math.max(firstNumber, ...inherited.map(({ fd }) => fd + 1));
    const own = sockets.map(({ address, fd }) => ({
      name: formatAddress(address),
      ours: fd,
      fd: number++,
    }));
    return {
      portsText: formatStarterPort([...inherited, ...own]),
      descriptors: [
        ...inherited.map(({ fd }) => ({ ours: fd, number: fd })),
        ...own.map(({ ours, fd }) => ({ ours, number: fd })),
      ],
      freeNumber: number,
    };
  }
}

/** A supervisor's generations overlap: the next can only bind the same port with SO_REUSEPORT. */
function bind({ address, mode }: ListenPlan, hasSupervisor: boolean): HeldSocket {
  if (address.kind === "unix") clearSocketPath(address.path, socketAnswers);
  const reusePort = hasSupervisor && address.kind === "tcp";
  const fd = bindInheritable(address, { backlog, reusePort, ...(mode === null ? {} : { mode }) });
  return { address, fd, inode: address.kind === "unix" ? socketInode(address.path) : null };
}

function shutAll(sockets: readonly { readonly fd: number }[]): boolean {
  for (const { fd } of sockets) shutQueue(fd);
  return sockets.some(({ fd }) => hasWaiting(fd));
}

function release({ address, fd, inode }: HeldSocket): void {
  closeAll([fd]);
  if (address.kind === "unix") removeSocketPath(address.path, inode);
}
