import { type Address, formatAddress } from "../../base/address.ts";
import { StartError } from "../../base/errors.ts";
import { TimerWheel } from "../../base/timer_wheel.ts";
import {
  type AcceptHandler,
  backlogDefault,
  type Capabilities,
  type ConnectOptions,
  type Listener,
  type ListenOptions,
  type Reactor,
  type Socket,
  type SocketHandler,
  type TickHandler,
} from "../reactor.ts";
import { BufferPool } from "./buffer_pool.ts";
import { listenError } from "../deno_errors.ts";
import { PortableListener } from "./portable_listener.ts";
import { PortableSocket } from "./portable_socket.ts";
import { clearSocketPath, withSocketMode } from "../unix_path.ts";
import { socketAnswers } from "./socket_probe.ts";
import { TickDriver } from "./tick_driver.ts";

const readBytes = 16 * 1024;
/** Bytes that a socket accepts beyond the kernel's buffer. */
const queuedBytesMax = 64 * 1024;
/** How long `run` waits after `stop` until the kernel has taken all accepted output. */
const flushTimeoutMs = 500;

/**
 * The reactor on Deno's own sockets: runs wherever Deno runs, without FFI permission.
 *
 * Its loop is Deno's event loop; `run` only enables callbacks. Where Deno offers less than the
 * contract requires:
 * - `abort` cannot send a reset (no SO_LINGER): it closes, and the kernel resets only when bytes
 *   of the peer were left unread;
 * - there is no `v6Only`: `[::]:80` includes IPv4, so a second listener `0.0.0.0:80` is in use;
 * - `shared` has no effect, and no descriptor can be adopted;
 * - a reset of a peer that has ended, or whose socket is paused, shows at the next write or read.
 */
export class PortableReactor implements Reactor {
  readonly backend = "portable";
  readonly capabilities: Capabilities = { inherit: false, source: false };
  readonly wheel = new TimerWheel(performance.now());
  readonly readBuffers = new BufferPool(readBytes, 1024);
  readonly writeBuffers = new BufferPool(queuedBytesMax, 256);
  #nowMs = performance.now();
  #isInCallback = false;
  #isRunning = false;
  /** Settles the promise of `run`. */
  #endRun: PromiseWithResolvers<void> | null = null;
  /** Resolved by `run`, for code with a callback to deliver. */
  #start = Promise.withResolvers<void>();
  #wheelTimer: number | null = null;
  readonly #tick = new TickDriver(this);
  readonly #timers = new Map<number, () => void>();
  #workCount = 0;
  #workDone: (() => void) | null = null;
  /** Sockets written to since the last flush. */
  readonly #unflushed: PortableSocket[] = [];

  constructor() {
    this.wheel.onLink = () => this.driveWheel();
  }

  get nowMs(): number {
    return this.#isInCallback ? this.#nowMs : performance.now();
  }

  readClockMs(): number {
    return performance.now();
  }

  /** True between `run` and `stop`: callbacks may be called. */
  get isRunning(): boolean {
    return this.#isRunning;
  }

  /** Resolves when `run` is called the next time. */
  whenRunning(): Promise<void> {
    return this.#start.promise;
  }

  listen(address: Address, options: ListenOptions, onAccept: AcceptHandler): Listener {
    if (address.kind === "unix") clearSocketPath(address.path, socketAnswers);
    try {
      const listener = address.kind === "unix"
        ? withSocketMode(
          options.mode,
          () => Deno.listen({ transport: "unix", path: address.path }),
        )
        : Deno.listen({
          hostname: address.host,
          port: address.port,
          reusePort: options.reusePort ?? false,
          tcpBacklog: options.backlog ?? backlogDefault,
        });
      return new PortableListener(this, listener, onAccept, options.paused ?? false);
    } catch (error) {
      throw listenError(error, address);
    }
  }

  adopt(fd: number): Listener {
    throw new StartError(
      `cannot take over descriptor ${fd}: the portable reactor only listens by itself; ` +
        "use the epoll reactor (HAYATE_REACTOR=epoll)",
    );
  }

  connect(address: Address, handler: SocketHandler, options: ConnectOptions = {}): Socket {
    if (options.source !== undefined) {
      throw new StartError(
        `cannot connect to ${formatAddress(address)} from ${options.source}: the portable ` +
          "reactor cannot choose the local address; use the epoll reactor (HAYATE_REACTOR=epoll)",
      );
    }
    const socket = new PortableSocket(this, handler, "upstream", address);
    socket.open(address).catch(this.fail);
    return socket;
  }

