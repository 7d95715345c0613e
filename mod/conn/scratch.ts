import type { BatchOutput, Reactor } from "../net/reactor.ts";
import type { Outlet } from "./outlet.ts";

/** Room for the output of one batch: many responses, or some heads and small bodies. */
const scratchBytes = 65536;
/** With less room than this the next connection begins at the start again. */
const roomMin = 16384;
/** Connections whose output waits for the end of the batch, besides the one that writes. */
const waitingMax = 64;

type ScratchHome = Pick<Reactor, "flushAfterBatch" | "makeOutputBuffer">;

const scratches = new WeakMap<ScratchHome, Scratch>();

/**
 * The output buffer that all connections of a thread share. One connection at a time writes to it;
 * what it writes during a callback leaves in one send(2), behind the callbacks of the whole batch
 * where the reactor has batches.
 */
export class Scratch implements BatchOutput {
  readonly reactor: ScratchHome;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Behind all output. */
  length = 0;
  /** Who writes at present. */
  owner: Outlet | null = null;
  /** Where its output begins: a multiple of 64, from which it is sent at the least cost. */
  #start = 0;
  /** Those that wrote before it, null for one that is gone, and where the output of each lies. */
  readonly #waiting: (Outlet | null)[] = [];
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];
  #waitingCount = 0;
  /** How many of them have been sent by the `flush` under way. */
  #sentCount = 0;
  #depth = 0;

  constructor(reactor: ScratchHome) {
    this.reactor = reactor;
    this.bytes = reactor.makeOutputBuffer(scratchBytes);
  }

  /** The one of this reactor: an engine that takes another's place after a reload goes on with it. */
  static of(reactor: ScratchHome): Scratch {
    let scratch = scratches.get(reactor);
    if (scratch === undefined) scratches.set(reactor, scratch = new Scratch(reactor));
    return scratch;
  }

  /** True inside a callback: output may wait for its end. */
  get corked(): boolean {
    return this.#depth > 0;
  }

  /** Begins a callback of the reactor. */
  enter(): void {
    this.#depth++;
  }

  /** Ends it; behind the outermost one everything is sent, unless the batch goes on. */
  leave(): void {
    if (--this.#depth > 0 || this.length === 0) return;
    if (!this.reactor.flushAfterBatch(this)) this.flush();
  }

  /** Lets `owner` write behind what waits. */
  acquire(owner: Outlet): void {
    this.#park();
    if (this.#waitingCount >= waitingMax || this.length > scratchBytes - roomMin) this.flush();
    this.owner = owner;
  }

  /** What the owner wrote waits; the buffer is nobody's. */
  #park(): void {
    if (this.owner !== null && this.length > this.#start) {
      this.#waiting[this.#waitingCount] = this.owner;
      this.#starts[this.#waitingCount] = this.#start;
      this.#ends[this.#waitingCount++] = this.length;
    }
    this.owner = null;
    this.#start = this.length = (this.length + 63) & ~63;
  }

  /** The connection is over: its output goes nowhere. */
  forget(owner: Outlet): void {
    if (this.owner === owner) {
      this.owner = null;
      this.length = this.#start;
    }
    for (let i = this.#sentCount; i < this.#waitingCount; i++) {
      if (this.#waiting[i] === owner) this.#waiting[i] = null;
    }
  }

  /**
   * Sends everything; `last` writes nothing more (see `Socket.write`). A TLS socket that fails says so
   * while it is written to, and whoever hears of it may write, or flush, in the middle of this: the
   * state is in fields, so that an inner call goes on where the outer one is.
   */
  flush(last: Outlet | null = null): void {
    for (this.#park(); this.#sentCount < this.#waitingCount; this.#park()) {
      const index = this.#sentCount++;
      const waiting = this.#waiting[index];
      this.#waiting[index] = null;
      if (waiting === null) continue;
      waiting.send(this.bytes, this.#starts[index], this.#ends[index], waiting === last);
    }
    this.#sentCount = this.#waitingCount = 0;
    this.#start = this.length = 0;
  }
}
