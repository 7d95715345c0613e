/** Texts kept, and characters of all of them; scripts that repeat requests have fewer. */
const countMax = 4096;
const charactersMax = 4 << 20;

/**
 * What was made of the texts that a script returns. Most scripts choose among requests that they have
 * prepared, for which this is one look-up by the text's hash, which V8 keeps.
 */
export class RecentTexts<Made> {
  readonly #made = new Map<string, Made>();
  #characters = 0;
  #hits = 0;
  /** The script repeats nothing: keeping its texts would only make work for the garbage collector. */
  #isOff = false;

  find(text: string): Made | undefined {
    if (this.#isOff) return undefined;
    const made = this.#made.get(text);
    if (made !== undefined) this.#hits++;
    return made;
  }

  /** Returns whether there was room. */
  keep(text: string, made: Made): boolean {
    if (this.#isOff || text.length > charactersMax) return false;
    if (this.#made.size >= countMax || this.#characters + text.length > charactersMax) {
      this.#isOff = this.#hits < this.#made.size;
      this.#made.clear();
      this.#characters = this.#hits = 0;
      if (this.#isOff) return false;
    }
    this.#made.set(text, made);
    this.#characters += text.length;
    return true;
  }
}
