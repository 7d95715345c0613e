import type { BufferPool } from "./buffer_pool.ts";

/**
 * Bytes that `write` has accepted and the kernel has not.
 *
 * Two borrowed buffers: one is in flight, and may not be touched until Deno's write has resolved;
 * the other is being filled. Together they never hold more than one buffer's size.
 */
export class WriteQueue {
  readonly pool: BufferPool;
  #filling: Uint8Array | null = null;
  #filledEnd = 0;
  #flight: Uint8Array | null = null;
  #flightStart = 0;
  #flightEnd = 0;

  constructor(pool: BufferPool) {
    this.pool = pool;
  }

  /** Bytes accepted and not yet taken by the kernel. */
  get byteCount(): number {
    return this.#filledEnd + this.#flightEnd - this.#flightStart;
  }

  /** Copies as much of `[start, end)` as there is room for; returns how much that was. */
  push(bytes: Uint8Array, start: number, end: number): number {
    const count = Math.min(end - start, this.pool.bytesEach - this.byteCount);
    if (count <= 0) return 0;
    this.#filling ??= this.pool.take();
    this.#filling.set(
      start === 0 && count === bytes.length ? bytes : bytes.subarray(start, start + count),
      this.#filledEnd,
    );
    this.#filledEnd += count;
    return count;
  }

  /** What to write next, or null when everything has gone. Call `sent` before asking again. */
  next(): Uint8Array | null {
    if (this.#flight === null) {
      if (this.#filling === null) return null;
      this.#flight = this.#filling;
      this.#flightStart = 0;
      this.#flightEnd = this.#filledEnd;
      this.#filling = null;
      this.#filledEnd = 0;
    }
    return this.#flight.subarray(this.#flightStart, this.#flightEnd);
  }

  /** The kernel has taken `count` bytes of what `next` returned. */
  sent(count: number): void {
    this.#flightStart += count;
    if (this.#flightStart < this.#flightEnd || this.#flight === null) return;
    this.pool.give(this.#flight);
    this.#flight = null;
    this.#flightStart = this.#flightEnd = 0;
  }

  /** Forgets everything. A buffer in flight is left to the garbage collector: Deno may still read it. */
  clear(): void {
    if (this.#filling !== null) this.pool.give(this.#filling);
    this.#filling = this.#flight = null;
    this.#filledEnd = this.#flightStart = this.#flightEnd = 0;
  }
}
