/**
 * The epoll reactor, which shares one thread with Deno's event loop.
 *
 * It waits in the kernel for at most 1 ms. If nothing happens, it parks: it repeats the call on
 * Deno's thread pool, which leaves Deno's loop free for timers and signals. If something happens,
 * it handles batch after batch and gives Deno's loop a turn at least every 50 ms.
 */
import type { Address } from "../../base/address.ts";
import { StartError } from "../../base/errors.ts";
import { Deadline, TimerWheel } from "../../base/timer_wheel.ts";
import { Errno } from "../../sys/errno.ts";
import { errno } from "../../sys/libc.ts";
import { libcSocket } from "../../sys/libc_socket.ts";
import { EPOLL } from "../../sys/epoll_event.ts";
import { monotonicMs } from "../../sys/monotonic_clock.ts";
import { encodeSockaddr } from "../../sys/sockaddr.ts";
import type {
  AcceptHandler,
  BatchOutput,
  ConnectOptions,
  Listener,
  ListenOptions,
  Reactor,
  Socket,
  SocketHandler,
  TickHandler,
} from "../reactor.ts";
import { bindListener, isListening } from "../listening.ts";
import { isLoopback, makeNonblocking } from "../descriptor.ts";
import { EpollListener } from "./epoll_listener.ts";
import { EpollSocket, type SocketHost } from "./epoll_socket.ts";
import { FreshSockets } from "./fresh_sockets.ts";
import { offersKernelTls } from "./kernel_tls.ts";
import { LoopTurn } from "./loop_turn.ts";
import { OutputBuffers } from "./output_buffers.ts";
import { Poller } from "./poller.ts";
import { readAheadMax, ReadBuffers } from "./read_buffers.ts";
import { SpareStreams } from "./spare_streams.ts";
import { bindSource, openStream } from "./stream.ts";
import { Waker } from "./waker.ts";

/** Most local addresses cached for `connect`. */
const sourcesMax = 4096;
/** How long to wait in the kernel before parking: waking from parking costs about 40 us more. */
const spinMs = 1;
/**
 * Longest time between turns of Deno's loop under load, and so the longest delay of signals and
 * timers. A turn finds cold caches and takes about 300 us; one every 5 ms used 6 % of a busy
 * server's CPU.
 */
const sliceMs = 50;
/** The same while handlers are working, which may wait for what only a turn brings. */
const handlersTurnMs = 1;
/** Microtasks run in so many steps before a turn: an app with a framework awaits some ten times. */
const microtaskTurnsMax = 32;

/** Why control returns to Deno's loop. */
const Pause = { none: 0, park: 1, handlers: 2, turn: 3 } as const;
type Pause = typeof Pause[keyof typeof Pause];

