/**
 * Closing a listening socket without losing a connection.
 *
 * The kernel resets what waits in the accept queue when the socket's last holder closes it. So first
 * nothing more may come in, then the queue is emptied, then the socket is closed.
 */
import { libc } from "../sys/libc.ts";
import { libcProcess } from "../sys/libc_process.ts";
import { SO, SOL } from "../sys/sockaddr.ts";
import { getOption, isListening, localAddressOf } from "./epoll/descriptor.ts";

/**
 * A classic BPF program (SO_ATTACH_FILTER of socket(7)) over the TCP header: drops segments with SYN
 * and without ACK (byte 13: 0x02 of 0x12), passes all others. A client sends its SYN again after a
 * second, and then meets another listener of the port, or a refusal.
 */
const dropNewConnections: readonly (readonly [number, number, number, number])[] = [
  [0x30, 0, 0, 13], // ldb [13]
  [0x54, 0, 0, 0x12], // and #0x12
  [0x15, 0, 1, 0x02], // jeq #0x02, next, last
  [0x06, 0, 0, 0], // ret #0
  [0x06, 0, 0, 0xffffffff], // ret #-1
];

/**
 * From now on the kernel adds no connection to the queue of `fd`; take out what is there, then close.
 * All holders of the socket are affected.
 */
export function shutQueue(fd: number): void {
  // Keeps the queue at one connection at most: all that a unix socket has, and filters may be forbidden.
  libc.listen(fd, 0);
  if (getOption(fd, SOL.socket, SO.protocol) !== protocolTcp) return;
  const program = makeProgram();
  libc.setsockopt(fd, SOL.socket, SO.attachFilter, program, program.length);
}

/** As `shutQueue`, for each socket of this process that listens on the TCP port. */
export function shutQueuesOf(port: number): void {
  for (const { name } of Deno.readDirSync("/proc/self/fd")) {
    const fd = Number(name);
    if (!isListening(fd)) continue;
    const address = localAddressOf(fd);
    if (address.kind === "tcp" && address.port === port) shutQueue(fd);
  }
}

/** True while a connection waits to be accepted from `fd` (poll(2)). */
export function hasWaiting(fd: number): boolean {
  const entry = new Int32Array([fd, pollIn]);
  const count = libcProcess.poll(new Uint8Array(entry.buffer), 1n, 0);
  // struct pollfd: the descriptor, then events and revents in 16 bits each.
  return count > 0 && (entry[1] >> 16 & pollIn) !== 0;
}

const pollIn = 1;
const protocolTcp = 6;
/** Kept: `program` holds a pointer to it. */
const instructions = new Uint8Array(new ArrayBuffer(8 * dropNewConnections.length));

/** struct sock_fprog: the count and, at byte 8, a pointer to struct sock_filter[] (code, jt, jf, k). */
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
