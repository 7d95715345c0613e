/**
 * Listening sockets by descriptor: opening and checking them. Failures are start-up errors with one
 * clear line. Sockets for other programs are in inheritable.ts.
 */
import { type Address, formatAddress } from "../base/address.ts";
import { StartError } from "../base/errors.ts";
import { Errno, errnoName, errnoPhrase } from "../sys/errno.ts";
import { errno, libc } from "../sys/libc.ts";
import { AF, encodeSockaddr, family, IPV6, SO, SOCK, SOL, TCP } from "../sys/sockaddr.ts";
import { getOption, isLoopback, setCloseOnExec, setOption } from "./descriptor.ts";
import { listenFault } from "./listen_fault.ts";
import { bindByParent, BindRefused } from "./parent_binder.ts";
import { backlogDefault, type ListenOptions } from "./reactor.ts";
import { clearSocketPath, withSocketMode } from "./unix_path.ts";

/**
 * The congestion control that every Linux has (tcp(7)). There is no congestion within a host, so
 * the simplest is enough: where BBR is the default, its estimates and pacing cost 3 % of a
 * keep-alive request. Accepted connections inherit it from their listener.
 */
export const loopbackCongestion = new TextEncoder().encode("reno");

/**
 * Opens a bound, listening, nonblocking descriptor, closed on exec unless `inheritable`. What this
 * process may not bind its root parent does, where it has one. Throws `StartError`. With `listening`
 * false it refuses connections until its server calls listen(2).
 */
export function bindListener(
  address: Address,
  options: ListenOptions,
  inheritable = false,
  listening = true,
): number {
  try {
    return bindHere(address, options, inheritable, listening);
  } catch (error) {
    if (!(error instanceof BindRefused)) throw error;
    const { reusePort = false, backlog = null, mode = null, v6Only = true } = options;
    const wish = { reusePort, backlog, mode, v6Only, listening };
    const fd = bindByParent(address, wish, error);
    if (inheritable) setCloseOnExec(fd, false);
    return fd;
  }
}

function bindHere(
  address: Address,
  options: ListenOptions,
  inheritable: boolean,
  listening: boolean,
): number {
  const struct = sockaddrOrStartError(address);
  if (address.kind === "unix") clearSocketPath(address.path, socketAnswers);
  const fd = openStream(struct);
  if (fd < 0) throw bindError(address, errno());
  prepareStreams(fd, struct);
  const reusePort = options.reusePort ?? false;
  const unsupported = prepareListener(fd, family(address), reusePort, options.v6Only ?? true);
  if (unsupported !== 0) {
    libc.close(fd);
    const reason = errnoName(unsupported);
    throw new StartError(`${formatAddress(address)}: cannot set socket options (${reason})`);
  }
  const mode = address.kind === "unix" ? options.mode : undefined;
  const bind = () => libc.bind(fd, struct, struct.length) < 0 ? errno() : 0;
  const failure = withSocketMode(mode, bind);
  if (failure !== 0) return failBind(fd, address, failure);
  const backlog = options.backlog ?? backlogDefault;
  if (listening && libc.listen(fd, backlog) < 0) return failBind(fd, address, errno());
  if (inheritable) setCloseOnExec(fd, false);
  return fd;
}

/**
 * Binds `address` and closes the socket again, without listen(2), so that no client can connect.
 * Throws `StartError` when it cannot be bound.
 */
export function checkBindable(address: Address): void {
  libc.close(bindListener(address, {}, false, false));
}

/** True if `fd` is a listening socket. */
export function isListening(fd: number): boolean {
  return getOption(fd, SOL.socket, SO.acceptconn) === 1;
}

/** Calls listen(2) on a bound socket that does not listen yet; leaves others unchanged. */
export function startListening(fd: number, backlog: number): void {
  if (!isListening(fd)) libc.listen(fd, backlog);
}

/** True if a process listens on the socket at `path`. A full queue (EAGAIN) counts too. */
export function socketAnswers(path: string): boolean {
  const address: Address = { kind: "unix", path };
  const struct = encodeSockaddr(address);
  const fd = openStream(struct);
  if (fd < 0) return false;
  const refused = libc.connect(fd, struct, struct.length) < 0 &&
    errno() === Errno.ECONNREFUSED;
  libc.close(fd);
  return !refused;
}

/**
 * Sets SO_REUSEADDR, SO_REUSEPORT and IPV6_V6ONLY before bind. Returns errno, 0 for success.
 */
export function prepareListener(
  fd: number,
  addressFamily: number,
  reusePort: boolean,
  v6Only: boolean,
): number {
  if (addressFamily === AF.unix) return 0;
  let failure = setOption(fd, SOL.socket, SO.reuseaddr, 1);
  if (failure === 0 && reusePort) failure = setOption(fd, SOL.socket, SO.reuseport, 1);
  if (failure === 0 && addressFamily === AF.inet6) {
    failure = setOption(fd, SOL.ipv6, IPV6.v6only, v6Only ? 1 : 0);
  }
  return failure;
}

/**
 * Sets options that connections inherit: TCP_NODELAY, and on loopback simple congestion control.
 */
function prepareStreams(fd: number, sockaddr: Uint8Array): void {
  if (sockaddr[0] === AF.unix) return;
  setOption(fd, SOL.tcp, TCP.nodelay, 1);
  if (!isLoopback(sockaddr)) return;
  libc.setsockopt(fd, SOL.tcp, TCP.congestion, loopbackCongestion, loopbackCongestion.length);
}

function openStream(sockaddr: Uint8Array): number {
  return libc.socket(sockaddr[0], SOCK.stream | SOCK.nonblock | SOCK.cloexec, 0);
}

function sockaddrOrStartError(address: Address): Uint8Array<ArrayBuffer> {
  try {
    return encodeSockaddr(address);
  } catch (error) {
    throw new StartError(`${formatAddress(address)}: ${(error as Error).message}`, 1, {
      cause: error,
    });
  }
}

function failBind(fd: number, address: Address, number: number): never {
  libc.close(fd);
  throw bindError(address, number);
}

function bindError(address: Address, number: number): StartError {
  const fault = listenFault(address, errnoName(number), errnoPhrase(number));
  return number === Errno.EACCES ? new BindRefused(fault) : new StartError(fault);
}
