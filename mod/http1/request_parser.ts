import { RequestHead } from "../http/request_head.ts";
import { KnownHead } from "./known_head.ts";
import type { HeadLimits } from "./limits.ts";
import { parseRequestHead } from "./request_head.ts";

/** Parses the request heads of many connections, and recognises a repetition of the last one. */
export class RequestParser {
  readonly limits: HeadLimits;
  /**
   * Head of the last parsed request; valid until the next `parse` and while its bytes are. A
   * recognised head keeps its `revision`.
   */
  readonly head: RequestHead;
  readonly #known: KnownHead;

  constructor(limits: HeadLimits) {
    this.limits = limits;
    this.head = new RequestHead(limits.fieldsMax);
    this.#known = new KnownHead(this.head);
  }

  /** Same arguments and result as `parseRequestHead`. */
  parse(bytes: Uint8Array, start: number, end: number, lastEnd: number): number {
    const known = lastEnd === start ? this.#known.find(bytes, start, end) : 0;
    if (known > 0) return known;
    const next = parseRequestHead(this.head, bytes, start, end, this.limits, lastEnd);
    if (next > 0) this.#known.remember(bytes, start, next);
    return next;
  }
}
