/** The sockets of a plan: taken over from the supervisor where it holds them, bound otherwise. */
import { type Address, formatAddress } from "../base/address.ts";
import { formatIp, parseIp } from "../base/ip.ts";
import { StartError } from "../base/errors.ts";
import type { AcceptHandler, Listener, Reactor } from "../net/reactor.ts";
import type { InheritedSocket } from "../process/starter_port.ts";
import type { ListenPlan } from "./plan.ts";

/** Gives who serves connections to `listen`, or to a socket that no `listen` names (null). */
export type ServerOf = (listen: ListenPlan | null, socketName: string | null) => AcceptHandler;

interface Adopted {
  readonly socket: InheritedSocket;
  readonly listener: Listener;
  serve: AcceptHandler | null;
}

/** Opens everything or throws `StartError`. `warn` is told what does not fit together. */
export function openListeners(
  reactor: Reactor,
  plans: readonly ListenPlan[],
  inherited: readonly InheritedSocket[] | null,
  serverOf: ServerOf,
  warn: (message: string) => void,
): Listener[] {
  const adopted = (inherited ?? []).map((socket) => adopt(reactor, socket));
  const opened: Listener[] = adopted.map(({ listener }) => listener);
  const unserved: ListenPlan[] = [];
  for (const plan of plans) {
    const match = adopted.find(({ listener, serve }) =>
      serve === null && sameAddress(listener.address, plan.address)
    );
    if (match === undefined) unserved.push(plan);
    else match.serve = serverOf(plan, match.socket.name);
  }
  for (const plan of unserved) {
    if (inherited !== null && hasSibling(plan, plans, unserved)) continue;
    if (inherited !== null) {
      warn(
        `[${plan.at.file}:${plan.at.line}] listen: ${
          formatAddress(plan.address)
        } is not among the ` +
          "sockets of the supervisor; bound here, a reload may lose connections on it",
      );
    }
    try {
      opened.push(bind(reactor, plan, serverOf(plan, null), inherited !== null));
    } catch (error) {
      if (!(error instanceof StartError) || !isOptional(plan, plans, error)) throw error;
      warn(`${error.message}; only IPv4 is served`);
    }
  }
  for (const one of adopted) {
    if (one.serve !== null) continue;
    // Nobody accepting from a socket that is open would let its clients hang.
    if (plans.length > 0) {
      warn(
        `no \`listen\` for ${one.socket.name}, a socket of the supervisor; served with the rest`,
      );
    }
    one.serve = serverOf(null, one.socket.name);
  }
  return opened;
}

function adopt(reactor: Reactor, socket: InheritedSocket): Adopted {
  if (!reactor.capabilities.inherit) {
    throw new StartError(
      "the portable reactor cannot take over the sockets of SERVER_STARTER_PORT; use epoll",
    );
  }
  const onAccept: AcceptHandler = (accepted, listener) => adopted.serve!(accepted, listener);
  const adopted: Adopted = { socket, listener: adoptOne(reactor, socket, onAccept), serve: null };
  return adopted;
}

function adoptOne(reactor: Reactor, socket: InheritedSocket, onAccept: AcceptHandler): Listener {
  try {
    return reactor.adopt(socket.fd, { shared: true }, onAccept);
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    throw new StartError(`${socket.name}: ${error.message}`, error.exitCode, { cause: error });
  }
}

function bind(
  reactor: Reactor,
  { address, mode }: ListenPlan,
  onAccept: AcceptHandler,
  reusePort: boolean,
): Listener {
  // Generations overlap: without SO_REUSEPORT the next one could not bind the same port.
  const options = {
    reusePort: reusePort && address.kind === "tcp",
    ...(mode === null ? {} : { mode }),
  };
  return reactor.listen(address, options, onAccept);
}

/** `listen: 80` means both families; when one of them is inherited the other need not be. */
function hasSibling(
  plan: ListenPlan,
  plans: readonly ListenPlan[],
  unserved: readonly ListenPlan[],
): boolean {
  const { address } = plan;
  if (address.kind !== "tcp" || !isAny(address.host)) return false;
  return plans.some((other) =>
    other !== plan && !unserved.includes(other) && other.address.kind === "tcp" &&
    other.address.port === address.port && isAny(other.address.host)
  );
}

/** A host without IPv6 is content with the other half of `listen: PORT`; a port in use is not. */
function isOptional(plan: ListenPlan, plans: readonly ListenPlan[], error: StartError): boolean {
  const { address } = plan;
  if (address.kind !== "tcp" || address.host !== "::" || error.message.includes("in use")) {
    return false;
  }
  return plans.some(({ address: other }) =>
    other.kind === "tcp" && other.port === address.port && other.host === "0.0.0.0"
  );
}

function isAny(host: string): boolean {
  return host === "0.0.0.0" || host === "::";
}

/** Whether one of the sockets, as SERVER_STARTER_PORT names them, is or stands for the address. */
export function isInherited(sockets: readonly InheritedSocket[], address: Address): boolean {
  const wanted = formatAddress(address);
  // `8080` means all of IPv4; `listen: 8080`, both families, is content with that.
  const anyText = address.kind === "tcp" && isAny(address.host) ? String(address.port) : null;
  return sockets.some(({ name }) =>
    name === wanted || name === anyText || (anyText !== null && name === `0.0.0.0:${anyText}`)
  );
}

export function sameAddress(a: Address, b: Address): boolean {
  if (a.kind === "unix" || b.kind === "unix") {
    return a.kind === "unix" && b.kind === "unix" && a.path === b.path;
  }
  return a.port === b.port && canonical(a.host) === canonical(b.host);
}

function canonical(host: string): string {
  const bytes = parseIp(host);
  return bytes === null ? host : formatIp(bytes);
}
