/** Trailer fields on their way through the proxy, as lines: `name: value CRLF` each. */
import { FieldKind, latin1Bytes, type MessageHead, type TrailerField } from "../../../http/mod.ts";
import type { FieldRule } from "../../plan/plan.ts";
import { usualSpelling } from "./field_spelling.ts";

const noNames: ReadonlySet<string> = new Set();

/**
 * Names that Connection lists, in their usual spelling: they belong to the connection as fields of the
 * head and as trailers (RFC 9110 7.6.1).
 */
export function connectionNames(head: MessageHead): ReadonlySet<string> {
  if (!head.connectionNamesFields) return noNames;
  const names = new Set<string>();
  for (let i = 0; i < head.fieldCount; i++) {
    if (head.kinds[i] !== FieldKind.connection) continue;
    for (const name of head.value(i).split(",")) names.add(usualSpelling(name.trim()));
  }
  return names;
}

/** The lines of a response's trailers without those in `hopByHop`; null for none. */
export function trailerLines(
  trailers: readonly TrailerField[],
  hopByHop: ReadonlySet<string>,
): Uint8Array | null {
  let lines = "";
  for (const { name, value } of trailers) {
    if (!hopByHop.has(usualSpelling(name))) lines += `${name}: ${value}\r\n`;
  }
  return lines === "" ? null : latin1Bytes(lines);
}

/** What the proxy decides about fields of a request. */
export interface RequestFields {
  /** Fields that say who the client is, by their usual spelling (`real-ip`); null: believes none. */
  readonly untrustedFields: { namesClient(usualName: string): boolean } | null;
  /** The field of the request ID, likewise; null: none. */
  readonly requestId: { hasName(usualName: string): boolean } | null;
}

/**
 * The lines of a request's trailers; null for none. Left out is what the proxy decides itself: an
 * application that reads trailers like fields of the head would take the client's word for it.
 */
export function requestTrailerLines(
  trailers: readonly TrailerField[],
  hopByHop: ReadonlySet<string>,
  rules: readonly FieldRule[],
  { untrustedFields, requestId }: RequestFields,
): Uint8Array | null {
  if (trailers.length === 0) return null;
  const allowed = trailers.filter(({ name }) => {
    const usual = usualSpelling(name);
    return !rules.some((rule) => decides(rule, usual)) &&
      untrustedFields?.namesClient(usual) !== true && requestId?.hasName(usual) !== true;
  });
  return trailerLines(allowed, hopByHop);
}

/** Whether a rule of `proxy.header` sets or removes the field. */
function decides({ action, names }: FieldRule, usualName: string): boolean {
  if (action.startsWith("cookie")) return false;
  const isNamed = names.some((name) => usualSpelling(name) === usualName);
  return action === "unsetunless" ? !isNamed : isNamed;
}
