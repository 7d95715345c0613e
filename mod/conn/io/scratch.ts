import type { BatchOutput, Reactor } from "../../net/reactor.ts";
import type { Outlet } from "./outlet.ts";

/** Space for the output of one batch: many responses, or large pieces of two bodies. */
const scratchBytes = 139_264;
/**
 * With less space left, the buffer is flushed before the next connection writes: 64 KB of DATA frames
 * with their headers leave in one send(2), which costs ten times as much as copying one of them.
 */
const roomMin = 69_632;
/** Connections with output for the end of the batch, besides the current owner. */
const waitingMax = 64;

type ScratchReactor = Pick<Reactor, "flushAfterBatch" | "makeOutputBuffer">;

const scratches = new WeakMap<ScratchReactor, Scratch>();

/**
 * The output buffer shared by all connections of a thread. One connection at a time writes to it. Its
 * output during a callback is sent with one send(2), after all callbacks of the batch if the reactor
 * has batches.
 */
export class Scratch implements BatchOutput {
  readonly reactor: ScratchReactor;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** End of all output. */
  length = 0;
  /** The connection that writes now. */
  owner: Outlet | null = null;
  /** Start of its output: a multiple of 64, from which sending is cheapest. */
  #start = 0;
  /** Previous owners, null for a closed one, and the ranges of their output. */
  readonly #waiting: (Outlet | null)[] = [];
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];
  #waitingCount = 0;
  /** How many of them the current `flush` has sent. */
  #sentCount = 0;
  #depth = 0;

  constructor(reactor: ScratchReactor) {
    this.reactor = reactor;
    this.bytes = reactor.makeOutputBuffer(scratchBytes);
  }

  /** The scratch buffer of a reactor; a new engine after a reload uses the same one. */
  static of(reactor: ScratchReactor): Scratch {
    let scratch = scratches.get(reactor);
    if (scratch === undefined) scratches.set(reactor, scratch = new Scratch(reactor));
    return scratch;
  }

  /** True inside a callback, in which output is collected. */
  get corked(): boolean {
    return this.#depth > 0;
  }

  /** Enters a callback of the reactor. */
  enter(): void {
    this.#depth++;
  }

  /** Leaves it; the outermost one sends everything, unless the batch continues. */
  leave(): void {
    if (--this.#depth > 0 || this.length === 0) return;
    if (!this.reactor.flushAfterBatch(this)) this.flush();
  }

  /** Makes `owner` the connection that writes. */
  acquire(owner: Outlet): void {
    this.#park();
    if (this.#waitingCount >= waitingMax || this.length > scratchBytes - roomMin) this.flush();
    this.owner = owner;
  }

  /** Queues the owner's output; the buffer has no owner then. */
  #park(): void {
    if (this.owner !== null && this.length > this.#start) {
      this.#waiting[this.#waitingCount] = this.owner;
      this.#starts[this.#waitingCount] = this.#start;
      this.#ends[this.#waitingCount++] = this.length;
    }
    this.owner = null;
    this.#start = this.length = (this.length + 63) & ~63;
  }

  /** Drops the output of a closed connection. */
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
   * Sends everything; `last` will write no more (see `Socket.write`). A TLS socket may report a
   * failure during the write, and its handler may write or flush in the middle of this. So the state
   * is in fields, and an inner call continues where the outer one is.
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
