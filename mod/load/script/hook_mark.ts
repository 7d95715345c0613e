/** Where a script is at the moment, in memory that another thread reads while the script runs. */

/** In the order of their numbers in the memory; the first: in none. */
const places = [
  "",
  "the top level",
  "setup()",
  "init()",
  "delay()",
  "request()",
  "response()",
  "done()",
] as const;
export type HookPlace = typeof places[number];

export class HookMark {
  static readonly byteLength = Int32Array.BYTES_PER_ELEMENT;
  readonly #slots: Int32Array;

  constructor(memory: SharedArrayBuffer) {
    this.#slots = new Int32Array(memory);
  }

  /** Called before code of the script; "" behind it. */
  set(place: HookPlace): void {
    Atomics.store(this.#slots, 0, places.indexOf(place));
  }

  get place(): HookPlace {
    return places[Atomics.load(this.#slots, 0)];
  }
}
