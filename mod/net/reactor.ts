/**
 * The reactor: sockets and timers of one thread, with callbacks.
 *
 * The interface is completion-based: bytes arrive in a callback, and `write` returns how much was
 * accepted. Callbacks run on the reactor's own thread, one at a time.
 */
import type { Address } from "../base/address.ts";
import type { PeerError } from "../base/errors.ts";
import type { TimerWheel } from "../base/timer_wheel.ts";

/** Callbacks of a socket. One object may handle many sockets. */
export interface SocketHandler {
  /** `connect` has succeeded. Not called for accepted sockets, which are open from the start. */
  onOpen(socket: Socket): void;
  /**
   * Bytes `[start, end)` of `bytes` have arrived. They are valid until the call returns: the
   * reactor owns and reuses the buffer.
   */
  onData(socket: Socket, bytes: Uint8Array, start: number, end: number): void;
  /**
   * A large read is next, of at most `bytesMax` bytes: a buffer to read into instead of the reactor's,
   * which saves a copy; null: none. If anything arrives, `onData` follows at once with this very buffer,
   * from 0, and the reactor does not keep it. A backend need not ask.
   */
  inputBuffer?(socket: Socket, bytesMax: number): Uint8Array<ArrayBuffer> | null;
  /** A short `write` can be continued. Called once per short `write`. */
  onDrain(socket: Socket): void;
  /** The peer has finished sending (FIN). Our direction stays open until `close`. */
  onEnd(socket: Socket): void;
  /**
   * The socket failed and its descriptor is closed: reset, refused, unreachable. The last call for
   * this socket. Not called after our own `close` or `abort`.
   */
  onClose(socket: Socket, error: PeerError): void;
}

/** The result of a TLS handshake. */
export interface TlsFacts {
  /** `TLSv1.3`. */
  readonly version: string;
  /** OpenSSL's name of the cipher suite, and its key length in bits. */
  readonly cipher: string;
  readonly cipherBits: number;
  readonly resumed: boolean;
  /** Server name requested by the client (SNI); "" for none. */
  readonly serverName: string;
  /** Empty if the protocol has none, as with TLS 1.3 before the first ticket. */
  readonly sessionId: Uint8Array;
}

/** TLS of the kernel for what a socket sends: `write` and `sendFile` of the socket take plaintext. */
export interface KernelTls {
  /**
   * Begins with these keys (a struct tls12_crypto_info of linux/tls.h); what was written before stays as
   * it is. False: the kernel refuses, and the socket is as before.
   */
  start(keys: Uint8Array<ArrayBuffer>): boolean;
  /** Whether the kernel can change keys like these for others (Linux 6.14). */
  canRenew(keys: Uint8Array<ArrayBuffer>): boolean;
  /** Uses other keys from now on. */
  renew(keys: Uint8Array<ArrayBuffer>): boolean;
  /**
   * Sends one record of `type`, and before it what an earlier write or file has left open. False: wait
   * for `onDrain`, or the connection has failed.
   */
  sendRecord(type: number, bytes: Uint8Array<ArrayBuffer>): boolean;
  /**
   * Before the last record, after which the socket is shut down or closed: the kernel drops records that
   * TCP has not taken by then. True: TCP takes them all. False: wait for `onDrain`, after which it does.
   */
  makeRoom(): boolean;
}

/**
 * One byte stream. After `close`, `abort` or `onClose` there are no callbacks, and methods do
 * nothing.
 */
