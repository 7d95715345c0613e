/** Connections delayed by their script: a binary heap, earliest first. */
export class DelayQueue<Connection> {
  readonly #heap: { readonly atMs: number; readonly connection: Connection }[] = [];

  /** When the first is due; Infinity when the queue is empty. */
  get nextMs(): number {
    return this.#heap.length === 0 ? Infinity : this.#heap[0].atMs;
  }

  add(connection: Connection, atMs: number): void {
    const heap = this.#heap;
    const entry = { atMs, connection };
    let at = heap.length;
    heap.push(entry);
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (heap[above].atMs <= atMs) break;
      heap[at] = heap[above];
      at = above;
    }
    heap[at] = entry;
  }

  /** Removes the first; only while `nextMs` is finite. */
  take(): Connection {
    const heap = this.#heap;
    const first = heap[0].connection;
    const last = heap.pop()!;
    if (heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && heap[below + 1].atMs < heap[below].atMs) below++;
      if (heap[below].atMs >= last.atMs) break;
      heap[at] = heap[below];
      at = below;
    }
    heap[at] = last;
    return first;
  }
}
