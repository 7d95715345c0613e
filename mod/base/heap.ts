/** A binary heap whose entries know their places, so that each can be moved or removed. */

/** What a heap orders; one entry is in at most one heap. */
export class HeapEntry<T> {
  readonly item: T;
  /** Decides between equal keys: the lower one comes first. */
  readonly rank: number;
  /** Set by the heap, as is its place; -1: it is in none. */
  key = 0;
  at = -1;

  constructor(item: T, rank = 0) {
    this.item = item;
    this.rank = rank;
  }
}

export class Heap<T> {
  readonly #entries: HeapEntry<T>[] = [];

  get size(): number {
    return this.#entries.length;
  }

  /** The entry with the least key; null: it is empty. */
  get first(): HeapEntry<T> | null {
    return this.#entries.length === 0 ? null : this.#entries[0];
  }

  /** Adds the entry, or moves it to its new key. */
  put(entry: HeapEntry<T>, key: number): void {
    const isLater = entry.at >= 0 && key >= entry.key;
    entry.key = key;
    if (entry.at < 0) {
      entry.at = this.#entries.length;
      this.#entries.push(entry);
    }
    if (isLater) this.#sink(entry);
    else this.#rise(entry);
  }

  /** Takes the entry out, if it is in. */
  remove(entry: HeapEntry<T>): void {
    const { at } = entry;
    if (at < 0) return;
    entry.at = -1;
    const last = this.#entries.pop()!;
    if (last === entry) return;
    last.at = at;
    this.#entries[at] = last;
    this.#rise(last);
    this.#sink(last);
  }

  #rise(entry: HeapEntry<T>): void {
    const entries = this.#entries;
    let { at } = entry;
    while (at > 0) {
      const above = entries[(at - 1) >> 1];
      if (!isBefore(entry, above)) break;
      entries[at] = above;
      const to = above.at;
      above.at = at;
      at = to;
    }
    entries[at] = entry;
    entry.at = at;
  }

  #sink(entry: HeapEntry<T>): void {
    const entries = this.#entries;
    const { length } = entries;
    let { at } = entry;
    for (let child = 2 * at + 1; child < length; child = 2 * at + 1) {
      if (child + 1 < length && isBefore(entries[child + 1], entries[child])) child++;
      const below = entries[child];
      if (!isBefore(below, entry)) break;
      entries[at] = below;
      below.at = at;
      at = child;
    }
    entries[at] = entry;
    entry.at = at;
  }
}

function isBefore(left: HeapEntry<unknown>, right: HeapEntry<unknown>): boolean {
  return left.key < right.key || (left.key === right.key && left.rank < right.rank);
}
