/** Opens or inherits the sockets that a worker accepts on. */
import { type Address, formatAddress } from "../../base/address.ts";
import { StartError } from "../../base/errors.ts";
import { parseHostAddress } from "../../config/addresses.ts";
import { isListening, startListening } from "../../net/listening.ts";
import type { AcceptHandler, ConnectionShare, Listener, Reactor } from "../../net/reactor.ts";
import { keepFromChildren } from "../../process/handover/inherited.ts";
import type { InheritedSocket } from "../../process/handover/starter_port.ts";
import type { ListenPlan } from "../plan/plan.ts";

/** Binds every address or none. Throws StartError. */
export function bindAll(
  reactor: Reactor,
  plan: ListenPlan,
  onAcceptOf: (socketName: string) => AcceptHandler,
): Listener[] {
  const listeners: Listener[] = [];
  try {
    for (const { address } of plan.sockets) {
      const onAccept = onAcceptOf(formatAddress(address));
      listeners.push(reactor.listen(address, listenOptions(plan, address), onAccept));
      if (address.kind === "unix") chown(address.path, plan.pathOwner);
    }
    return listeners;
  } catch (error) {
    for (const listener of listeners) listener.close();
    throw error;
  }
}

function listenOptions(plan: ListenPlan, address: Address) {
  const shared = { backlog: plan.backlog, reusePort: plan.reusePort && address.kind === "tcp" };
  return plan.pathMode === null ? shared : { ...shared, mode: plan.pathMode };
}

/** Throws StartError when the owner cannot be changed. */
export function chown(path: string, owner: ListenPlan["pathOwner"]): void {
  if (owner === null) return;
  try {
    Deno.chownSync(path, owner.uid, owner.gid);
  } catch (error) {
    throw new StartError(`${path}: cannot change the owner to ${owner.uid}:${owner.gid ?? ""}`, 1, {
      cause: error,
    });
  }
}

/** Adopts the sockets of the master, which has bound them; the worker calls listen(2). */
export function adoptFromMaster(
  reactor: Reactor,
  sockets: readonly InheritedSocket[],
  backlog: number,
  onAcceptOf: (socketName: string) => AcceptHandler,
  share: ConnectionShare | null = null,
): Listener[] {
  for (const { fd } of sockets) startListening(fd, backlog);
  return adoptAll(reactor, sockets, true, onAcceptOf, share);
}

/**
 * Binds sockets of the worker's own next to those of the master, which only reserve the ports. For
 * a reactor that cannot inherit sockets. Throws StartError.
 */
export function bindBesideMaster(
  reactor: Reactor,
  sockets: readonly InheritedSocket[],
  backlog: number,
  onAcceptOf: (socketName: string) => AcceptHandler,
): Listener[] {
  return sockets.map(({ name, fd }) => {
    keepFromChildren(fd);
    const address = parseHostAddress(name, null);
    if (address === null) throw new StartError(`${name}: not an address`);
    return reactor.listen(address, { backlog, reusePort: true }, onAcceptOf(name));
  });
}

/**
 * Adopts descriptors of the parent. `shared`: other workers accept from the same ones. Throws
 * StartError where the reactor cannot inherit sockets.
 */
export function adoptAll(
  reactor: Reactor,
  sockets: readonly InheritedSocket[],
  shared: boolean,
  onAcceptOf: (socketName: string) => AcceptHandler,
  share: ConnectionShare | null = null,
): Listener[] {
  if (!reactor.capabilities.inherit) {
    throw new StartError(
      "the portable reactor cannot inherit the sockets of SERVER_STARTER_PORT; " +
        "use epoll (HAYATE_REACTOR=epoll), or --port and --path",
    );
  }
  return sockets.map(({ name, fd }) => {
    try {
      const listener = reactor.adopt(fd, { shared, share }, onAcceptOf(name));
      // A program started by the app must not keep the socket open after this process exits.
      keepFromChildren(fd);
      return listener;
    } catch (error) {
      if (!(error instanceof StartError)) throw error;
      throw new StartError(`${name}: ${error.message}`, 1, { cause: error });
    }
  });
}

/**
 * Sockets of other workers, which may have died: opened to be closed, which empties them, and never
 * served. Those that no worker has listened on yet are left out.
 */
export function adoptSpares(
  reactor: Reactor,
  sockets: readonly InheritedSocket[],
  onAcceptOf: (socketName: string) => AcceptHandler,
): Listener[] {
  if (!reactor.capabilities.inherit) return [];
  return sockets.filter(({ fd }) => isListening(fd)).map(({ name, fd }) =>
    reactor.adopt(fd, { shared: true, paused: true }, onAcceptOf(name))
  );
}

/** `http://127.0.0.1:8080/` or the path, for messages. */
export function describeListener(address: Address, isSecure = false): string {
  if (address.kind === "unix") return address.path;
  return `${isSecure ? "https" : "http"}://${formatAddress(address)}/`;
}

/**
 * The kernel's limit when it is below `wanted`, else null. Logged once, because a shortened queue
 * would otherwise show only under load.
 */
export function clippedBacklog(wanted: number): number | null {
  try {
    const limit = Number(Deno.readTextFileSync("/proc/sys/net/core/somaxconn"));
    return limit > 0 && limit < wanted ? limit : null;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.PermissionDenied) {
      return null;
    }
    throw error;
  }
}
