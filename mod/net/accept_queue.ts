/**
 * Closes a listening socket without losing connections.
 *
 * When its last holder closes the socket, the kernel resets the connections in the accept queue. So
 * we first stop new connections, then empty the queue, then close.
 */
import { libc } from "../sys/libc.ts";
import { libcProcess } from "../sys/libc_process.ts";
import { SO, SOL, TCP } from "../sys/sockaddr.ts";
import { getOption, localAddressOf } from "./descriptor.ts";
import { isListening } from "./listening.ts";

/**
 * A classic BPF program (SO_ATTACH_FILTER of socket(7)) on the TCP header: drops segments with SYN
 * but without ACK (byte 13: 0x02 of 0x12) and passes all others. The client sends its SYN again
 * after a second and then reaches another listener of the port, or is refused.
 */
const dropNewConnections: readonly (readonly [number, number, number, number])[] = [
  [0x30, 0, 0, 13], // ldb [13]
  [0x54, 0, 0, 0x12], // and #0x12
  [0x15, 0, 1, 0x02], // jeq #0x02, next, last
  [0x06, 0, 0, 0], // ret #0
  [0x06, 0, 0, 0xffffffff], // ret #-1
];

/**
 * Stops the kernel from adding connections to the queue of `fd`. The caller then accepts those in
 * the queue and closes. Affects all processes that hold the socket.
 */
export function shutQueue(fd: number): void {
  // Limits the queue to one connection: unix sockets have no filter, and filters may be forbidden.
  libc.listen(fd, 0);
  if (getOption(fd, SOL.socket, SO.protocol) !== protocolTcp) return;
  const program = makeProgram();
  libc.setsockopt(fd, SOL.socket, SO.attachFilter, program, program.length);
}

/**
 * True when a holder of the TCP socket has called `shutQueue`: the last of them has to empty it. For a
 * listening socket, TCP_INFO (tcp(7)) gives the length that listen(2) was called with as tcpi_sacked,
 * which is what ss(8) shows as Send-Q.
 */
export function isShut(fd: number): boolean {
  return readQueueInfo(fd) && queueInfo[QueueWord.lengthMax] === 0;
}

/**
 * How many connections wait in the accept queue of the TCP socket (tcpi_unacked, which is what ss(8)
 * shows as Recv-Q); at least 1.
 */
export function waitingCount(fd: number): number {
  return readQueueInfo(fd) ? Math.max(1, queueInfo[QueueWord.length]) : 1;
}

/** The first 32 bytes of struct tcp_info. */
const queueInfo = new Uint32Array(8);
const queueInfoBytes = new Uint8Array(queueInfo.buffer);
const queueInfoLength = new Uint32Array(1);
const QueueWord = { length: 6, lengthMax: 7 } as const;

function readQueueInfo(fd: number): boolean {
  queueInfoLength[0] = queueInfoBytes.length;
  return libc.getsockopt(fd, SOL.tcp, TCP.info, queueInfoBytes, queueInfoLength) === 0 &&
    queueInfoLength[0] === queueInfoBytes.length;
}

/** Calls `shutQueue` for each socket of this process that listens on the TCP port. */
export function shutQueuesOf(port: number): void {
  for (const { name } of Deno.readDirSync("/proc/self/fd")) {
    const fd = Number(name);
    if (!isListening(fd)) continue;
    const address = localAddressOf(fd);
    if (address.kind === "tcp" && address.port === port) shutQueue(fd);
  }
}

/** True while a connection is waiting in the accept queue of `fd` (poll(2)). */
export function hasWaiting(fd: number): boolean {
  const entry = new Int32Array([fd, pollIn]);
  const count = libcProcess.poll(new Uint8Array(entry.buffer), 1n, 0);
  // struct pollfd: the descriptor, then events and revents in 16 bits each.
  return count > 0 && (entry[1] >> 16 & pollIn) !== 0;
}

const pollIn = 1;
const protocolTcp = 6;
/** Kept alive: `program` holds a pointer to it. */
const instructions = new Uint8Array(new ArrayBuffer(8 * dropNewConnections.length));

/**
 * struct sock_fprog: the count and, at byte 8, a pointer to struct sock_filter[] (code, jt, jf, k).
 */
function makeProgram(): Uint8Array<ArrayBuffer> {
  const view = new DataView(instructions.buffer);
  for (const [index, [code, whenTrue, whenFalse, operand]] of dropNewConnections.entries()) {
    view.setUint16(8 * index, code, true);
    view.setUint8(8 * index + 2, whenTrue);
    view.setUint8(8 * index + 3, whenFalse);
    view.setUint32(8 * index + 4, operand, true);
  }
  const program = new Uint8Array(16);
  const head = new DataView(program.buffer);
  head.setUint16(0, dropNewConnections.length, true);
  head.setBigUint64(8, Deno.UnsafePointer.value(Deno.UnsafePointer.of(instructions)), true);
  return program;
}
