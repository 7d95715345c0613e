import type { Stream } from "./stream.ts";

const slotsMin = 16;

/**
 * The open streams of one connection by identifier. Identifiers are odd and ascending, so half of one
 * is a good hash: streams that are open together seldom meet.
 */
export class StreamTable {
  count = 0;
  #slots: (Stream | null)[] = new Array(slotsMin).fill(null);

  find(id: number): Stream | null {
    const slots = this.#slots;
    const mask = slots.length - 1;
    for (let place = (id >> 1) & mask;; place = (place + 1) & mask) {
      const stream = slots[place];
      if (stream === null || stream.id === id) return stream;
    }
  }

  add(stream: Stream): void {
    if (2 * ++this.count > this.#slots.length) this.#grow();
    this.#place(stream);
  }

  remove(stream: Stream): void {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let place = (stream.id >> 1) & mask;
    while (slots[place] !== stream) {
      if (slots[place] === null) return;
      place = (place + 1) & mask;
    }
    this.count--;
    // Streams behind the gap move up, so that a search still finds them.
    for (let next = (place + 1) & mask; slots[next] !== null; next = (next + 1) & mask) {
      const home = (slots[next]!.id >> 1) & mask;
      if (((next - home) & mask) < ((next - place) & mask)) continue;
      slots[place] = slots[next];
      place = next;
    }
    slots[place] = null;
  }

  /** Every stream; a copy, so that streams may end meanwhile. */
  all(): Stream[] {
    return this.#slots.filter((stream) => stream !== null);
  }

  #place(stream: Stream): void {
    const mask = this.#slots.length - 1;
    let place = (stream.id >> 1) & mask;
    while (this.#slots[place] !== null) place = (place + 1) & mask;
    this.#slots[place] = stream;
  }

  #grow(): void {
    const old = this.all();
    this.#slots = new Array(2 * this.#slots.length).fill(null);
    for (const stream of old) this.#place(stream);
  }
}
