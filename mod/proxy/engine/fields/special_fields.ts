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
  /** Index: length * 32 + (first letter & 31). */
  readonly #ofSlot: (readonly [name: Uint8Array, special: Special] | undefined)[];

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
    this.#ofSlot = new Array(32 * (1 + Math.max(...names.map(([name]) => name.length))));
    for (const [name, special] of names) {
      const slot = 32 * name.length + (name.charCodeAt(0) & 31);
      if (this.#ofSlot[slot] !== undefined) {
        throw new RangeError(
          `Cannot tell fields apart by length and first letter: ${name} is not the only one`,
        );
      }
      this.#ofSlot[slot] = [latin1Bytes(name), special];
    }
  }

  /** Classifies the field at `index` of `head`. */
  of(head: MessageHead, index: number): Special {
    const start = head.fields[4 * index];
    const slot = 32 * (head.fields[4 * index + 1] - start) + (head.bytes[start] & 31);
    if (slot >= this.#ofSlot.length) return this.none;
    const candidate = this.#ofSlot[slot];
    if (candidate === undefined) return this.none;
    const spelling = spellingOf(head, index, candidate[0]);
    if (spelling === Spelling.same) return candidate[1];
    return spelling === Spelling.other ? this.none : this.#lookAlike;
  }
}
