import type { Method } from "../http/method.ts";
import { ResponseHead } from "../http/response_head.ts";
import { KnownHead } from "./known_head.ts";
import type { HeadLimits } from "./limits.ts";
import { parseResponseHead } from "./response_head.ts";

/** Parses the response heads of many connections, and recognises a repetition of the last one. */
export class ResponseParser {
  readonly limits: HeadLimits;
  /** See `RequestParser.head`. */
  readonly head: ResponseHead;
  readonly #known: KnownHead;
  /** Method of the request that the remembered head answered: framing depends on it. */
  #method: Method = 0;

  constructor(limits: HeadLimits) {
    this.limits = limits;
    this.head = new ResponseHead(limits.fieldsMax);
    this.#known = new KnownHead(this.head);
  }

  /** Same arguments and result as `parseResponseHead`. */
  parse(
    bytes: Uint8Array,
    start: number,
    end: number,
    lastEnd: number,
    requestMethod: Method,
  ): number {
    const mayBeKnown = lastEnd === start && requestMethod === this.#method;
    const known = mayBeKnown ? this.#known.find(bytes, start, end) : 0;
    if (known > 0) return known;
    const { head, limits } = this;
    const next = parseResponseHead(head, bytes, start, end, limits, lastEnd, requestMethod);
    if (next > 0) {
      this.#method = requestMethod;
      this.#known.remember(bytes, start, next);
    }
    return next;
  }
}
