/** Opens listening sockets. Failures are start-up errors with one clear line. */
import { type Address, formatAddress } from "../../base/address.ts";
import { StartError } from "../../base/errors.ts";
import { Errno, errnoPhrase } from "../../sys/errno.ts";
import { errno, libc } from "../../sys/libc.ts";
import { encodeSockaddr, family, SOCK } from "../../sys/sockaddr.ts";
import type { ListenOptions } from "../reactor.ts";
import { clearSocketPath, withSocketMode } from "../unix_path.ts";
import { prepareListener, prepareStreams, setCloseOnExec } from "./descriptor.ts";

/** listen(2) limits it to net.core.somaxconn. */
export const backlogDefault = 16384;

/**
 * Opens a bound, listening, nonblocking descriptor, closed on exec unless `inheritable`. Throws
 * `StartError`. With `listening` false it refuses connections until its server calls listen(2).
 */
export function bindListener(
  address: Address,
  options: ListenOptions,
  inheritable = false,
  listening = true,
): number {
  const struct = sockaddrOrStartError(address);
  if (address.kind === "unix") clearSocketPath(address.path, socketAnswers);
  const fd = openStream(struct);
  if (fd < 0) throw bindError(address, errno());
  prepareStreams(fd, struct);
  const reusePort = options.reusePort ?? false;
  const unsupported = prepareListener(fd, family(address), reusePort, options.v6Only ?? true);
  if (unsupported !== null) {
    libc.close(fd);
    throw new StartError(`${formatAddress(address)}: cannot set socket options (${unsupported})`);
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
  const where = formatAddress(address);
  if (number === Errno.EADDRINUSE) {
    return new StartError(`${where} in use: another process listens on it`);
  }
  if (number === Errno.EACCES && address.kind === "tcp" && address.port < 1024) {
    return new StartError(
      `${where}: no permission; ports below 1024 need root or CAP_NET_BIND_SERVICE`,
    );
  }
  if (number === Errno.EADDRNOTAVAIL) {
    return new StartError(`${where}: this host has no such address`);
  }
  return new StartError(`${where}: cannot listen: ${errnoPhrase(number)}`);
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
