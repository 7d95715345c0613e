/** System calls on one socket descriptor, with the buffers they need. */
import type { Address } from "../../base/address.ts";
import { Errno, errnoName } from "../../sys/errno.ts";
import { errno, libc } from "../../sys/libc.ts";
import { AF, decodeSockaddr, IP, IPV6, SO, SOCK, SOL, TCP } from "../../sys/sockaddr.ts";

const scratch = new Uint8Array(128);
const length = new Uint32Array(1);
const integer = new Int32Array(1);
const integerBytes = new Uint8Array(integer.buffer);
/** Up to SK_MEMINFO_WMEM_QUEUED of sock_diag.h. */
const memoryInfo = new Uint32Array(6);
const memoryInfoBytes = new Uint8Array(memoryInfo.buffer);
/** The congestion control that every Linux has (tcp(7)). */
const reno = new TextEncoder().encode("reno");

/** A socket option of C type int. Returns errno, 0 for success. */
export function setOption(fd: number, level: number, option: number, value: number): number {
  integer[0] = value;
  return libc.setsockopt(fd, level, option, integerBytes, 4) < 0 ? errno() : 0;
}

/** Reads a socket option of C type int; null when the descriptor is no socket. */
export function getOption(fd: number, level: number, option: number): number | null {
  length[0] = 4;
  return libc.getsockopt(fd, level, option, integerBytes, length) < 0 ? null : integer[0];
}

/** SO_ERROR: the pending error of a socket, cleared by reading it; 0 for none. */
export function takeSocketError(fd: number): number {
  return getOption(fd, SOL.socket, SO.error) ?? Errno.ECONNRESET;
}

/**
 * Whether all that was written, and a FIN, has been acknowledged by the peer (SO_MEMINFO of socket(7):
 * nothing is queued for sending). TCP_INFO would tell too, and takes three times as long.
 */
export function isAllAcknowledged(fd: number): boolean {
  const queuedIndex = 5;
  length[0] = memoryInfo.byteLength;
  return libc.getsockopt(fd, SOL.socket, SO.meminfo, memoryInfoBytes, length) === 0 &&
    memoryInfo[queuedIndex] === 0;
}

/** Makes the next close(2) send a reset and leave no TIME_WAIT (socket(7), SO_LINGER with 0 seconds). */
export function resetOnClose(fd: number): void {
  libc.setsockopt(fd, SOL.socket, SO.linger, new Int32Array([1, 0]), 8);
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

/**
 * A nonblocking stream socket, to be bound to `sockaddr` or connected to it; exec does not pass it
 * on. Returns -errno on failure.
 */
export function openStream(sockaddr: Uint8Array): number {
  const addressFamily = sockaddr[0];
  const fd = libc.socket(addressFamily, SOCK.stream | SOCK.nonblock | SOCK.cloexec, 0);
  if (fd < 0) return -errno();
  if (addressFamily === AF.unix) return fd;
  setOption(fd, SOL.tcp, TCP.nodelay, 1);
  // Within one host nothing is ever congested: the simplest control will do. Where BBR is the
  // default, its estimates and pacing were measured at 3 % of a keep-alive request.
  if (isLoopback(sockaddr)) libc.setsockopt(fd, SOL.tcp, TCP.congestion, reno, reno.length);
  return fd;
}

/** Within this host: 127.0.0.0/8 or ::1; see sockaddr_in and sockaddr_in6 of ip(7) and ipv6(7). */
export function isLoopback(sockaddr: Uint8Array): boolean {
  if (sockaddr[0] === AF.inet) return sockaddr[4] === 127;
  if (sockaddr[0] !== AF.inet6) return false;
  for (let i = 8; i < 23; i++) if (sockaddr[i] !== 0) return false;
  return sockaddr[23] === 1;
}

/**
 * Binds the local end of an outgoing connection without choosing its port yet, so that the port
 * only has to be unique per destination: 28,000 connections per source and target instead of in
 * all (ip(7), IP_BIND_ADDRESS_NO_PORT). Returns errno, 0 for success.
 */
export function bindSource(fd: number, sockaddr: Uint8Array<ArrayBuffer>): number {
  setOption(fd, SOL.ip, IP.bindAddressNoPort, 1);
  return libc.bind(fd, sockaddr, sockaddr.length) < 0 ? errno() : 0;
}

/** True when `fd` is a socket that listens. */
export function isListening(fd: number): boolean {
  return getOption(fd, SOL.socket, SO.acceptconn) === 1;
}

/** listen(2) on a bound socket that does not listen yet; others are left as they are. */
export function startListening(fd: number, backlog: number): void {
  if (!isListening(fd)) libc.listen(fd, backlog);
}

/** O_NONBLOCK on an inherited descriptor; the flag belongs to the open file, so all holders get it. */
export function makeNonblocking(fd: number): void {
  const [getFlags, setFlags, nonblock] = [3, 4, 0x800];
  const flags = libc.fcntl(fd, getFlags, 0);
  if (flags >= 0 && (flags & nonblock) === 0) libc.fcntl(fd, setFlags, flags | nonblock);
}

/** FD_CLOEXEC on or off: whether a program we start gets the descriptor. */
export function setCloseOnExec(fd: number, on: boolean): void {
  const setDescriptorFlags = 2;
  libc.fcntl(fd, setDescriptorFlags, on ? 1 : 0);
}

/** SO_REUSEADDR, SO_REUSEPORT and IPV6_V6ONLY before bind. Returns the errno name of a failure, null for none. */
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
