const remembered = 16;

/**
 * Priorities that PRIORITY_UPDATE gave to streams before their requests arrived (RFC 9218 7.1). Only
 * the last few are kept: a client sends the request right after.
 */
export class EarlyPriorities {
  /** Pairs of identifier and priority. */
  #pairs: Int32Array | null = null;
  #next = 0;

  set(id: number, priority: number): void {
    const pairs = this.#pairs ??= new Int32Array(2 * remembered);
    const known = this.#find(id);
    const slot = known >= 0 ? known : this.#next;
    if (known < 0) this.#next = (this.#next + 2) % (2 * remembered);
    pairs[slot] = id;
    pairs[slot + 1] = priority;
  }

  /** The priority given to a stream, -1 for none; it is forgotten. */
  take(id: number): number {
    if (this.#pairs === null) return -1;
    const slot = this.#find(id);
    if (slot < 0) return -1;
    this.#pairs[slot] = 0;
    return this.#pairs[slot + 1];
  }

  #find(id: number): number {
    for (let slot = 0; slot < 2 * remembered; slot += 2) {
      if (this.#pairs![slot] === id) return slot;
    }
    return -1;
  }
}