export interface Socket {
  /** Receives the callbacks; may be replaced at any time. */
  handler: SocketHandler;
  /** True until `close`, `abort` or `onClose`. */
  readonly isOpen: boolean;
  /**
   * Offers bytes `[start, end)` and returns immediately how many were accepted, without keeping a
   * reference. If fewer than offered, the peer is slow: write the rest in `onDrain`. A failed
   * socket accepts 0, and `onClose` follows.
   *
   * `isLast`: `close`, `shutdown` or `sendFile` is called next, so that the FIN or the file can be
   * sent with these bytes (send(2), MSG_MORE). Only a hint: a backend may ignore it. Bytes that
   * nothing follows leave within 200 ms.
   */
  write(bytes: Uint8Array, start: number, end: number, isLast?: boolean): number;
  /**
   * Like `write`, but sends `length` bytes from `offset` of the open file `fd` without copying them
   * through this process. Fewer also for a fast peer, so that others get their turn; `onDrain` follows. -1:
   * the file is shorter or cannot be read. Absent if the backend has no
   * such call.
   */
  sendFile?(fd: number, offset: number, length: number): number;
  /**
   * Whether `sendFile` may be called next, for `length` bytes. Absent: whenever there is `sendFile`. With
   * TLS, the kernel takes over the encryption by this call if it can.
   */
  canSendFile?(length: number): boolean;
  /** Gives the kernel the encryption of what is sent. Absent if the backend cannot. */
  kernelTls?(): KernelTls | null;
  /** Stops `onData` and `onEnd` until `resume`, so that the TCP window closes (back-pressure). */
  pause(): void;
  resume(): void;
  /** Half-close: sends FIN after all accepted bytes. Reading continues. */
  shutdown(): void;
  /** Closes both directions; accepted bytes are still delivered. */
  close(): void;
  /**
   * Closes as soon as the peer closes or sends anything more, without reading it and without onData
   * or onEnd. Absent if the backend has nothing cheaper than a handler that does the same.
   */
  closeWithPeer?(): void;
  /** Closes with a reset (SO_LINGER 0): the peer gets ECONNRESET, and there is no TIME_WAIT. */
  abort(): void;
  /**
   * The peer's address; a unix client without a name has the path "". Computed on demand. An accepted
   * socket knows it for good, also after `onClose`.
   */
  peerAddress(): Address;
  localAddress(): Address;
  /**
   * The user at the other end of a unix socket, as the kernel noted it when the connection was made;
   * null: not a unix socket. Absent if the backend cannot tell.
   */
  peerUid?(): number | null;
  /** The protocol that ALPN has selected; absent without TLS, "" for none. */
  readonly alpn?: string;
  /** Present on TLS sockets. Valid only while the socket is open. */
  tlsFacts?(): TlsFacts;
}

/** The backlog when `ListenOptions` gives none; the kernel limits it to net.core.somaxconn. */
export const backlogDefault = 16384;

/** Options of a listener. */
export interface ListenOptions {
  /** listen(2) backlog; the kernel limits it to net.core.somaxconn. Default `backlogDefault`. */
  readonly backlog?: number;
  /**
   * SO_REUSEPORT: several sockets share the port, and the kernel distributes connections. TCP only.
   */
  readonly reusePort?: boolean;
  /** IPV6_V6ONLY, default true, so that `[::]:80` and `0.0.0.0:80` can both be bound. */
  readonly v6Only?: boolean;
  /** Mode of the socket file, for example 0o666. Default: as given by umask. Unix only. */
  readonly mode?: number;
  /** Several processes accept from the same queue; wake only one of them (EPOLLEXCLUSIVE). */
  readonly shared?: boolean;
  /** With `shared`, for a TCP queue: how much of it this process should take. */
  readonly share?: ConnectionShare | null;
  /** Accept nothing until `resume`. */
  readonly paused?: boolean;
}

/**
 * The part of the connections that falls to this process. The reactor tells it what is open; every
 * `startAccepting` of a listener is followed by a `stopAccepting`, every `opened` by a `closed`.
 */
export interface ConnectionShare {
  startAccepting(): void;
  stopAccepting(): void;
  opened(): void;
  closed(): void;
  /** How many of `waiting` connections this process should accept. */
  of(waiting: number): number;
  /** Processes that accept from the queue. */
  readonly workerCount: number;
}

/** Options of an outgoing connection. */
export interface ConnectOptions {
  /** Local IP address to bind before connecting (IP_BIND_ADDRESS_NO_PORT). */
  readonly source?: string;
}

/** Called for each accepted connection; returns its handler. */
export type AcceptHandler = (socket: Socket, listener: Listener) => SocketHandler;

