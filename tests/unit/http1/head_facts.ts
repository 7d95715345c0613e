import type { MessageHead } from "../../../mod/http1/mod.ts";

/** All that a head tells, to be compared: tables as far as they are filled, and not where it lies. */
export function factsOf(head: MessageHead): unknown {
  const facts: Record<string, unknown> = { ...head };
  facts.fields = [...head.fields.subarray(0, 4 * head.fieldCount)];
  facts.kinds = [...head.kinds.subarray(0, head.fieldCount)];
  delete facts.bytes;
  delete facts.revision;
  return facts;
}
