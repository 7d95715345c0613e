/** A request as the rules of a site see it. */
import { decodeTargetPath } from "../../../static/target_path.ts";
import type { Captures, RulePath } from "./path_pattern.ts";
import type { RuleSource } from "./rule_text.ts";

export interface RuleRequest extends RulePath {
  /** After "?", as sent; null: there is none. */
  readonly query: string | null;
  /** In lower case, without a port. */
  readonly host: string;
  readonly scheme: "http" | "https";
}

/** null: no file and no rule has such a path. */
export function ruleRequest(
  target: string,
  host: string,
  scheme: "http" | "https",
): RuleRequest | null {
  const path = decodeTargetPath(target);
  if (typeof path === "string") return null;
  const at = target.indexOf("?");
  return { ...path, query: at < 0 ? null : target.slice(at + 1), host, scheme };
}

/** Whether a rule is for the request; adds what its placeholders stand for. */
export function isFor(source: RuleSource, request: RuleRequest, into: Captures): boolean {
  if (source.scheme !== null && source.scheme !== request.scheme) return false;
  return source.path.match(request, into) &&
    (source.host === null || source.host.match(request.host, into));
}

/**
 * Fills the placeholders of a text. `encode` is what makes the captured text safe there. A name that
 * the rule does not have stays as it is.
 */
export function fill(text: string, captures: Captures, encode: (text: string) => string): string {
  return text.replace(/:([A-Za-z]\w*)/g, (whole, name: string) => {
    const value = captures.get(name);
    return value === undefined ? whole : encode(value);
  });
}

/** For a path: leaves the characters that need no escape there (RFC 3986 3.3), and "/". */
export function encodeForPath(text: string): string {
  return encodeURI(text).replace(/[?#]/g, encodeURIComponent);
}
