/** A body of announced length that is wanted in one piece. */

/** Allocated at first: a client may announce much and send little. */
const firstBytes = 262_144;
/** Nor is there ever more than this many times what has arrived. */
const growthFactor = 8;

export class WholeBody {
  readonly #length: number;
  #bytes: Uint8Array<ArrayBuffer>;
  /** Bytes that have arrived. */
  #filled = 0;
  /** The part that was offered last. */
  #offered: Uint8Array<ArrayBuffer> | null = null;

  /** `length`: as announced, in bytes. */
  constructor(length: number) {
    this.#length = length;
    this.#bytes = new Uint8Array(Math.min(length, firstBytes));
  }

  /** Room for the next `bytesMax` bytes of those announced. */
  offer(bytesMax: number): Uint8Array<ArrayBuffer> {
    this.#makeRoom(bytesMax);
    const start = this.#filled;
    return this.#offered = this.#bytes.subarray(start, start + bytesMax);
  }

  /** Takes over `[start, end)`, without a copy if it is in the part offered last. */
  push(bytes: Uint8Array, start: number, end: number): void {
    if (bytes !== this.#offered) {
      this.#makeRoom(end - start);
      this.#bytes.set(bytes.subarray(start, end), this.#filled);
    }
    this.#offered = null;
    this.#filled += end - start;
  }

  /** What has arrived. The object is not used after it. */
  end(): Uint8Array<ArrayBuffer> {
    const isWhole = this.#filled === this.#bytes.length;
    return isWhole ? this.#bytes : this.#bytes.slice(0, this.#filled);
  }

  #makeRoom(more: number): void {
    const needed = this.#filled + more;
    if (needed <= this.#bytes.length) return;
    const grown = Math.min(this.#length, growthFactor * this.#filled);
    const larger = new Uint8Array(Math.max(needed, grown));
    larger.set(this.#bytes.subarray(0, this.#filled));
    this.#bytes = larger;
  }
}