  setTimer(delayMs: number, callback: () => void): number {
    const handle = setTimeout(() => {
      if (this.#isRunning) this.#fire(handle);
      else this.whenRunning().then(() => this.#fire(handle));
    }, delayMs);
    // `run` keeps the process alive, timers do not.
    Deno.unrefTimer(handle);
    this.#timers.set(handle, callback);
    return handle;
  }

  clearTimer(handle: number): void {
    if (this.#timers.delete(handle)) clearTimeout(handle);
  }

  get tickHandler(): TickHandler | null {
    return this.#tick.handler;
  }

  set tickHandler(handler: TickHandler | null) {
    this.#tick.handler = handler;
    this.#tick.request();
  }

  /** An ordinary buffer: Deno's sockets need no addresses. */
  makeOutputBuffer(length: number): Uint8Array<ArrayBuffer> {
    return new Uint8Array(length);
  }

  /** Deno reports one read at a time, so there are no batches. */
  flushAfterBatch(): boolean {
    return false;
  }

  releaseSpare(): void {
    this.readBuffers.clear();
    this.writeBuffers.clear();
  }

  beginAsync(): void {}
  endAsync(): void {}

  async run(): Promise<void> {
    if (this.#isRunning) throw new TypeError("Cannot run the reactor: it is running");
    this.#endRun = Promise.withResolvers<void>();
    this.#isRunning = true;
    this.driveWheel();
    this.#tick.request();
    this.#start.resolve();
    // Without this, Deno exits when it has nothing to wait for, such as a reactor without sockets.
    const alive = setInterval(() => {}, 2 ** 30);
    try {
      await this.#endRun.promise;
      await this.#finishWork();
    } finally {
      clearInterval(alive);
    }
  }

  stop(): void {
    this.#stopDelivery();
    this.#endRun?.resolve();
  }

  wake(): void {
    this.driveWheel();
    this.#tick.request();
  }

  /** Updates the clock; called before each callback of a handler. */
  beforeCallback(): void {
    this.#nowMs = performance.now();
    this.#isInCallback = true;
  }

  /** Called after each callback of a handler. */
  afterCallback(): void {
    this.leaveCallback();
    if (this.#tick.handler !== null) this.#tick.request();
  }

  /**
   * A callback threw: `run` rejects with the error. A field, so that it can be passed to `catch`.
   */
  readonly fail = (error: unknown): void => {
    this.leaveCallback();
    this.#stopDelivery();
    if (this.#endRun === null) throw error;
    this.#endRun.reject(error);
  };

  /**
   * Call when a listener begins to close or a socket to write. `run` waits for them: the process
   * may exit right after it, and socket files must be removed and accepted bytes sent before that.
   */
  beginWork(): void {
    this.#workCount++;
  }

  endWork(): void {
    if (--this.#workCount === 0) this.#workDone?.();
  }

  async #finishWork(): Promise<void> {
    this.#flush();
    if (this.#workCount === 0) return;
    let timer = 0;
    await new Promise<void>((resolve) => {
      this.#workDone = resolve;
      timer = setTimeout(resolve, flushTimeoutMs);
    });
    clearTimeout(timer);
    this.#workDone = null;
  }

  /** After a callback that must not cause a tick, such as the tick itself. */
  leaveCallback(): void {
    this.#isInCallback = false;
  }

  /** Sends the output of `socket` in one write after the current callbacks. */
  flushSoon(socket: PortableSocket): void {
    if (this.#unflushed.push(socket) === 1) queueMicrotask(this.#flush);
  }

  /** Drives the wheel with a timer that exists only while deadlines are armed. */
  driveWheel(): void {
    if (this.#wheelTimer !== null || this.wheel.armedCount === 0 || !this.#isRunning) return;
    this.#wheelTimer = setInterval(this.#turnWheel, TimerWheel.slotMs);
    Deno.unrefTimer(this.#wheelTimer);
  }

  readonly #turnWheel = (): void => {
    if (!this.#isRunning) return;
    this.beforeCallback();
    try {
      this.wheel.advance(this.#nowMs);
    } catch (error) {
      this.fail(error);
    }
    this.afterCallback();
    this.restWheel();
  };

  /** Stops the wheel's timer if no deadline is armed. */
  restWheel(): void {
    if (this.wheel.armedCount > 0 || this.#wheelTimer === null) return;
    clearInterval(this.#wheelTimer);
    this.#wheelTimer = null;
  }

  readonly #flush = (): void => {
    for (const socket of this.#unflushed) socket.flush();
    this.#unflushed.length = 0;
  };

  #stopDelivery(): void {
    if (!this.#isRunning) return;
    this.#isRunning = false;
    this.#start = Promise.withResolvers<void>();
    if (this.#wheelTimer !== null) clearInterval(this.#wheelTimer);
    this.#wheelTimer = null;
  }

  #fire(handle: number): void {
    const callback = this.#timers.get(handle);
    // Cleared while waiting for `run`.
    if (callback === undefined) return;
    this.#timers.delete(handle);
    this.beforeCallback();
    try {
      callback();
    } catch (error) {
      this.fail(error);
    }
    this.afterCallback();
  }
}
