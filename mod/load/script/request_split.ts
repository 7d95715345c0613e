/** The requests in the bytes that a script made: where each ends, and its method. */
import { Framing, type Method, RequestHead } from "../../http/mod.ts";
import { BodyDecoder, defaultLimits, describeFault, parseRequestHead } from "../../http1/mod.ts";

/** No limit for heads that the user wrote. */
export const ownRequestLimits = {
  ...defaultLimits,
  startLineBytesMax: 1 << 20,
  headBytesMax: 1 << 22,
  fieldsMax: 1000,
};

export class RequestSplitter {
  /** Requests that the last `split` found; those of the arrays beyond are of earlier ones. */
  count = 0;
  readonly ends: number[] = [];
  readonly methods: Method[] = [];
  /** Which requests end their connection (RFC 9112 9.3, 9.6). */
  readonly closes: boolean[] = [];
  readonly #head = new RequestHead();
  readonly #decoder = new BodyDecoder();

  /** Throws `TypeError` unless `[0, end)` are complete requests. */
  split(bytes: Uint8Array, end: number): void {
    const head = this.#head;
    this.count = 0;
    for (let at = 0; at < end; this.count++) {
      const headEnd = parseRequestHead(head, bytes, at, end, ownRequestLimits, at);
      if (headEnd === 0) throw new TypeError("request() returned an incomplete request");
      if (headEnd < 0) {
        throw new TypeError(
          `request() returned an invalid request: ${describeFault(headEnd).phrase}`,
        );
      }
      at = this.#bodyEnd(bytes, headEnd, end);
      this.ends[this.count] = at;
      this.methods[this.count] = head.method;
      this.closes[this.count] = !head.keepAlive;
    }
    if (this.count === 0) throw new TypeError("request() returned nothing");
  }

  /** Where the body ends that begins at `start`. */
  #bodyEnd(bytes: Uint8Array, start: number, end: number): number {
    const head = this.#head, decoder = this.#decoder;
    if (head.framing === Framing.none) return start;
    decoder.reset(head.framing, head.contentLength, ownRequestLimits);
    let at = start;
    while (!decoder.done && at < end) {
      at = decoder.step(bytes, at, end);
      if (at < 0) {
        throw new TypeError(`request() returned a broken body: ${describeFault(at).phrase}`);
      }
    }
    if (!decoder.done) throw new TypeError("request() returned a request without its whole body");
    return at;
  }
}
