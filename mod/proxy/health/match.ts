/** Tests a response against `check_match`. Pure; each fault names the condition that failed. */
import { latin1, type ResponseHead } from "../../http/mod.ts";
import type { FieldMatch, MatchPlan, StatusMatch, TextMatch } from "../plan/check_plan.ts";

/** A `MatchPlan` with its patterns compiled. */
export class Match {
  readonly #plan: MatchPlan;
  readonly #patterns = new Map<TextMatch, RegExp>();

  constructor(plan: MatchPlan) {
    this.#plan = plan;
    const texts = plan.body === null ? plan.fields : [...plan.fields, plan.body];
    for (const text of texts) {
      if (text.kind !== "pattern") continue;
      this.#patterns.set(text, new RegExp(text.value, text.ignoreCase ? "i" : ""));
    }
  }

  get needsBody(): boolean {
    return this.#plan.body !== null;
  }

  /** Why the head does not match; null when it does. */
  headFault(head: ResponseHead): string | null {
    const { status, fields } = this.#plan;
    if (status !== null && !statusFits(status, head.status)) {
      return `the status is ${head.status}`;
    }
    for (const field of fields) {
      if (!this.#fieldFits(field, head)) return `${field.name} does not match`;
    }
    return null;
  }

  /** Why the body, or its beginning, does not match; null when it does. */
  bodyFault(text: string): string | null {
    const { body } = this.#plan;
    return body === null || this.#fits(body, text) !== body.negated
      ? null
      : "the body does not match";
  }

  /** At least one field with this name must match; for a negated test, none may. */
  #fieldFits(field: FieldMatch, head: ResponseHead): boolean {
    let fits = false;
    for (let at = head.find(field.name); at >= 0; at = head.find(field.name, at + 1)) {
      fits ||= this.#fits(field, head.value(at));
    }
    return fits !== field.negated;
  }

  #fits(test: TextMatch, text: string): boolean {
    if (test.kind === "present") return true;
    return test.kind === "equal" ? text === test.value : this.#patterns.get(test)!.test(text);
  }
}

function statusFits({ wanted, unwanted }: StatusMatch, status: number): boolean {
  const within = ([from, to]: readonly [number, number]) => from <= status && status <= to;
  return (wanted.length === 0 || wanted.some(within)) && !unwanted.some(within);
}

/** A body as text for patterns: UTF-8 if valid, otherwise one character per byte. */
export function bodyText(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: true });
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return latin1(bytes, 0, bytes.length);
  }
}
