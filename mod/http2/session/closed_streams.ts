/** How a stream that is no longer open has ended. */
export const Closed = {
  /** It was never opened, or long ago. */
  unknown: 0,
  /** Both sides have sent END_STREAM. */
  ended: 1,
  resetByPeer: 2,
  /** Frames that the peer had sent before it saw our reset may still arrive (RFC 9113 5.1). */
  resetByUs: 3,
} as const;
export type Closed = typeof Closed[keyof typeof Closed];

/** Streams remembered of each way to end: more than are open at once with the default limit. */
const ringLength = 128;

/** The last streams that were closed. Frames for them mean something else than for older ones. */
export class ClosedStreams {
  readonly #ours = new Ring();
  /** Identifiers; negative for streams that the peer has reset. */
  readonly #others = new Ring();

  add(id: number, cause: Closed): void {
    if (cause === Closed.resetByUs) this.#ours.add(id);
    else this.#others.add(cause === Closed.ended ? id : -id);
  }

  find(id: number): Closed {
    if (this.#ours.has(id)) return Closed.resetByUs;
    if (this.#others.has(id)) return Closed.ended;
    if (this.#others.has(-id)) return Closed.resetByPeer;
    return Closed.unknown;
  }
}

/** The last `ringLength` numbers; made at its first use. */
class Ring {
  #numbers: Int32Array | null = null;
  #next = 0;

  add(number: number): void {
    const numbers = this.#numbers ??= new Int32Array(ringLength);
    numbers[this.#next] = number;
    this.#next = (this.#next + 1) % ringLength;
  }

  has(number: number): boolean {
    return this.#numbers !== null && this.#numbers.includes(number);
  }
}
