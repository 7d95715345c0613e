import { urgencyMax } from "./priority_field.ts";

/** A stream as `SendOrder` sees it: a link in the queue of its urgency. */
export interface Waiting {
  /** Urgency with `incrementalBit`; change it only through `SendOrder.reprioritize`. */
  priority: number;
  /** In a queue of a `SendOrder`. */
  isWaiting: boolean;
  nextWaiting: Waiting | null;
  previousWaiting: Waiting | null;
}

/**
 * The order in which streams that have something to send may do so (RFC 9218 10): by urgency; within
 * one, those that are incremental take turns, the others go one after the other. A queue is a chain
 * through the streams themselves, so it is bounded by their number, and nothing is allocated.
 */
export class SendOrder<T extends Waiting> {
  /** Streams that wait. */
  count = 0;
  readonly #first: (T | null)[] = new Array(urgencyMax + 1).fill(null);
  readonly #last: (T | null)[] = new Array(urgencyMax + 1).fill(null);
  /** One bit for each urgency with a stream. */
  #used = 0;

  /** Adds a stream at the end of its urgency; nothing when it waits already. */
  add(stream: T): void {
    if (stream.isWaiting) return;
    const urgency = stream.priority & urgencyMax;
    const last = this.#last[urgency];
    stream.isWaiting = true;
    stream.previousWaiting = last;
    stream.nextWaiting = null;
    if (last === null) this.#first[urgency] = stream;
    else last.nextWaiting = stream;
    this.#last[urgency] = stream;
    this.#used |= 1 << urgency;
    this.count++;
  }

  /** Adds a stream at the beginning of its urgency; nothing when it waits already. */
  addFirst(stream: T): void {
    if (stream.isWaiting) return;
    const urgency = stream.priority & urgencyMax;
    const first = this.#first[urgency];
    if (first === null) return this.add(stream);
    stream.isWaiting = true;
    stream.previousWaiting = null;
    stream.nextWaiting = first;
    first.previousWaiting = stream;
    this.#first[urgency] = stream;
    this.count++;
  }

  /** The stream whose turn it is, null when none waits. It stays in its place. */
  peek(): T | null {
    if (this.#used === 0) return null;
    return this.#first[31 - Math.clz32(this.#used & -this.#used)];
  }

  remove(stream: T): void {
    if (!stream.isWaiting) return;
    const urgency = stream.priority & urgencyMax;
    const next = stream.nextWaiting as T | null;
    const previous = stream.previousWaiting as T | null;
    if (previous === null) this.#first[urgency] = next;
    else previous.nextWaiting = next;
    if (next === null) this.#last[urgency] = previous;
    else next.previousWaiting = previous;
    if (this.#first[urgency] === null) this.#used &= ~(1 << urgency);
    stream.isWaiting = false;
    stream.nextWaiting = stream.previousWaiting = null;
    this.count--;
  }

  reprioritize(stream: T, priority: number): void {
    if (stream.priority === priority) return;
    const waits = stream.isWaiting;
    this.remove(stream);
    stream.priority = priority;
    if (waits) this.add(stream);
  }
}
