/** Complete responses, counted by the value of one of their fields. */
import type { ResponseHead } from "../../http/mod.ts";
import type { LoadConnection } from "./load_connection.ts";
import type { ResponseObserver } from "./response_reader.ts";

/** Receives the parts of every response, and its end. */
export interface AnswerObserver extends ResponseObserver<LoadConnection> {
  respond(connection: LoadConnection, status: number): void;
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
  readonly #values = new Map<LoadConnection, string>();

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

  takeHead(connection: LoadConnection, head: ResponseHead): void {
    const value = head.field(this.#name) ?? noValue;
    this.#values.set(connection, value.slice(0, valueLengthMax));
    this.#next?.takeHead(connection, head);
  }

  takeBody(connection: LoadConnection, bytes: Uint8Array, start: number, end: number): void {
    this.#next?.takeBody(connection, bytes, start, end);
  }

  respond(connection: LoadConnection, status: number): void {
    if (connection.intendedMs >= this.#run.measureFromMs) {
      this.#count(this.#values.get(connection) ?? noValue);
    }
    this.#next?.respond(connection, status);
  }

  #count(value: string): void {
    const isKnown = this.#counts.has(value) || this.#counts.size < valuesMax;
    const key = isKnown ? value : otherValues;
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
  }
}
