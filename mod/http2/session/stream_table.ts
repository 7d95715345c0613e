import type { Stream } from "./stream.ts";

const slotsMin = 16;

/** 2^32 divided by the golden ratio: multiples of it lie far apart. */
const spread = 0x9e3779b1;

/**
 * The open streams of one connection by identifier. Identifiers are odd and ascending: side by side,
 * streams that are open together would be one long row, which `remove` would have to go through.
 */
export class StreamTable {
  count = 0;
  #slots: (Stream | null)[] = new Array(slotsMin).fill(null);
  /** Leaves as many bits of a hash as there are slots. */
  #shift = Math.clz32(slotsMin) + 1;

  find(id: number): Stream | null {
    const slots = this.#slots;
    const mask = slots.length - 1;
    for (let place = this.#home(id);; place = (place + 1) & mask) {
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
    let place = this.#home(stream.id);
    while (slots[place] !== stream) {
      if (slots[place] === null) return;
      place = (place + 1) & mask;
    }
    this.count--;
    // Streams behind the gap move up, so that a search still finds them.
    for (let next = (place + 1) & mask; slots[next] !== null; next = (next + 1) & mask) {
      const home = this.#home(slots[next]!.id);
      if (((next - home) & mask) < ((next - place) & mask)) continue;
      slots[place] = slots[next];
      place = next;
    }
    slots[place] = null;
  }

  /** Every stream, the oldest first; a copy, so that streams may end meanwhile. */
  all(): Stream[] {
    return this.#slots.filter((stream) => stream !== null).sort((a, b) => a.id - b.id);
  }

  #home(id: number): number {
    return Math.imul(id >> 1, spread) >>> this.#shift;
  }

  #place(stream: Stream): void {
    const mask = this.#slots.length - 1;
    let place = this.#home(stream.id);
    while (this.#slots[place] !== null) place = (place + 1) & mask;
    this.#slots[place] = stream;
  }

  #grow(): void {
    const old = this.all();
    this.#slots = new Array(2 * this.#slots.length).fill(null);
    this.#shift--;
    for (const stream of old) this.#place(stream);
  }
}
