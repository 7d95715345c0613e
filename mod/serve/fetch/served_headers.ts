/** The Headers that handlers get: read from the bytes of the head, until something is changed. */
import { headersKeys, makeHeaders, standIn } from "./internals.ts";
import type { HeadCopy } from "./head_copy.ts";

/** Names as handlers write them, by which they are asked for: in lower case. */
const knownNames = new Map<string, string>();
const knownNamesMax = 256;

/** The name in lower case; null: it is none, or not known and there is no more room. */
function lowerName(name: unknown): string | null {
  if (typeof name !== "string") return null;
  const known = knownNames.get(name);
  if (known !== undefined) return known;
  if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)) return null;
  const lower = name.toLowerCase();
  if (knownNames.size < knownNamesMax) knownNames.set(name, lower);
  return lower;
}

/**
 * Replaces a Headers at a lower cost: a handler that asks for a field pays for that field alone.
 * `instanceof Headers` holds, and native functions find the state of a real one, created on demand.
 */
export class ServedHeaders {
  readonly #head: HeadCopy;
  /** Created when something is changed or a native function asks; it then owns the fields. */
  #native: Headers | null = null;
  /** What an iteration yields: sorted by name, fields of one name joined. */
  #sorted: readonly [name: string, value: string][] | null = null;

  constructor(head: HeadCopy) {
    this.#head = head;
  }

  /** The native Headers of a served one. */
  static nativeOf(headers: ServedHeaders): Headers {
    return headers.#native ??= makeHeaders(headers.#head.pairs());
  }

  get(name: string): string | null {
    const lower = this.#native === null ? lowerName(name) : null;
    if (lower === null) return ServedHeaders.nativeOf(this).get(name);
    return this.#head.field(lower);
  }

  has(name: string): boolean {
    const lower = this.#native === null ? lowerName(name) : null;
    if (lower === null) return ServedHeaders.nativeOf(this).has(name);
    return this.#head.hasField(lower);
  }

  append(name: string, value: string): void {
    ServedHeaders.nativeOf(this).append(name, value);
  }

  set(name: string, value: string): void {
    ServedHeaders.nativeOf(this).set(name, value);
  }

  delete(name: string): void {
    ServedHeaders.nativeOf(this).delete(name);
  }

  getSetCookie(): string[] {
    return ServedHeaders.nativeOf(this).getSetCookie();
  }

  *entries(): IterableIterator<[string, string]> {
    // What is changed during an iteration shows in it, as the standard wants it.
    for (let i = 0; i < this.#pairs().length; i++) {
      const [name, value] = this.#pairs()[i];
      yield [name, value];
    }
  }

  *keys(): IterableIterator<string> {
    for (const [name] of this.entries()) yield name;
  }

  *values(): IterableIterator<string> {
    for (const [, value] of this.entries()) yield value;
  }

  [Symbol.iterator](): IterableIterator<[string, string]> {
    return this.entries();
  }

  forEach(
    callback: (value: string, name: string, headers: Headers) => void,
    thisArg?: unknown,
  ): void {
    for (const [name, value] of this.entries()) {
      callback.call(thisArg, value, name, this as unknown as Headers);
    }
  }

  #pairs(): readonly (readonly [name: string, value: string])[] {
    if (this.#native !== null) return [...this.#native];
    return this.#sorted ??= sortAndJoin(this.#head.pairs());
  }
}

/** As the Fetch standard does it ("sort and combine"); a request's Set-Cookie stays as it is. */
function sortAndJoin(pairs: [name: string, value: string][]): [name: string, value: string][] {
  pairs.sort(([a], [b]) => a < b ? -1 : a > b ? 1 : 0);
  const joined: [string, string][] = [];
  for (const pair of pairs) {
    const last = joined.at(-1);
    if (last?.[0] !== pair[0] || pair[0] === "set-cookie") joined.push(pair);
    else last[1] += `, ${pair[1]}`;
  }
  return joined;
}

standIn(ServedHeaders.prototype, Headers, headersKeys, ServedHeaders.nativeOf);
