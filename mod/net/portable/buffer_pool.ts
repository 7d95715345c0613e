/**
 * Buffers of one size that sockets borrow, so that a new connection allocates nothing once warm.
 */
export class BufferPool {
  readonly bytesEach: number;
  readonly keptMax: number;
  readonly #free: Uint8Array[] = [];

  /**
   * Keeps at most `keptMax` returned buffers of `bytesEach`; others are left to the garbage
   * collector.
   */
  constructor(bytesEach: number, keptMax: number) {
    this.bytesEach = bytesEach;
    this.keptMax = keptMax;
  }

  /** Returns the buffer that came back last, as it is most likely still in the CPU's cache. */
  take(): Uint8Array {
    return this.#free.pop() ?? new Uint8Array(this.bytesEach);
  }

  /** Drops what was returned. */
  clear(): void {
    this.#free.length = 0;
  }

  give(buffer: Uint8Array): void {
    if (this.#free.length < this.keptMax) this.#free.push(buffer);
  }
}
