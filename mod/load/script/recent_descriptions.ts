/** The descriptions that a script returns again, such as those of a list that it has prepared. */
import type { MadeRequests } from "./made_requests.ts";
import { RecentRequests } from "./recent_requests.ts";
import { Snapshot } from "./snapshot.ts";
import type { Wrk } from "./wrk_object.ts";

interface Known {
  /** null: the script changes the object between two requests. */
  made: MadeRequests | null;
  readonly parts: Snapshot;
  /** null: it has none. */
  readonly fields: Snapshot | null;
  /** Of `wrk`, from which the parts that it omits have come. */
  readonly revision: number;
}

export class RecentDescriptions {
  readonly #wrk: Wrk;
  /** null: the object was seen once. */
  readonly #recent = new RecentRequests<object, Known | null>();

  constructor(wrk: Wrk) {
    this.#wrk = wrk;
  }

  /** The request that was made of the object; undefined when it or `wrk` has changed. */
  find(description: unknown): MadeRequests | undefined {
    if (typeof description !== "object" || description === null) return undefined;
    const known = this.#recent.find(description);
    if (!known || known.made === null) return undefined;
    if (known.revision === this.#wrk.revision && isUnchanged(known, description)) return known.made;
    known.made = null;
    return undefined;
  }

  /** `made`: of a text with so many characters. Kept when the object is seen for a second time. */
  keep(description: object, made: MadeRequests, characters: number): void {
    if (this.#recent.isOff) return;
    const last = this.#recent.find(description);
    if (last === undefined) this.#recent.keep(description, null, 0);
    else if (last === null) this.#keepAgain(description, made, characters);
  }

  #keepAgain(description: object, made: MadeRequests, characters: number): void {
    const { headers } = description as { headers?: unknown };
    const parts = Snapshot.of(description);
    const fields = typeof headers === "object" && headers !== null
      ? Snapshot.ofValues(headers)
      : null;
    if (parts === null || (fields === null && headers)) return;
    const { bytes, ends, methods, closes } = made;
    const kept = { text: null, bytes, ends, methods, closes, isKept: true };
    const known = { made: kept, parts, fields, revision: this.#wrk.revision };
    this.#recent.keep(description, known, characters);
  }
}

function isUnchanged({ parts, fields }: Known, description: object): boolean {
  if (!parts.matches(description)) return false;
  return fields === null || fields.matches((description as { headers: object }).headers);
}
