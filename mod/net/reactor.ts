/**
 * The reactor: one thread's sockets and timers behind callbacks.
 *
 * The interface is shaped by completion: bytes arrive in a callback, `write` says how much was
 * accepted. Every callback runs on the reactor's own thread, one at a time.
 */
import type { Address } from "../base/address.ts";
import type { PeerError } from "../base/errors.ts";
import type { TimerWheel } from "../base/timer_wheel.ts";

/** What the owner of a socket is told. One object may serve many sockets. */
export interface SocketHandler {
  /** A `connect` has succeeded. Never called for an accepted socket: it is open from the start. */
  onOpen(socket: Socket): void;
  /**
   * Bytes `[start, end)` of `bytes` have arrived. They are valid until the call returns: the buffer
   * belongs to the reactor and is filled again.
   */
  onData(socket: Socket, bytes: Uint8Array, start: number, end: number): void;
  /** A `write` that fell short can go on. Called once per short `write`. */
  onDrain(socket: Socket): void;
  /** The peer will send nothing more (FIN). Our direction stays open until `close`. */
  onEnd(socket: Socket): void;
  /**
   * The socket failed and its descriptor is gone: reset, refused, unreachable. The last call for
   * this socket. Not called after our own `close` or `abort`: whoever closes knows.
   */
  onClose(socket: Socket, error: PeerError): void;
}

/** What a TLS handshake agreed on. */
export interface TlsFacts {
  /** `TLSv1.3`. */
  readonly version: string;
  /** OpenSSL's name of the cipher suite, and the bits of its key. */
  readonly cipher: string;
  readonly cipherBits: number;
  readonly resumed: boolean;
  /** Name that the client asked for (SNI); "" for none. */
  readonly serverName: string;
  /** Empty where the protocol has none, as with TLS 1.3 before its first ticket. */
  readonly sessionId: Uint8Array;
}

/** One byte stream. After `close`, `abort` or `onClose` no callback comes, and its methods do nothing. */
export interface Socket {
  /** Who is called; may be replaced at any time. */
  handler: SocketHandler;
  /** True until `close`, `abort` or `onClose`. */
  readonly isOpen: boolean;
  /**
   * Offers bytes `[start, end)` and returns how many were accepted, at once, without keeping a
   * reference. Fewer than offered: the peer is slow; offer the rest in `onDrain`. A socket that has
   * failed accepts 0, and `onClose` follows.
   *
   * `isLast`: `close`, `shutdown` or `sendFile` is called next, so that the FIN or the file can travel
   * with these bytes (send(2), MSG_MORE). A hint: a backend may ignore it.
   */
  write(bytes: Uint8Array, start: number, end: number, isLast?: boolean): number;
  /**
   * Like `write`, but sends `length` bytes from `offset` of the open file `fd` without copying them
   * through this process. -1: the file ends before, or cannot be read. Absent where the backend has
   * no such call, or the bytes have to be changed on their way (TLS).
   */
  sendFile?(fd: number, offset: number, length: number): number;
  /** No `onData` and no `onEnd` until `resume`, so that the kernel's window closes on the peer. */
  pause(): void;
  resume(): void;
  /** Half-close: FIN after everything accepted. Reading goes on. */
  shutdown(): void;
  /** Closes both directions; accepted bytes are still delivered. */
  close(): void;
  /**
   * Closes as soon as the peer closes or sends anything more, without reading it; no onData or onEnd
   * comes. Absent where the backend has nothing cheaper than a handler that does so.
   */
  closeWithPeer?(): void;
  /** Closes by reset (SO_LINGER 0): the peer sees ECONNRESET and no TIME_WAIT is left behind. */
  abort(): void;
  /** The peer's address; a unix client without a name has the path "". Computed on demand. */
  peerAddress(): Address;
  localAddress(): Address;
  /** Present where the bytes are encrypted. Only while the socket is open. */
  tlsFacts?(): TlsFacts;
}

/** How a listener is opened. */
export interface ListenOptions {
  /** listen(2) queue length; the kernel clips it to net.core.somaxconn. Default 16384. */
  readonly backlog?: number;
  /** SO_REUSEPORT: several sockets share the port, the kernel spreads connections. TCP only. */
  readonly reusePort?: boolean;
  /** IPV6_V6ONLY, default true, so that `[::]:80` and `0.0.0.0:80` can be held together. */
  readonly v6Only?: boolean;
  /** Mode of the socket file, for example 0o666. Default: what umask leaves. Unix only. */
  readonly mode?: number;
  /** Several processes accept from one queue: wake only one of them (EPOLLEXCLUSIVE). */
  readonly shared?: boolean;
  /** Nothing is accepted before `resume`. */
  readonly paused?: boolean;
}

