import { latin1Bytes, type MessageHead } from "../../../http/mod.ts";
import { Spelling, spellingOf } from "./field_spelling.ts";

/**
 * Fields that forwarding distinguishes by name, beyond those that the codec knows (`FieldKind`).
 *
 * Looked up by length and first letter, so that most fields cost one look-up; no two names of a set
 * may share both. Throws RangeError, at start-up, for a set that breaks this.
 */
export class SpecialFields<Special extends number> {
  readonly none: Special;
  readonly #lookAlike: Special;
  /** Index: length * 32 + (first letter & 31). The number of the name plus one; 0: none. */
  readonly #ofSlot: Uint8Array;
  readonly #names: Uint8Array[] = [];
  readonly #specials: Special[] = [];

  /**
   * `names` are in lower case. `none` is the result for every other field, `lookAlike` for a field
   * whose name only an application could mistake for one of them (`X_Forwarded_For`).
   */
  constructor(
    names: readonly (readonly [name: string, special: Special])[],
    none: Special,
    lookAlike = none,
  ) {
    this.none = none;
    this.#lookAlike = lookAlike;
    this.#ofSlot = new Uint8Array(32 * (1 + Math.max(...names.map(([name]) => name.length))));
    for (const [name, special] of names) {
      const slot = 32 * name.length + (name.charCodeAt(0) & 31);
      if (this.#ofSlot[slot] !== 0) {
        throw new RangeError(
          `Cannot tell fields apart by length and first letter: ${name} is not the only one`,
        );
      }
      this.#specials.push(special);
      this.#ofSlot[slot] = this.#names.push(latin1Bytes(name));
    }
  }

  /** Classifies the field at `index` of `head`. */
  of(head: MessageHead, index: number): Special {
    const start = head.fields[4 * index];
    const slot = 32 * (head.fields[4 * index + 1] - start) + (head.bytes[start] & 31);
    if (slot >= this.#ofSlot.length) return this.none;
    const number = this.#ofSlot[slot];
    if (number === 0) return this.none;
    const spelling = spellingOf(head, index, this.#names[number - 1]);
    if (spelling === Spelling.same) return this.#specials[number - 1];
    return spelling === Spelling.other ? this.none : this.#lookAlike;
  }
}
