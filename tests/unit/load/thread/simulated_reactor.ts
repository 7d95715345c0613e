/**
 * A reactor without a network, on a clock that only the simulation moves: what `hayate load` measures
 * against it can be compared with the truth to the microsecond, on a machine as busy as it likes.
 */
import type { Address } from "../../../../mod/base/address.ts";
import { PeerError } from "../../../../mod/base/errors.ts";
import { TimerWheel } from "../../../../mod/base/timer_wheel.ts";
import type {
  BatchOutput,
  Listener,
  Reactor,
  Socket,
  SocketHandler,
  TickHandler,
} from "../../../../mod/net/reactor.ts";

/** What the simulated server does with a request that arrives at `atMs`. */
export interface Reply {
  /** When the response arrives; Infinity: never. */
  readonly atMs: number;
  readonly bytes: Uint8Array;
  /** The connection ends directly after the response. */
  readonly closes?: boolean;
  /** errno name of a failure in place of a proper end. */
  readonly failure?: string;
  /** The rest comes this much later, from byte `cutAt` on. */
  readonly cutAt?: number;
  readonly restAtMs?: number;
}

/** The server's end of a connection of which it reads the bytes itself. */
export interface SimulatedPeer {
  readonly nowMs: number;
  /** Calls `act` then, unless the connection has ended. */
  at(atMs: number, act: () => void): void;
  noteArrival(): void;
  deliver(bytes: Uint8Array): void;
  /** `failure`: an errno name in place of a proper end. */
  end(failure?: string): void;
}

export interface SimulatedServer {
  /** Each write of a client is a request. */
  onRequest(atMs: number): Reply;
  /** Returns what takes the client's bytes, in place of `onRequest`. */
  accept?(peer: SimulatedPeer): (bytes: Uint8Array) => void;
  /** errno name when a connect fails; null when it goes through. */
  onConnect?(atMs: number): string | null;
}

export const okResponse = new TextEncoder().encode(
  "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
);
const connectMs = 0.05;

interface Event {
  readonly atMs: number;
  act(): void;
}

export class SimulatedReactor implements Reactor {
  readonly backend = "epoll";
  readonly capabilities = {
    inherit: false,
    source: true,
    sendFile: false,
  } as Reactor["capabilities"];
  nowMs = 1000;
  readonly wheel = new TimerWheel(this.nowMs);
  tickHandler: TickHandler | null = null;

  readClockMs(): number {
    return this.nowMs;
  }
  /** Times at which requests arrived at the server. */
  readonly arrivalsMs: number[] = [];
  #events: Event[] = [];
  #isRunning = false;
  #isInBatch = false;
  readonly #outputs: BatchOutput[] = [];

  constructor(readonly server: SimulatedServer) {}

  connect(_address: Address, handler: SocketHandler): Socket {
    const socket = new SimulatedSocket(this, handler);
    this.at(this.nowMs + connectMs, () => socket.connected());
    return socket;
  }

