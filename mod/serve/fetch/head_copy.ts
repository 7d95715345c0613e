/** A copy of a request's head that outlives the codec's buffer. Its parts become text on first use. */
import { lowerCase } from "../../http/char_class.ts";
import { latin1 } from "../../http/latin1.ts";
import { methodNames } from "../../http/method.ts";
import type { RequestHead } from "../../http/request_head.ts";

/** Where the copy of a head lies, in chunks that it shares with other heads. */
export interface HeadPlace {
  readonly bytes: Uint8Array;
  /** The head from its method to the end of its last field. */
  readonly start: number;
  readonly end: number;
  /** From `marksStart` on four offsets in `bytes` for each field, as in `MessageHead.fields`. */
  readonly marks: Int32Array;
  readonly marksStart: number;
}

export class HeadCopy {
  readonly #bytes: Uint8Array;
  readonly #method: number;
  readonly #start: number;
  readonly #methodEnd: number;
  readonly #pathStart: number;
  readonly #pathEnd: number;
  readonly #hostStart: number;
  readonly #hostEnd: number;
  readonly #marks: Int32Array;
  readonly #marksStart: number;
  readonly #marksEnd: number;
  readonly #scheme: "http" | "https";
  /** In place of the Host field; null: that counts. */
  readonly #authority: string | null;
  #url: string | null = null;

  constructor(
    head: RequestHead,
    place: HeadPlace,
    isSecure: boolean,
    authority: string | null,
  ) {
    const { start, end } = place;
    this.#scheme = isSecure ? "https" : "http";
    this.#authority = authority;
    const shift = start - head.methodStart;
    this.#bytes = place.bytes;
    this.#method = head.method;
    this.#start = start;
    this.#methodEnd = head.methodEnd + shift;
    this.#pathStart = head.pathStart + shift;
    this.#pathEnd = head.pathEnd + shift;
    this.#hostStart = head.hostStart < 0 ? end : head.hostStart + shift;
    this.#hostEnd = head.hostStart < 0 ? end : head.hostEnd + shift;
    this.#marks = place.marks;
    this.#marksStart = place.marksStart;
    this.#marksEnd = place.marksStart + 4 * head.fieldCount;
  }

  get method(): string {
    return methodNames[this.#method] || latin1(this.#bytes, this.#start, this.#methodEnd);
  }

  /** Path and query, beginning with "/"; other forms such as "*" as they were sent. */
  get target(): string {
    const text = latin1(this.#bytes, this.#pathStart, this.#pathEnd);
    return text === "" || text[0] === "?" ? "/" + text : text;
  }

  get scheme(): "http" | "https" {
    return this.#scheme;
  }

  /** Value of the Host field, or what a trusted proxy says of it; "" without one. */
  get host(): string {
    return this.#authority ?? latin1(this.#bytes, this.#hostStart, this.#hostEnd);
  }

  /** The URL of the request. */
  get url(): string {
    return this.#url ??= makeUrl(this.#scheme, this.target, this.host);
  }

  /**
   * The value of the fields with this name, which is in lower case; null: there is none. Several are
   * joined as the Fetch standard does it.
   */
  field(name: string): string | null {
    let value: string | null = null;
    for (let at = this.#find(name, this.#marksStart); at >= 0; at = this.#find(name, at + 4)) {
      const text = this.#text(at + 2);
      value = value === null ? text : `${value}, ${text}`;
    }
    return value;
  }

  /** Whether a field has this name, which is in lower case. */
  hasField(name: string): boolean {
    return this.#find(name, this.#marksStart) >= 0;
  }

  /** Every field line in order, names in lower case as in the Fetch standard. */
  pairs(): [name: string, value: string][] {
    const pairs: [string, string][] = [];
    for (let at = this.#marksStart; at < this.#marksEnd; at += 4) {
      pairs.push([this.#text(at).toLowerCase(), this.#text(at + 2)]);
    }
    return pairs;
  }

  /** Index in the marks of the next field of this name, from `at` on; -1: there is none. */
  #find(name: string, at: number): number {
    const marks = this.#marks;
    const { length } = name;
    for (; at < this.#marksEnd; at += 4) {
      if (marks[at + 1] - marks[at] === length && this.#isName(name, marks[at])) return at;
    }
    return -1;
  }

  #isName(name: string, start: number): boolean {
    const bytes = this.#bytes;
    for (let i = 0; i < name.length; i++) {
      if (lowerCase[bytes[start + i]] !== name.charCodeAt(i)) return false;
    }
    return true;
  }

  /** What lies between the mark at this index and the next. */
  #text(at: number): string {
    return latin1(this.#bytes, this.#marks[at], this.#marks[at + 1]);
  }
}

function makeUrl(scheme: string, target: string, host: string): string {
  const path = target[0] === "/" ? target : "/" + target;
  const url = `${scheme}://${host === "" ? "localhost" : host}${path}`;
  // Characters that must be escaped, or dot segments: rare, and normalised as the native Request does.
  return /[^\x21-\x7e]|["<>`{}\\^|]|\/\.\.?(?:[/?]|$)/.test(url) ? new URL(url).href : url;
}
