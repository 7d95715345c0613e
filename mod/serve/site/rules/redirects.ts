/** `_redirects`: the lines of Netlify's and Cloudflare Pages' file, and which one a request meets. */
import type { Captures } from "./path_pattern.ts";
import { encodeForPath, fill, isFor, type RuleRequest } from "./rule_request.ts";
import { addFault, type Faults, parseSource, ruleLines, type RuleSource } from "./rule_text.ts";

/** Further rules are ignored. Those without placeholders, `*` and conditions are looked up. */
const plainCountMax = 50_000;
/** The others are tried one by one. */
const patternCountMax = 1000;

const redirectStatuses: readonly number[] = [301, 302, 303, 307, 308];
const pageStatuses: readonly number[] = [200, 404, 410, 451];

/** One line. */
export interface RedirectRule {
  readonly source: RuleSource;
  /** Parameters that the query must have, with their text or a placeholder. */
  readonly query: readonly (readonly [name: string, value: string])[];
  /** A path or a URL with placeholders. */
  readonly to: string;
  readonly status: number;
  /** Also where there is a file. */
  readonly isForced: boolean;
}

/** What a rule asks for. */
export type RuleOutcome =
  | { readonly kind: "redirect"; readonly status: number; readonly location: string }
  /** The file at this path of a URL, with this status. */
  | { readonly kind: "page"; readonly status: number; readonly path: string };

export class Redirects {
  readonly #rules: readonly RedirectRule[];
  /** Index of the first rule of each path that has no placeholders. */
  readonly #plain = new Map<string, number>();
  /** Indexes of the others. */
  readonly #patterns: number[] = [];

  /** Lines with faults are ignored, as both services do. */
  static parse(text: string, faults: Faults): Redirects {
    const rules: RedirectRule[] = [];
    const counts = { plain: 0, pattern: 0 };
    for (const line of ruleLines(text, faults)) {
      const rule = parseLine(line.text);
      if (typeof rule === "string") {
        addFault(faults, line, rule);
        continue;
      }
      const max = isPlain(rule) ? plainCountMax : patternCountMax;
      const count = isPlain(rule) ? ++counts.plain : ++counts.pattern;
      if (count <= max) rules.push(rule);
      else if (count === max + 1) {
        const kind = isPlain(rule) ? "" : " with placeholders, * or conditions";
        addFault(faults, line, `this and further rules${kind} are ignored: at most ${max}`);
      }
    }
    return new Redirects(rules);
  }

  constructor(rules: readonly RedirectRule[]) {
    this.#rules = rules;
    rules.forEach((rule, i) => {
      if (!isPlain(rule)) return void this.#patterns.push(i);
      const key = rule.source.path.literal!.join("/");
      if (!this.#plain.has(key)) this.#plain.set(key, i);
    });
  }

  get count(): number {
    return this.#rules.length;
  }

  /** The first rule for the request; `hasFile`: only those with `!` apply. null: none. */
  find(request: RuleRequest, hasFile: boolean): RuleOutcome | null {
    const plain = this.#plain.get(request.segments.join("/")) ?? Infinity;
    for (const index of this.#patterns) {
      if (index > plain) break;
      const found = outcomeOf(this.#rules[index], request, hasFile);
      if (found !== null) return found;
    }
    if (plain === Infinity) return null;
    const found = outcomeOf(this.#rules[plain], request, hasFile);
    if (found !== null) return found;
    for (const index of this.#patterns) {
      if (index < plain) continue;
      const later = outcomeOf(this.#rules[index], request, hasFile);
      if (later !== null) return later;
    }
    return null;
  }
}

function isPlain({ source, query }: RedirectRule): boolean {
  return source.path.literal !== null && source.host === null && query.length === 0;
}

/** `FROM [NAME=VALUE...] TO [STATUS[!]] [# comment]`; a string says what is wrong. */
function parseLine(text: string): RedirectRule | string {
  const words = text.split(/\s+/);
  const comment = words.findIndex((word) => word.startsWith("#"));
  const [from, ...parts] = comment < 0 ? words : words.slice(0, comment);
  const source = parseSource(from);
  if (typeof source === "string") return source;
  const toIndex = parts.findIndex((part) => part.startsWith("/") || /^https?:\/\//i.test(part));
  if (toIndex < 0) {
    return `${from}: has no destination that begins with "/", "http://" or "https://"`;
  }
  const query: [string, string][] = [];
  for (const part of parts.slice(0, toIndex)) {
    const at = part.indexOf("=");
    if (at <= 0) return `${from}: found ${part} before the destination, expected NAME=VALUE`;
    query.push([part.slice(0, at), part.slice(at + 1)]);
  }
  const to = parts[toIndex].replace(/[^\x21-\x7e]+/g, encodeURIComponent);
  const [statusText = "301", ...conditions] = parts.slice(toIndex + 1);
  const status = Number(/^(\d{3})!?$/.exec(statusText)?.[1]);
  if (![...redirectStatuses, ...pageStatuses].includes(status)) {
    const allowed = [...pageStatuses, ...redirectStatuses].sort().join(", ");
    return `${from}: found the status ${statusText}, expected one of ${allowed}, with ! or without`;
  }
  if (conditions.length > 0) return `${from}: the condition ${conditions[0]} is not supported`;
  if (pageStatuses.includes(status) && !to.startsWith("/")) {
    return `${from}: ${status} needs a path of this site; a reverse proxy serves another host's`;
  }
  return { source, query, to, status, isForced: statusText.endsWith("!") };
}

function outcomeOf(
  rule: RedirectRule,
  request: RuleRequest,
  hasFile: boolean,
): RuleOutcome | null {
  if (hasFile && !rule.isForced) return null;
  const captures: Captures = new Map();
  if (!isFor(rule.source, request, captures)) return null;
  if (rule.query.length > 0 && !matchQuery(rule.query, request.query, captures)) return null;
  const [before, fragment = ""] = splitAt(rule.to, "#");
  const [path, ownQuery = ""] = splitAt(before, "?");
  const filled = fill(path, captures, encodeForPath);
  if (pageStatuses.includes(rule.status)) {
    return { kind: "page", status: rule.status, path: filled };
  }
  // Two slashes would name another host.
  const place = filled.startsWith("/") ? filled.replace(/^\/+/, "/") : filled;
  if (isSame(place, request)) return null;
  const query = ownQuery !== ""
    ? fill(ownQuery, captures, encodeURIComponent)
    // Parameters that the rule reads are in its destination, where they are wanted.
    : rule.query.length > 0 || request.query === null
    ? ""
    : `?${request.query}`;
  return { kind: "redirect", status: rule.status, location: place + query + fragment };
}

/** The separator stays at the head of the second part. */
function splitAt(text: string, separator: string): [string, string?] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at)];
}

/** A redirect from a path to itself would never end; a slash at the end makes no difference. */
function isSame(place: string, { segments }: RuleRequest): boolean {
  return place.startsWith("/") &&
    place.replace(/\/$/, "") === segments.map((segment) => `/${encodeForPath(segment)}`).join("");
}

function matchQuery(
  wanted: RedirectRule["query"],
  query: string | null,
  into: Captures,
): boolean {
  const given = new URLSearchParams(query ?? "");
  return wanted.every(([name, value]) => {
    const found = given.get(name);
    if (found === null) return false;
    if (!value.startsWith(":")) return found === value;
    into.set(value.slice(1), found);
    return found !== "";
  });
}
