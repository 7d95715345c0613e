/** System calls on the descriptors of connections. */
import { Errno } from "../../sys/errno.ts";
import { errno, libc } from "../../sys/libc.ts";
import { libcSocket } from "../../sys/libc_socket.ts";
import { AF, IP, SO, SOCK, SOL, TCP } from "../../sys/sockaddr.ts";
import { isLoopback } from "../descriptor.ts";
import { loopbackCongestion } from "../listening.ts";

const length = new Uint32Array(1);
const integer = new Int32Array(1);
const integerBytes = new Uint8Array(integer.buffer);
/** Holds SO_MEMINFO up to SK_MEMINFO_WMEM_QUEUED (sock_diag.h). */
const memoryInfo = new Uint32Array(6);
const memoryInfoBytes = new Uint8Array(memoryInfo.buffer);
const MemoryInfo = { sendBytesMax: 3, queued: 5 } as const;
/** struct linger: on, 0 seconds. */
const lingerNone = new Uint8Array(new Int32Array([1, 0]).buffer);

function setOption(fd: number, level: number, option: number, value: number): void {
  integer[0] = value;
  libcSocket.setsockopt(fd, level, option, integerBytes, 4);
}

/**
 * Opens a nonblocking stream socket for connecting to `sockaddr`. Returns -errno on failure. Sets
 * the options of `prepareStreams`; the code is repeated so that V8 sees direct calls, which it
 * cannot inline through a table of calls passed as a parameter.
 */
export function openStream(sockaddr: Uint8Array): number {
  const addressFamily = sockaddr[0];
  const fd = libcSocket.socket(addressFamily, SOCK.stream | SOCK.nonblock | SOCK.cloexec, 0);
  if (fd < 0) return -errno();
  if (addressFamily === AF.unix) return fd;
  setOption(fd, SOL.tcp, TCP.nodelay, 1);
  if (isLoopback(sockaddr)) {
    libcSocket.setsockopt(
      fd,
      SOL.tcp,
      TCP.congestion,
      loopbackCongestion,
      loopbackCongestion.length,
    );
  }
  return fd;
}

/**
 * Binds the local end of an outgoing connection without choosing its port yet, so that the port
 * only has to be unique per destination: 28,000 connections per source and target instead of in
 * total (ip(7), IP_BIND_ADDRESS_NO_PORT). Returns errno, 0 for success.
 */
export function bindSource(fd: number, sockaddr: Uint8Array<ArrayBuffer>): number {
  setOption(fd, SOL.ip, IP.bindAddressNoPort, 1);
  return libc.bind(fd, sockaddr, sockaddr.length) < 0 ? errno() : 0;
}

/** Reads and clears the pending error of a socket (SO_ERROR); 0 for none. */
export function takeSocketError(fd: number): number {
  length[0] = 4;
  const isSocket = libcSocket.getsockopt(fd, SOL.socket, SO.error, integerBytes, length) === 0;
  return isSocket ? integer[0] : Errno.ECONNRESET;
}

/**
 * Whether the peer has acknowledged everything written, including a FIN (SO_MEMINFO of socket(7):
 * the send queue is empty). TCP_INFO has it too, but takes three times as long.
 */
export function isAllAcknowledged(fd: number): boolean {
  return readMemoryInfo(fd) && memoryInfo[MemoryInfo.queued] === 0;
}

/** Bytes of memory that the send queue uses, and may use (SO_MEMINFO). */
export function readSendQueue(fd: number): { queuedBytes: number; bytesMax: number } {
  if (!readMemoryInfo(fd)) return { queuedBytes: 0, bytesMax: Infinity };
  const queuedBytes = memoryInfo[MemoryInfo.queued];
  return { queuedBytes, bytesMax: memoryInfo[MemoryInfo.sendBytesMax] };
}

function readMemoryInfo(fd: number): boolean {
  length[0] = memoryInfo.byteLength;
  return libcSocket.getsockopt(fd, SOL.socket, SO.meminfo, memoryInfoBytes, length) === 0;
}

/**
 * Makes the next close(2) send a reset, without TIME_WAIT (socket(7), SO_LINGER with 0 seconds).
 */
export function resetOnClose(fd: number): void {
  libcSocket.setsockopt(fd, SOL.socket, SO.linger, lingerNone, lingerNone.length);
}
