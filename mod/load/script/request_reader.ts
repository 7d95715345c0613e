/** From what a script's `request()` returns to the requests that are sent. */
import { type MadeRequests, MadeText } from "./made_requests.ts";
import { RecentDescriptions } from "./recent_descriptions.ts";
import { RecentRequests } from "./recent_requests.ts";
import { RequestSplitter } from "./request_split.ts";
import { TextBuffer } from "./text_buffer.ts";
import type { Wrk } from "./wrk_object.ts";
import { concat } from "../../std/bytes.ts";

const encoder = new TextEncoder();

export class RequestReader {
  readonly #wrk: Wrk;
  readonly #texts = new RecentRequests<string, MadeRequests>();
  readonly #descriptions: RecentDescriptions;
  readonly #splitter = new RequestSplitter();
  readonly #buffer = new TextBuffer();
  readonly #made = new MadeText();

  constructor(wrk: Wrk) {
    this.#wrk = wrk;
    this.#descriptions = new RecentDescriptions(wrk);
  }

  /**
   * The requests of a text, bytes, a description, or a list of these. Valid until the next call, unless
   * `isKept`. Throws `TypeError` for anything else, and for what is no complete request.
   */
  read(request: unknown): MadeRequests {
    if (typeof request === "string") return this.#readText(request);
    const bytes = bytesOf(request);
    // A copy: the script may write into its array before it is sent.
    if (bytes !== null) return this.#readBytes(bytes.slice());
    if (Array.isArray(request)) return this.#readList(request);
    return this.#readDescription(request);
  }

  #readText(text: string): MadeRequests {
    const { known, method, closes } = this.#wrk.made;
    if (text === known) return this.#made.set(text, method, closes);
    const recent = this.#texts.find(text);
    if (recent !== undefined) return recent;
    const splitter = this.#splitter, buffer = this.#buffer;
    const length = buffer.encode(text);
    splitter.split(buffer.bytes, length);
    if (this.#texts.isOff && splitter.count === 1) {
      return this.#made.set(text, splitter.methods[0], splitter.closes[0]);
    }
    const made = this.#collect(buffer.bytes.slice(0, length));
    made.isKept = this.#texts.keep(text, made, text.length);
    return made;
  }

  #readBytes(bytes: Uint8Array): MadeRequests {
    this.#splitter.split(bytes, bytes.length);
    return this.#collect(bytes);
  }

  /** The requests that were found in `bytes`. */
  #collect(bytes: Uint8Array): MadeRequests & { isKept: boolean } {
    const { count, ends, methods, closes } = this.#splitter;
    const closing = closes.slice(0, count);
    return {
      text: null,
      bytes,
      ends: Int32Array.from(ends.slice(0, count)),
      methods: methods.slice(0, count),
      closes: closing.includes(true) ? closing : undefined,
      isKept: false,
    };
  }

  #readDescription(request: unknown): MadeRequests {
    const recent = this.#descriptions.find(request);
    if (recent !== undefined) return recent;
    const content = this.#wrk.describe(request);
    if (typeof content !== "string") return this.#readBytes(content);
    const made = this.#readText(content);
    this.#descriptions.keep(request as object, made, content.length);
    return made;
  }

  #readList(requests: readonly unknown[]): MadeRequests {
    const parts = requests.map((each) => this.#contentOf(each));
    if (parts.every((part) => typeof part === "string")) return this.#readText(parts.join(""));
    return this.#readBytes(concat(parts.map((part) => asBytes(part))));
  }

  #contentOf(request: unknown): string | Uint8Array {
    if (typeof request === "string") return request;
    if (Array.isArray(request)) {
      return concat(request.map((each) => asBytes(this.#contentOf(each))));
    }
    return bytesOf(request) ?? this.#wrk.describe(request);
  }
}

function bytesOf(value: unknown): Uint8Array | null {
  if (value instanceof Uint8Array) return value;
  return value instanceof ArrayBuffer ? new Uint8Array(value) : null;
}

function asBytes(part: string | Uint8Array): Uint8Array {
  return typeof part === "string" ? encoder.encode(part) : part;
}
