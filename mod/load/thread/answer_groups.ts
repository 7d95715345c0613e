/** Complete responses, counted by the value of one of their fields. */
import type { ResponseHead } from "../../http/mod.ts";
import type { ResponseObserver } from "./response_reader.ts";

/** A request as its records need it; times are on the clock of `performance.now()`. */
export interface TimedRequest {
  /** When the request should have been sent. */
  readonly intendedMs: number;
  /** When it was sent. */
  readonly startMs: number;
  /** When the first byte of the response arrived, an interim one included. */
  readonly firstByteMs: number;
}

/** Receives the parts of every response, and its end. The owner is the connection. */
export interface AnswerObserver extends ResponseObserver<TimedRequest> {
  respond(request: TimedRequest, status: number): void;
}

/** Values that get a count of their own; bounds memory when a field differs every time. */
const valuesMax = 100;
const valueLengthMax = 200;
/** Keys for further values, and for responses without the field. */
export const otherValues = "(other)";
export const noValue = "(none)";

export class AnswerGroups implements AnswerObserver {
  readonly #name: string;
  readonly #run: { readonly measureFromMs: number };
  readonly #next: AnswerObserver | null;
  readonly #counts = new Map<string, number>();
  /** Values of responses whose head has arrived. */
  readonly #values = new Map<TimedRequest, string>();

  /** `field` in any case. `run` tells when measuring starts; every call is passed on to `next`. */
  constructor(
    field: string,
    run: { readonly measureFromMs: number },
    next: AnswerObserver | null = null,
  ) {
    this.#name = field.toLowerCase();
    this.#run = run;
    this.#next = next;
  }

  /** Count by value. */
  get counts(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts);
  }

  takeHead(request: TimedRequest, head: ResponseHead): void {
    const value = head.field(this.#name) ?? noValue;
    this.#values.set(request, value.slice(0, valueLengthMax));
    this.#next?.takeHead(request, head);
  }

  takeBody(request: TimedRequest, bytes: Uint8Array, start: number, end: number): void {
    this.#next?.takeBody(request, bytes, start, end);
  }

  respond(request: TimedRequest, status: number): void {
    if (request.intendedMs >= this.#run.measureFromMs) {
      this.#count(this.#values.get(request) ?? noValue);
    }
    this.#next?.respond(request, status);
  }

  #count(value: string): void {
    const isKnown = this.#counts.has(value) || this.#counts.size < valuesMax;
    const key = isKnown ? value : otherValues;
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
  }
}