/** A bound socket that accepts. */
export interface Listener {
  /** Has the actual port if 0 was requested. */
  readonly address: Address;
  /** The descriptor; -1 if the backend has none. */
  readonly fd: number;
  /** Connections accepted so far. */
  readonly acceptedCount: number;
  /**
   * Stops accepting, so that connections wait in the kernel's queue. From a `shared` queue it first
   * accepts connections for which only this process may have been woken.
   */
  pause(): void;
  resume(): void;
  /**
   * Stops accepting. If no other process holds the socket, connections in its queue are accepted
   * first, so that none is reset. A socket file that this listener created is removed.
   * `isLastHolder`: all other processes that hold an adopted socket are closing it now, too.
   */
  close(isLastHolder?: boolean): void;
}

/** Optional capabilities of a backend. */
export interface Capabilities {
  /** Can adopt a descriptor that the parent process opened. */
  readonly inherit: boolean;
  /** Can bind the local address of an outgoing connection. */
  readonly source: boolean;
}

/** Time-driven work, such as a load generator's schedule. */
export interface TickHandler {
  /**
   * Called once per tick. Returns how long the reactor may wait at most, in milliseconds; Infinity:
   * no limit.
   */
  onTick(nowMs: number): number;
  /**
   * True: the epoll backend waits on this thread, a millisecond at a time, and never on Deno's
   * pool, which would add about 100 us to what is measured. An idle reactor then uses a little CPU.
   */
  readonly staysAwake?: boolean;
}

/** Output collected by its writer, to be sent after the callbacks of a whole batch. */
export interface BatchOutput {
  flush(): void;
}

export interface Reactor {
  readonly backend: "epoll" | "portable";
  readonly capabilities: Capabilities;
  /**
   * Monotonic milliseconds. Inside callbacks: cached once per batch, and cheap; elsewhere: read
   * from the clock.
   */
  readonly nowMs: number;
  /** The same clock, read again: for several timestamps within one callback. */
  readClockMs(): number;
  /** Coarse deadlines of connections, driven by the reactor wherever they are armed. */
  readonly wheel: TimerWheel;
  /** Whether sockets have `kernelTls` and the kernel knows it. Absent: no. */
  offersKernelTls?(): boolean;
  /**
   * Opens a listener. Throws a one-line `StartError`: port in use, no permission, address not on
   * this host, path is a regular file. A stale socket file (no process accepts on it) is replaced;
   * a live one is "in use".
   */
  listen(address: Address, options: ListenOptions, onAccept: AcceptHandler): Listener;
  /**
   * Adopts a listening descriptor. Throws `StartError` if it is not one. Never removes a socket
   * file. Uses `options.shared`; backlog and mode were set by the creator.
   */
  adopt(fd: number, options: ListenOptions, onAccept: AcceptHandler): Listener;
  /** Begins to connect and returns immediately; `onOpen` or `onClose` follows in a later tick. */
  connect(address: Address, handler: SocketHandler, options?: ConnectOptions): Socket;
  /**
   * Calls `callback` once after `delayMs` (never earlier; up to 64 ms later). Returns a handle for
   * `clearTimer`.
   */
  setTimer(delayMs: number, callback: () => void): number;
  clearTimer(handle: number): void;
  /** At most one; called once per tick while set. */
  tickHandler: TickHandler | null;
  /**
   * Announces that work outside the reactor (a handler's promise) will produce output, so that the
   * loop runs Deno's microtasks and event loop promptly. Balance each call with `endAsync`.
   */
  beginAsync(): void;
  endAsync(): void;
  /**
   * Creates a buffer for heavy output: `Socket.write` is cheapest from it if `start` is a multiple
   * of 64. Lives as long as the reactor.
   */
  makeOutputBuffer(length: number): Uint8Array<ArrayBuffer>;
  /**
   * Schedules one call of `output.flush()` after the callbacks of the current batch. False: there
   * is no current batch, or the backend has no batches; the caller then has to flush.
   */
  flushAfterBatch(output: BatchOutput): boolean;
  /** Drops the buffers kept for reuse. Absent where the backend keeps none for each socket. */
  releaseSpare?(): void;
  /**
   * Runs until `stop`. Resolves when the last callback has returned; open sockets are left as they
   * are.
   */
  run(): Promise<void>;
  /** Ends `run` soon. May be called from any callback or from Deno's loop. */
  stop(): void;
  /** Ends a wait in the kernel, so that changes made from Deno's loop take effect at once. */
  wake(): void;
}
