/** Requests kept, and characters of all of them; scripts that repeat requests have fewer. */
const countMax = 4096;
const charactersMax = 4 << 20;

/**
 * What was made of the texts or objects that a script returns. Most scripts choose among requests that
 * they have prepared, for which this is one look-up; V8 keeps the hash of a text.
 */
export class RecentRequests<Key, Made> {
  readonly #made = new Map<Key, Made>();
  #characters = 0;
  #hits = 0;
  /** The script repeats nothing: keeping its requests would only make work for the garbage collector. */
  #isOff = false;

  /** Nothing is found or kept any more. */
  get isOff(): boolean {
    return this.#isOff;
  }

  find(request: Key): Made | undefined {
    if (this.#isOff) return undefined;
    const made = this.#made.get(request);
    if (made !== undefined) this.#hits++;
    return made;
  }

  /** Returns whether there was room for a request of so many characters. */
  keep(request: Key, made: Made, characters: number): boolean {
    if (this.#isOff || characters > charactersMax) return false;
    if (this.#made.size >= countMax || this.#characters + characters > charactersMax) {
      this.#isOff = this.#hits < this.#made.size;
      this.#made.clear();
      this.#characters = this.#hits = 0;
      if (this.#isOff) return false;
    }
    this.#made.set(request, made);
    this.#characters += characters;
    return true;
  }
}
