/** The response fields that a format uses, parsed from the bytes as sent. */

const letterAbove = 0x40;
const letterBelow = 0x5b;
const colon = 0x3a;
const blank = 0x20;
const tab = 0x09;
const lineFeed = 0x0a;

/** A wanted name, in lower case, as bytes. */
interface Wanted {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/**
 * Keeps the values of a few fields of the last head. The object is reused.
 *
 * Heads are written in many places. Parsing the finished bytes covers all of them, and costs nothing
 * unless a format uses a response field.
 */
export class AccessHead {
  readonly #values = new Map<string, string>();
  #wanted: readonly Wanted[] = [];
  #names: readonly string[] = [];

  /** Clears the values. `names` are in lower case. */
  reset(names: readonly string[]): void {
    if (this.#values.size > 0) this.#values.clear();
    if (names === this.#names) return;
    this.#names = names;
    this.#wanted = names.map((name) => ({ name, bytes: new TextEncoder().encode(name) }));
  }

  /** The value of the first line of that name; Set-Cookie values are joined by ", ", as in h2o. */
  get(name: string): string | null {
    return this.#values.get(name) ?? null;
  }

  #keep(name: string, value: string): void {
    const before = this.#values.get(name);
    if (before === undefined) this.#values.set(name, value);
    else if (name === "set-cookie") this.#values.set(name, `${before}, ${value}`);
  }

  /** Keeps the wanted fields of a list. */
  takeFields(fields: readonly { readonly name: string; readonly value: string }[]): void {
    for (const { name, value } of fields) {
      const lower = name.toLowerCase();
      if (this.#names.includes(lower)) this.#keep(lower, value);
    }
  }

  /** `[start, end)` of `bytes`: field lines written by hayate, each ended by CRLF. */
  take(bytes: Uint8Array, start: number, end: number): void {
    if (this.#wanted.length === 0) return;
    let at = start;
    while (at < end) {
      const lineEnd = bytes.indexOf(lineFeed, at);
      if (lineEnd < 0 || lineEnd > end) return;
      this.#takeLine(bytes, at, lineEnd - 1);
      at = lineEnd + 1;
    }
  }

  #takeLine(bytes: Uint8Array, start: number, end: number): void {
    for (const { name, bytes: wanted } of this.#wanted) {
      if (bytes[start + wanted.length] !== colon || !isSame(bytes, start, wanted)) continue;
      let from = start + wanted.length + 1;
      while (from < end && (bytes[from] === blank || bytes[from] === tab)) from++;
      let value = "";
      for (let i = from; i < end; i++) value += String.fromCharCode(bytes[i]);
      this.#keep(name, value);
    }
  }
}

function isSame(bytes: Uint8Array, start: number, lower: Uint8Array): boolean {
  for (let i = 0; i < lower.length; i++) {
    const byte = bytes[start + i];
    const isUpper = byte > letterAbove && byte < letterBelow;
    if ((isUpper ? byte + 0x20 : byte) !== lower[i]) return false;
  }
  return true;
}
