/**
 * System calls on listening descriptors and addresses, with their buffers. For connections see
 * stream.ts.
 */
import type { Address } from "../../base/address.ts";
import { errnoName } from "../../sys/errno.ts";
import { errno, libc } from "../../sys/libc.ts";
import { AF, decodeSockaddr, IPV6, SO, SOL, TCP } from "../../sys/sockaddr.ts";

const scratch = new Uint8Array(128);
const length = new Uint32Array(1);
const integer = new Int32Array(1);
const integerBytes = new Uint8Array(integer.buffer);
/**
 * The congestion control that every Linux has (tcp(7)). There is no congestion within a host, so
 * the simplest is enough: where BBR is the default, its estimates and pacing cost 3 % of a
 * keep-alive request. Accepted connections inherit it from their listener.
 */
export const loopbackCongestion = new TextEncoder().encode("reno");

/** Sets a socket option of C type int. Returns errno, 0 for success. */
export function setOption(fd: number, level: number, option: number, value: number): number {
  integer[0] = value;
  return libc.setsockopt(fd, level, option, integerBytes, 4) < 0 ? errno() : 0;
}

/** Reads a socket option of C type int; null if the descriptor is not a socket. */
export function getOption(fd: number, level: number, option: number): number | null {
  length[0] = 4;
  return libc.getsockopt(fd, level, option, integerBytes, length) < 0 ? null : integer[0];
}

export function peerAddressOf(fd: number): Address {
  length[0] = scratch.length;
  if (libc.getpeername(fd, scratch, length) < 0) return { kind: "unix", path: "" };
  return decodeSockaddr(scratch, length[0]);
}

export function localAddressOf(fd: number): Address {
  length[0] = scratch.length;
  if (libc.getsockname(fd, scratch, length) < 0) return { kind: "unix", path: "" };
  return decodeSockaddr(scratch, length[0]);
}

/** True for 127.0.0.0/8 and ::1; see sockaddr_in and sockaddr_in6 in ip(7) and ipv6(7). */
export function isLoopback(sockaddr: Uint8Array): boolean {
  if (sockaddr[0] === AF.inet) return sockaddr[4] === 127;
  if (sockaddr[0] !== AF.inet6) return false;
  for (let i = 8; i < 23; i++) if (sockaddr[i] !== 0) return false;
  return sockaddr[23] === 1;
}

/** True if `fd` is a listening socket. */
export function isListening(fd: number): boolean {
  return getOption(fd, SOL.socket, SO.acceptconn) === 1;
}

/** Calls listen(2) on a bound socket that does not listen yet; leaves others unchanged. */
export function startListening(fd: number, backlog: number): void {
  if (!isListening(fd)) libc.listen(fd, backlog);
}

/**
 * Sets O_NONBLOCK on an inherited descriptor. It belongs to the open file, so all holders are
 * affected.
 */
export function makeNonblocking(fd: number): void {
  const [getFlags, setFlags, nonblock] = [3, 4, 0x800];
  const flags = libc.fcntl(fd, getFlags, 0);
  if (flags >= 0 && (flags & nonblock) === 0) libc.fcntl(fd, setFlags, flags | nonblock);
}

/** Sets or clears FD_CLOEXEC: whether programs that we start inherit the descriptor. */
export function setCloseOnExec(fd: number, on: boolean): void {
  const setDescriptorFlags = 2;
  libc.fcntl(fd, setDescriptorFlags, on ? 1 : 0);
}

/**
 * Sets options that connections inherit: TCP_NODELAY, and on loopback simple congestion control.
 */
export function prepareStreams(fd: number, sockaddr: Uint8Array): void {
  if (sockaddr[0] === AF.unix) return;
  setOption(fd, SOL.tcp, TCP.nodelay, 1);
  if (!isLoopback(sockaddr)) return;
  libc.setsockopt(fd, SOL.tcp, TCP.congestion, loopbackCongestion, loopbackCongestion.length);
}

/**
 * Sets SO_REUSEADDR, SO_REUSEPORT and IPV6_V6ONLY before bind. Returns the errno name on failure,
 * else null.
 */
export function prepareListener(
  fd: number,
  addressFamily: number,
  reusePort: boolean,
  v6Only: boolean,
): string | null {
  if (addressFamily === AF.unix) return null;
  let failure = setOption(fd, SOL.socket, SO.reuseaddr, 1);
  if (failure === 0 && reusePort) failure = setOption(fd, SOL.socket, SO.reuseport, 1);
  if (failure === 0 && addressFamily === AF.inet6) {
    failure = setOption(fd, SOL.ipv6, IPV6.v6only, v6Only ? 1 : 0);
  }
  return failure === 0 ? null : errnoName(failure);
}