  at(atMs: number, act: () => void): void {
    if (atMs === Infinity) return;
    let index = this.#events.length;
    while (index > 0 && this.#events[index - 1].atMs > atMs) index--;
    this.#events.splice(index, 0, { atMs, act });
  }

  /** Moves the clock from event to event, and between them as often as the tick handler wishes. */
  run(): Promise<void> {
    this.#isRunning = true;
    while (this.#isRunning) {
      const waitMs = this.tickHandler?.onTick(this.nowMs) ?? Infinity;
      if (!this.#isRunning) break;
      const eventMs = this.#events[0]?.atMs ?? Infinity;
      // A wait of 0 is a reactor that spins: it looks again a moment later.
      const nextMs = Math.min(eventMs, this.nowMs + Math.max(waitMs, 0.002), this.nowMs + 1);
      this.nowMs = Math.max(this.nowMs, nextMs);
      this.#isInBatch = true;
      while (this.#events.length > 0 && this.#events[0].atMs <= this.nowMs) {
        this.#events.shift()!.act();
      }
      this.#isInBatch = false;
      for (const output of this.#outputs.splice(0)) output.flush();
      this.wheel.advance(this.nowMs);
    }
    return Promise.resolve();
  }

  stop(): void {
    this.#isRunning = false;
  }

  wake(): void {}
  makeOutputBuffer(length: number): Uint8Array<ArrayBuffer> {
    return new Uint8Array(length);
  }
  flushAfterBatch(output: BatchOutput): boolean {
    if (this.#isInBatch && !this.#outputs.includes(output)) this.#outputs.push(output);
    return this.#isInBatch;
  }
  beginAsync(): void {}
  endAsync(): void {}

  setTimer(): number {
    throw new Error("not simulated");
  }
  clearTimer(): void {
    throw new Error("not simulated");
  }
  listen(): Listener {
    throw new Error("not simulated");
  }
  adopt(): Listener {
    throw new Error("not simulated");
  }
}

class SimulatedSocket implements Socket, SimulatedPeer {
  isOpen = true;
  #take: ((bytes: Uint8Array) => void) | null = null;

  constructor(readonly reactor: SimulatedReactor, public handler: SocketHandler) {}

  connected(): void {
    if (!this.isOpen) return;
    const failure = this.reactor.server.onConnect?.(this.reactor.nowMs) ?? null;
    if (failure === null) return this.handler.onOpen(this);
    this.isOpen = false;
    this.handler.onClose(this, new PeerError(failure, "upstream", failure, true));
  }

  write(bytes: Uint8Array, start: number, end: number): number {
    const { reactor } = this;
    if (reactor.server.accept !== undefined) {
      this.#take ??= reactor.server.accept(this);
      this.#take(bytes.slice(start, end));
      return end - start;
    }
    reactor.arrivalsMs.push(reactor.nowMs);
    const reply = reactor.server.onRequest(reactor.nowMs);
    const cut = reply.cutAt ?? reply.bytes.length;
    if (reply.restAtMs === undefined) {
      reactor.at(reply.atMs, () => this.#deliver(reply, 0, cut, true));
    } else {
      reactor.at(reply.atMs, () => this.#deliver(reply, 0, cut, false));
      reactor.at(reply.restAtMs, () => this.#deliver(reply, cut, reply.bytes.length, true));
    }
    return end - start;
  }

  get nowMs(): number {
    return this.reactor.nowMs;
  }

  at(atMs: number, act: () => void): void {
    this.reactor.at(atMs, () => {
      if (this.isOpen) act();
    });
  }

  noteArrival(): void {
    this.reactor.arrivalsMs.push(this.reactor.nowMs);
  }

  deliver(bytes: Uint8Array): void {
    if (this.isOpen) this.handler.onData(this, bytes, 0, bytes.length);
  }

  end(failure?: string): void {
    if (!this.isOpen) return;
    if (failure === undefined) return this.handler.onEnd(this);
    this.isOpen = false;
    this.handler.onClose(this, new PeerError(failure, "upstream", failure));
  }

  #deliver(reply: Reply, start: number, end: number, isLast: boolean): void {
    if (this.isOpen && end > start) this.handler.onData(this, reply.bytes, start, end);
    if (!isLast || !this.isOpen) return;
    if (reply.failure !== undefined) {
      this.isOpen = false;
      this.handler.onClose(this, new PeerError(reply.failure, "upstream", reply.failure));
    } else if (reply.closes) this.handler.onEnd(this);
  }

  close(): void {
    this.isOpen = false;
  }
  abort(): void {
    this.isOpen = false;
  }
  pause(): void {}
  resume(): void {}
  shutdown(): void {}

  peerAddress(): Address {
    return { kind: "unix", path: "" };
  }
  localAddress(): Address {
    return { kind: "unix", path: "" };
  }
}

/** Runs `act` with `performance.now()` reading the reactor's clock. */
export async function withSimulatedClock<T>(
  reactor: SimulatedReactor,
  act: () => Promise<T>,
): Promise<T> {
  Object.defineProperty(performance, "now", { value: () => reactor.nowMs, configurable: true });
  try {
    return await act();
  } finally {
    Reflect.deleteProperty(performance, "now");
  }
}