/** How a connection is opened. */
export interface ConnectOptions {
  /** Local IP address to bind before connecting (IP_BIND_ADDRESS_NO_PORT). */
  readonly source?: string;
}

/** Called for each accepted connection; returns who handles it. */
export type AcceptHandler = (socket: Socket, listener: Listener) => SocketHandler;

/** A bound socket that accepts. */
export interface Listener {
  /** With the real port when 0 was asked for. */
  readonly address: Address;
  /** The descriptor, or -1 where the backend has none. */
  readonly fd: number;
  /** Connections accepted so far. */
  readonly acceptedCount: number;
  /**
   * Accepts no more, so that connections wait in the kernel's queue. From a `shared` queue it first
   * takes what this process may have been woken for and no other.
   */
  pause(): void;
  resume(): void;
  /**
   * Stops accepting. Connections that wait in the queue of a socket that nobody else holds are
   * accepted first, so that none is reset; a socket file that this listener made is removed.
   * `isLastHolder`: nobody holds an adopted socket but processes that close it now, too.
   */
  close(isLastHolder?: boolean): void;
}

/** What a backend can do beyond the contract. */
export interface Capabilities {
  /** Can take over a descriptor that the parent process opened. */
  readonly inherit: boolean;
  /** Can bind the local address of an outgoing connection. */
  readonly source: boolean;
}

/** Work that belongs to time rather than to a socket, such as a load generator's schedule. */
export interface TickHandler {
  /** Called once per tick. Returns for how many milliseconds at most the reactor may wait; Infinity: any time. */
  onTick(nowMs: number): number;
  /**
   * True: the epoll backend waits on this thread, a millisecond at a time, and never on Deno's pool,
   * whose hop would add some 100 us to what is measured. An idle reactor then uses a little CPU.
   */
  readonly staysAwake?: boolean;
}

/** Output that whoever writes gathers, so that it is sent behind the callbacks of a whole batch. */
export interface BatchOutput {
  flush(): void;
}

export interface Reactor {
  readonly backend: "epoll" | "portable";
  readonly capabilities: Capabilities;
  /**
   * Monotonic milliseconds: in callbacks refreshed once for all sockets that are read together, and
   * cheap to read; exact elsewhere.
   */
  readonly nowMs: number;
  /** The same clock, read anew: for whoever stamps several things within one callback. */
  readClockMs(): number;
  /** Coarse deadlines of connections; driven by the reactor, from wherever they are armed. */
  readonly wheel: TimerWheel;
  /**
   * Opens a listener. Throws `StartError` with one clear line: port in use, no permission, address
   * not of this host, a path that is a regular file. A stale socket file (nobody answers on it) is
   * replaced; a live one is "in use".
   */
  listen(address: Address, options: ListenOptions, onAccept: AcceptHandler): Listener;
  /**
   * Takes over a listening descriptor. Throws `StartError` when it is none. A socket file is never removed.
   * `options.shared` as above; backlog and mode are the creator's business.
   */
  adopt(fd: number, options: ListenOptions, onAccept: AcceptHandler): Listener;
  /** Begins to connect and returns at once; `onOpen` or `onClose` follows in a later tick. */
  connect(address: Address, handler: SocketHandler, options?: ConnectOptions): Socket;
  /** Calls `callback` once after `delayMs` (never earlier; up to 64 ms later). Returns a handle for `clearTimer`. */
  setTimer(delayMs: number, callback: () => void): number;
  clearTimer(handle: number): void;
  /** At most one; called once per tick while set. */
  tickHandler: TickHandler | null;
  /**
   * Says that work outside the reactor (a promise of a handler) will produce output, so that the
   * loop gives Deno's microtasks and event loop their turn at once. Calls must be balanced.
   */
  beginAsync(): void;
  endAsync(): void;
  /**
   * A buffer to write much output from: `Socket.write` takes it at the least cost from where `start`
   * is a multiple of 64. Lives as long as the reactor.
   */
  makeOutputBuffer(length: number): Uint8Array<ArrayBuffer>;
  /**
   * Has `output.flush()` called once, when the callbacks of the batch under way have returned. False:
   * none is under way, or the backend tells one socket at a time; then nobody else will flush.
   */
  flushAfterBatch(output: BatchOutput): boolean;
  /** Runs until `stop`. Resolves when the last callback has returned; sockets still open are left as they are. */
  run(): Promise<void>;
  /** Ends `run` soon, from any callback or from Deno's loop. */
  stop(): void;
  /** Ends a wait in the kernel, so that changes made from Deno's loop are seen at once. */
  wake(): void;
}
