/** Opens or takes over the sockets that a worker accepts on. */
import { type Address, formatAddress } from "../base/address.ts";
import { StartError } from "../base/errors.ts";
import { parseHostAddress } from "../config/addresses.ts";
import { startListening } from "../net/epoll/descriptor.ts";
import type { AcceptHandler, Listener, Reactor } from "../net/reactor.ts";
import { keepFromChildren } from "../process/inherited.ts";
import type { InheritedSocket } from "../process/starter_port.ts";
import type { ListenPlan } from "./plan.ts";

/** Binds everything, or nothing. Throws StartError. */
export function bindAll(reactor: Reactor, plan: ListenPlan, onAccept: AcceptHandler): Listener[] {
  const listeners: Listener[] = [];
  try {
    for (const address of plan.addresses) {
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

/** Throws StartError when we may not. */
export function chown(path: string, owner: ListenPlan["pathOwner"]): void {
  if (owner === null) return;
  try {
    Deno.chownSync(path, owner.uid, owner.gid);
  } catch (error) {
    throw new StartError(`${path}: cannot give it to ${owner.uid}:${owner.gid ?? ""}`, 1, {
      cause: error,
    });
  }
}

/** Takes over the sockets of our master, which has bound them but leaves it to us to listen. */
export function adoptFromMaster(
  reactor: Reactor,
  sockets: readonly InheritedSocket[],
  backlog: number,
  onAcceptOf: (socketName: string) => AcceptHandler,
): Listener[] {
  for (const { fd } of sockets) startListening(fd, backlog);
  return adoptAll(reactor, sockets, true, onAcceptOf);
}

/**
 * Binds sockets of our own beside those of our master, which keep the ports for us: what a reactor
 * does that cannot take sockets over. Throws StartError.
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
 * Takes over descriptors of our parent. `shared`: other workers accept from the same ones.
 * Throws StartError where the reactor cannot.
 */
export function adoptAll(
  reactor: Reactor,
  sockets: readonly InheritedSocket[],
  shared: boolean,
  onAcceptOf: (socketName: string) => AcceptHandler,
): Listener[] {
  if (!reactor.capabilities.inherit) {
    throw new StartError(
      "the portable reactor cannot take over the sockets of SERVER_STARTER_PORT; " +
        "use epoll (HAYATE_REACTOR=epoll), or --port and --path",
    );
  }
  return sockets.map(({ name, fd }) => {
    try {
      const listener = reactor.adopt(fd, { shared }, onAcceptOf(name));
      // A program that the app starts must not hold our socket open when we have gone.
      keepFromChildren(fd);
      return listener;
    } catch (error) {
      if (!(error instanceof StartError)) throw error;
      throw new StartError(`${name}: ${error.message}`, 1, { cause: error });
    }
  });
}

/** `http://127.0.0.1:8080/` or the path, for people. */
export function describeListener(address: Address, isSecure = false): string {
  if (address.kind === "unix") return address.path;
  return `${isSecure ? "https" : "http"}://${formatAddress(address)}/`;
}

/**
 * The kernel's limit when it is below what was asked for, else null. Said aloud once: a clipped
 * queue is otherwise found under load only.
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