export class EpollReactor implements Reactor, SocketHost {
  readonly backend = "epoll";
  readonly capabilities = { inherit: true, source: true };
  readonly poller = new Poller();
  readonly readBuffers = new ReadBuffers();
  readonly outputBuffers = new OutputBuffers();
  readonly spareStreams = new SpareStreams();
  #nowMs = monotonicMs();
  #isInTick = false;
  readonly wheel = new TimerWheel(this.#nowMs);
  tickHandler: TickHandler | null = null;
  /** When the parked wait times out. */
  #parkedUntilMs = Infinity;
  readonly #waker = new Waker(this.poller);
  readonly #turn = new LoopTurn();
  readonly #sources = new Map<string, Address>();
  readonly #timers = new Map<number, CallbackDeadline>();
  #lastTimer = 0;
  #deferred: EpollSocket[] = [];
  readonly #fresh = new FreshSockets();
  #asyncCount = 0;
  #isInBatch = false;
  /** Outputs to flush at the end of the batch. */
  readonly #outputs: BatchOutput[] = [];
  #running = false;
  /** When Deno's loop is due for its next turn. */
  #turnDueMs = 0;
  #handlersDueMs = 0;
  /** Events of the last wait. */
  #eventCount = 0;
  #tickWaitMs = Infinity;

  constructor() {
    // A deadline armed from Deno's loop while this thread is parked may have to end the wait
    // earlier.
    this.wheel.onLink = (dueMs) => {
      if (!this.#waker.parked || dueMs >= this.#parkedUntilMs) return;
      this.#parkedUntilMs = dueMs;
      this.wake();
    };
  }

  get nowMs(): number {
    // Deno's loop runs between ticks, possibly long after the last one.
    return this.#isInTick ? this.#nowMs : monotonicMs();
  }

  readClockMs(): number {
    return monotonicMs();
  }

  offersKernelTls(): boolean {
    return offersKernelTls();
  }

  listen(address: Address, options: ListenOptions, onAccept: AcceptHandler): Listener {
    const fd = bindListener(address, options);
    return this.#listener(fd, onAccept, "bound", options);
  }

  adopt(fd: number, options: ListenOptions, onAccept: AcceptHandler): Listener {
    if (!isListening(fd)) throw new StartError(`descriptor ${fd} is not a listening socket`);
    makeNonblocking(fd);
    return this.#listener(fd, onAccept, "inherited", options);
  }

  #listener(
    fd: number,
    onAccept: AcceptHandler,
    ownership: "bound" | "inherited",
    options: ListenOptions,
  ): Listener {
    const setTimer = (delayMs: number, callback: () => void) =>
      void this.setTimer(delayMs, callback);
    const listener = new EpollListener(this, fd, onAccept, ownership, options, setTimer);
    this.wake();
    return listener;
  }

  connect(address: Address, handler: SocketHandler, options?: ConnectOptions): Socket {
    const struct = encodeSockaddr(address);
    // A socket bound to a source address stays bound, so it cannot be reused.
    const spareFamily = options?.source === undefined && isLoopback(struct) ? struct[0] : 0;
    const spare = spareFamily === 0 ? -1 : this.spareStreams.take(struct);
    const fd = spare >= 0 ? spare : openStream(struct);
    const socket = new EpollSocket(this, fd, handler, true, spareFamily);
    if (fd < 0) {
      socket.deferConnected(-fd);
      return socket;
    }
    let failure = 0;
    if (options?.source !== undefined) {
      failure = bindSource(fd, encodeSockaddr(this.#sourceAddress(options.source)));
    }
    if (failure === 0) {
      failure = libcSocket.connect(fd, struct, struct.length) < 0 ? errno() : 0;
      // On loopback the handshake is complete by now; a second connect(2) reports that more cheaply
      // than an event would. Elsewhere it costs one quick EALREADY.
      if (failure === Errno.EINPROGRESS) {
        failure = libcSocket.connect(fd, struct, struct.length) < 0 ? errno() : 0;
        if (failure === Errno.EALREADY) failure = Errno.EINPROGRESS;
      }
    }
    if (failure === Errno.EINPROGRESS) this.poller.watch(socket, EPOLL.out);
    else socket.deferConnected(failure);
    return socket;
  }

  /** Returns the same object for the same host, so that its struct is encoded once. */
  #sourceAddress(host: string): Address {
    let address = this.#sources.get(host);
    if (address === undefined) {
      if (this.#sources.size >= sourcesMax) this.#sources.clear();
      address = { kind: "tcp", host, port: 0 };
      this.#sources.set(host, address);
    }
    return address;
  }

  setTimer(delayMs: number, callback: () => void): number {
    const handle = ++this.#lastTimer;
    const timer = new CallbackDeadline(() => {
      this.#timers.delete(handle);
      callback();
    });
    this.#timers.set(handle, timer);
    // Not `nowMs`: the tick may have taken long, and a timer must never fire early.
    this.wheel.arm(timer, monotonicMs() + delayMs);
    return handle;
  }

  clearTimer(handle: number): void {
    const timer = this.#timers.get(handle);
    if (timer === undefined) return;
    this.#timers.delete(handle);
    this.wheel.disarm(timer);
  }

  beginAsync(): void {
    this.#asyncCount++;
  }

  endAsync(): void {
    this.#asyncCount--;
  }

  defer(socket: EpollSocket): void {
    this.#deferred.push(socket);
    this.wake();
  }

  admit(socket: EpollSocket): void {
    this.#fresh.add(socket);
    this.wake();
  }

  makeOutputBuffer(length: number): Uint8Array<ArrayBuffer> {
    return this.outputBuffers.make(length);
  }

  flushAfterBatch(output: BatchOutput): boolean {
    if (!this.#isInBatch) return false;
    if (!this.#outputs.includes(output)) this.#outputs.push(output);
    return true;
  }

  wake(): void {
    this.#waker.wake();
  }

  stop(): void {
    this.#running = false;
    this.wake();
  }

  async run(): Promise<void> {
    this.#running = true;
    this.#turnDueMs = monotonicMs() + sliceMs;
    this.#turn.open();
    try {
      await this.#loop();
    } finally {
      // Also after an exception: an open port would keep the process alive.
      this.#running = false;
      this.#isInTick = this.#isInBatch = false;
      this.#turn.close();
    }
  }

  async #loop(): Promise<void> {
    while (this.#running) {
      switch (this.#spin()) {
        case Pause.park:
          this.#tick(await this.#park());
          this.#turnDueMs = this.#nowMs + sliceMs;
          break;
        case Pause.handlers:
          await this.#yieldToHandlers();
          if (this.#nowMs >= this.#turnDueMs) await this.#takeTurn();
          break;
        case Pause.turn:
          await this.#takeTurn();
          break;
      }
    }
  }

  /**
   * Runs until Deno's loop needs a turn, and returns why. The hot loop is not an async function,
   * because V8 recompiled an async one four times.
   */
  #spin(): Pause {
    while (this.#running) {
      const count = this.#wait();
      this.#tick(count);
      if (!this.#running) break;
      if (count <= 0 && this.#mayPark()) return Pause.park;
      if (this.#asyncCount > 0) return Pause.handlers;
      if (this.#nowMs >= this.#turnDueMs) return Pause.turn;
    }
    return Pause.none;
  }

  async #takeTurn(): Promise<void> {
    await this.#turn.take();
    this.#turnDueMs = monotonicMs() + sliceMs;
  }

  /**
   * Lets the promises of handlers make progress: first microtasks, which are nearly free, then, if
   * that was not enough, one turn of Deno's loop. Where sockets have nothing, `#park` follows, and
   * Deno's loop has its turn at once.
   */
  async #yieldToHandlers(): Promise<void> {
    for (let i = 0; i < microtaskTurnsMax && this.#asyncCount > 0; i++) await null;
    if (this.#asyncCount === 0) return;
    if (this.#eventCount > 0 && this.#nowMs < this.#handlersDueMs) return;
    await this.#turn.take();
    this.#handlersDueMs = monotonicMs() + handlersTurnMs;
  }

  #tick(count: number): void {
    if (count <= 0) this.#nowMs = monotonicMs();
    this.#eventCount = count;
    this.#isInTick = true;
    for (let from = 0; from < count; from += readAheadMax) {
      this.#batch(this.poller, from, Math.min(count, from + readAheadMax));
    }
    if (this.#fresh.count > 0) this.#readFresh();
    if (this.#deferred.length > 0) this.#deliverDeferred();
    this.wheel.advance(this.#nowMs);
    this.#tickWaitMs = this.tickHandler === null ? Infinity : this.tickHandler.onTick(this.#nowMs);
    this.#isInTick = false;
  }

  #readFresh(): void {
    const fresh = this.#fresh;
    for (let from = 0; from < fresh.count; from += readAheadMax) {
      this.#batch(fresh, from, Math.min(fresh.count, from + readAheadMax));
    }
    fresh.clear();
  }

  #batch(source: Poller | FreshSockets, from: number, to: number): void {
    source.readAhead(from, to);
    // Taken after the reads, so that no response is timestamped too early.
    this.#nowMs = monotonicMs();
    this.#isInBatch = true;
    source.dispatch(from, to);
    this.#isInBatch = false;
    while (this.#outputs.length > 0) this.#outputs.pop()!.flush();
  }

  #deliverDeferred(): void {
    const due = this.#deferred;
    this.#deferred = [];
    for (const socket of due) socket.deliverDeferred();
  }

  /** Sockets wait for the next tick. */
  get #hasWork(): boolean {
    return this.#deferred.length > 0 || this.#fresh.count > 0;
  }

  async #park(): Promise<number> {
    const nowMs = monotonicMs();
    this.#parkedUntilMs = Math.min(this.wheel.nextDueMs(), nowMs + this.#tickWaitMs);
    const waitMs = this.#parkedUntilMs === Infinity
      ? -1
      : Math.max(0, Math.ceil(this.#parkedUntilMs - nowMs));
    this.#waker.parked = true;
    const count = await this.poller.waitParked(waitMs);
    this.#waker.parked = false;
    return Math.max(count, 0);
  }

  #wait(): number {
    const waitMs = this.#tickWaitMs;
    // A handler that stays awake needs a precise wake-up, without busy-waiting for it.
    const isBrief = waitMs > 0 && waitMs < spinMs && !this.#hasWork &&
      this.tickHandler?.staysAwake === true;
    return isBrief ? this.poller.waitBriefly(waitMs) : this.poller.wait(this.#spinMs());
  }

  /** How long the blocking wait may take: 0 while something is due or a handler is working. */
  #spinMs(): number {
    if (this.#hasWork || this.#asyncCount > 0 || this.#tickWaitMs < spinMs) return 0;
    return spinMs;
  }

  /** Parking costs more than a short wait, so it is not used if something is due soon. */
  #mayPark(): boolean {
    return !this.#hasWork && this.#tickWaitMs >= spinMs &&
      this.tickHandler?.staysAwake !== true;
  }
}

class CallbackDeadline extends Deadline {
  readonly callback: () => void;

  constructor(callback: () => void) {
    super();
    this.callback = callback;
  }

  override onDeadline(): void {
    this.callback();
  }
}
