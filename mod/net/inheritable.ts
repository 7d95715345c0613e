/**
 * Sockets that are bound here and served by other programs. They are blocking, as those programs
 * expect, and close-on-exec: each program inherits only the sockets selected at its start.
 */
import type { Address } from "../base/address.ts";
import { parseIp } from "../base/ip.ts";
import { StartError } from "../base/errors.ts";
import { Errno, errnoName, errnoPhrase } from "../sys/errno.ts";
import { lookupIpv4 } from "../sys/host_lookup.ts";
import { errno, libc } from "../sys/libc.ts";
import { encodeSockaddr, family, SOCK } from "../sys/sockaddr.ts";
import { listenFault } from "./listen_fault.ts";
import { prepareListener } from "./listening.ts";
import { bindByParent, BindRefused } from "./parent_binder.ts";
import { withSocketMode } from "./unix_path.ts";

/** Options of a socket to bind. */
export interface InheritableOptions {
  /** UDP instead of TCP. */
  readonly datagram?: boolean;
  /** listen(2) backlog; the kernel limits it to net.core.somaxconn. */
  readonly backlog: number;
  readonly reusePort?: boolean;
  /** Exact mode of a socket file, regardless of umask. Default 0o777, as in Server::Starter. */
  readonly mode?: number;
}

/** Another socket uses the address. The caller may know whose it is. */
export class AddressInUse extends StartError {
  readonly address: Address;

  constructor(address: Address) {
    super(listenFault(address, "EADDRINUSE", errnoPhrase(Errno.EADDRINUSE)), Errno.EADDRINUSE);
    this.address = address;
  }
}

/**
 * Binds and, for streams, listens. Returns the descriptor. Throws a one-line `StartError` with
 * errno as the exit code, like Perl's `die`. The caller has to remove an existing file at a
 * socket's path.
 */
export function bindInheritable(address: Address, options: InheritableOptions): number {
  const resolved = resolve(address);
  const kind = (options.datagram ? SOCK.dgram : SOCK.stream) | SOCK.cloexec;
  const fd = libc.socket(family(resolved), kind, 0);
  if (fd < 0) throw bindError(address, errno());
  const code = prepare(fd, resolved, options);
  if (code === 0) return fd;
  libc.close(fd);
  const fault = bindError(address, code);
  if (!(fault instanceof BindRefused) || options.datagram) throw fault;
  const { backlog, reusePort = false, mode = 0o777 } = options;
  const wish = { reusePort, backlog, mode, v6Only: true, listening: true };
  return bindByParent(address, wish, fault);
}

/** Sets the options. Returns errno, 0 for success. */
function prepare(fd: number, address: Address, options: InheritableOptions): number {
  let code = prepareListener(fd, family(address), options.reusePort ?? false, true);
  if (code === 0) code = bind(fd, address, options.mode ?? 0o777);
  if (code !== 0 || options.datagram) return code;
  return libc.listen(fd, options.backlog) < 0 ? errno() : 0;
}

function bind(fd: number, address: Address, mode: number): number {
  const struct = encodeSockaddr(address);
  const call = () => libc.bind(fd, struct, struct.length) < 0 ? errno() : 0;
  return address.kind === "unix" ? withSocketMode(mode, call) : call();
}

function resolve(address: Address): Address {
  if (address.kind === "unix" || parseIp(address.host) !== null) return address;
  const host = address.host === "" ? null : lookupIpv4(address.host);
  if (host === null) throw new StartError(`failed to resolve host:${address.host}`, 255);
  return { ...address, host };
}

function bindError(address: Address, code: number): StartError {
  if (code === Errno.EADDRINUSE) return new AddressInUse(address);
  const fault = listenFault(address, errnoName(code), errnoPhrase(code));
  return code === Errno.EACCES ? new BindRefused(fault, code) : new StartError(fault, code);
}
