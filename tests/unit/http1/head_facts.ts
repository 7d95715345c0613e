import type { MessageHead } from "../../../mod/http/mod.ts";

/** The content of a head for comparison: the filled part of its tables, without its position. */
export function factsOf(head: MessageHead): unknown {
  const facts: Record<string, unknown> = { ...head };
  facts.fields = [...head.fields.subarray(0, 4 * head.fieldCount)];
  facts.kinds = [...head.kinds.subarray(0, head.fieldCount)];
  delete facts.bytes;
  delete facts.revision;
  return facts;
}
