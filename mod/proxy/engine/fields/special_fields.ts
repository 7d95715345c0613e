import { latin1Bytes, type MessageHead } from "../../../http1/mod.ts";

/**
 * Fields that forwarding tells apart by name, beyond those that the codec knows (`FieldKind`).
 *
 * Looked up by length: no two names of a set may have the same one, so that most fields cost one
 * look-up. Throws RangeError, at start-up, for a set that breaks this.
 */
export class SpecialFields<Special extends number> {
  readonly none: Special;
  readonly #ofLength: (readonly [name: Uint8Array, special: Special] | undefined)[];

  /** `names` in lower case; `none` is what every other field is. */
  constructor(names: readonly (readonly [name: string, special: Special])[], none: Special) {
    this.none = none;
    this.#ofLength = new Array(1 + Math.max(...names.map(([name]) => name.length)));
    for (const [name, special] of names) {
      if (this.#ofLength[name.length] !== undefined) {
        throw new RangeError(`Cannot tell fields apart by length: ${name} is not the only one`);
      }
      this.#ofLength[name.length] = [latin1Bytes(name), special];
    }
  }

  /** What the field at `index` of `head` is. */
  of(head: MessageHead, index: number): Special {
    const start = head.fields[4 * index];
    const length = head.fields[4 * index + 1] - start;
    if (length >= this.#ofLength.length) return this.none;
    const candidate = this.#ofLength[length];
    if (candidate === undefined) return this.none;
    const name = candidate[0];
    for (let i = 0; i < length; i++) {
      if ((head.bytes[start + i] | 0x20) !== name[i]) return this.none;
    }
    return candidate[1];
  }
}
