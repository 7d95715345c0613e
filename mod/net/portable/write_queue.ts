import type { BufferPool } from "./buffer_pool.ts";

/**
 * Bytes accepted by `write` but not yet by the kernel.
 *
 * Uses two pooled buffers: one is in flight and must not be modified until Deno's write resolves;
 * the other is being filled. Together they hold at most one buffer's size.
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

  /** Bytes not yet taken by the kernel. */
  get byteCount(): number {
    return this.#filledEnd + this.#flightEnd - this.#flightStart;
  }

  /** Copies as much of `[start, end)` as fits; returns the number of bytes. */
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

  /** The bytes to write next; null if the queue is empty. Call `sent` before the next call. */
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

  /**
   * Empties the queue. A buffer in flight is left to the garbage collector: Deno may still read it.
   */
  clear(): void {
    if (this.#filling !== null) this.pool.give(this.#filling);
    this.#filling = this.#flight = null;
    this.#filledEnd = this.#flightStart = this.#flightEnd = 0;
  }
}
