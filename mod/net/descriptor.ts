/** Options, flags and addresses of sockets by descriptor. Hot paths have calls of their own (epoll/). */
import type { Address } from "../base/address.ts";
import { F, fdCloexec, O } from "../sys/descriptor_flags.ts";
import { errno, libc } from "../sys/libc.ts";
import { AF, decodeSockaddr, SO, SOCK, SOL } from "../sys/sockaddr.ts";

const scratch = new Uint8Array(128);
const length = new Uint32Array(1);
const integer = new Int32Array(1);
const integerBytes = new Uint8Array(integer.buffer);

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

/** True if `fd` is a datagram socket. */
export function isDatagram(fd: number): boolean {
  return getOption(fd, SOL.socket, SO.type) === SOCK.dgram;
}

/** Closes the descriptors. */
export function closeAll(fds: Iterable<number>): void {
  for (const fd of fds) libc.close(fd);
}

/**
 * Sets O_NONBLOCK on an inherited descriptor. It belongs to the open file, so all holders are
 * affected.
 */
export function makeNonblocking(fd: number): void {
  const flags = libc.fcntl(fd, F.getfl, 0);
  if (flags >= 0 && (flags & O.nonblock) === 0) libc.fcntl(fd, F.setfl, flags | O.nonblock);
}

/** Sets or clears FD_CLOEXEC: whether programs that we start inherit the descriptor. */
export function setCloseOnExec(fd: number, on: boolean): void {
  libc.fcntl(fd, F.setfd, on ? fdCloexec : 0);
}
