/** The hook that a script is in, in memory that another thread reads while it runs. */

/** In the order of their numbers in memory; the first: in no hook. */
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

  /** Called before code of the script; with "" after it. */
  set(place: HookPlace): void {
    Atomics.store(this.#slots, 0, places.indexOf(place));
  }

  get place(): HookPlace {
    return places[Atomics.load(this.#slots, 0)];
  }
}
