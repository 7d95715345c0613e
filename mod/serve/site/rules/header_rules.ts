/** `_headers`: fields for the responses of paths, in the form of Netlify and Cloudflare Pages. */
import type { Captures } from "./path_pattern.ts";
import { encodeForPath, fill, isFor, type RuleRequest } from "./rule_request.ts";
import {
  addFault,
  type Faults,
  parseSource,
  type RuleLine,
  ruleLines,
  type RuleSource,
} from "./rule_text.ts";

/** Further paths are ignored. Each is compared with each new path that is asked for. */
const ruleCountMax = 1000;
/** Further fields of one path are ignored. */
const fieldCountMax = 100;

/** A path with its lines. */
interface HeaderRule {
  readonly source: RuleSource;
  readonly fields: (readonly [name: string, value: string])[];
  /** Names in lower case of fields that are taken away. */
  readonly removed: string[];
  /** `user:password` pairs; empty: everybody may see it. */
  readonly users: string[];
}

/** What the rules say about one request. */
export interface HeaderChange {
  /** By name in lower case; several lines for Set-Cookie, else one with all values. */
  readonly fields: ReadonlyMap<string, readonly (readonly [name: string, value: string])[]>;
  readonly removed: ReadonlySet<string>;
  readonly users: readonly string[];
}

/** Fields that say how the body is framed or coded, or that the server writes itself. */
const ownFields: ReadonlySet<string> = new Set([
  "accept-ranges",
  "age",
  "connection",
  "content-encoding",
  "content-length",
  "content-range",
  "date",
  "keep-alive",
  "server",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

export class HeaderRules {
  readonly #rules: readonly HeaderRule[];

  /** Lines with faults are ignored, as both services do. */
  static parse(text: string, faults: Faults): HeaderRules {
    const rules: HeaderRule[] = [];
    // null: before the first path, or below one that is ignored.
    let current: HeaderRule | null = null;
    let isIgnored = false;
    for (const line of ruleLines(text, faults)) {
      if (/^(?:\/|https?:\/\/)/i.test(line.text)) {
        current = beginRule(line, rules, faults);
        isIgnored = current === null;
      } else if (current !== null) addField(line, current, faults);
      else if (!isIgnored) addFault(faults, line, "a path must come before the first field");
    }
    return new HeaderRules(rules);
  }

  private constructor(rules: readonly HeaderRule[]) {
    this.#rules = rules;
  }

  get count(): number {
    return this.#rules.length;
  }

  /** Whether the host or the scheme of a request can make a difference. */
  get readsHost(): boolean {
    return this.#rules.some(({ source }) => source.host !== null);
  }

  /** What all rules for the request say together; null: none is for it. */
  find(request: RuleRequest): HeaderChange | null {
    const fields = new Map<string, (readonly [string, string])[]>();
    const removed = new Set<string>();
    const users: string[] = [];
    let isFound = false;
    for (const rule of this.#rules) {
      const captures: Captures = new Map();
      if (!isFor(rule.source, request, captures)) continue;
      isFound = true;
      users.push(...rule.users);
      for (const name of rule.removed) {
        fields.delete(name);
        removed.add(name);
      }
      for (const [name, value] of rule.fields) {
        addValue(fields, name, fill(value, captures, encodeForPath));
      }
    }
    return isFound ? { fields, removed, users } : null;
  }
}

/** Several values of one name become one line (RFC 9110 5.3), but for Set-Cookie. */
function addValue(
  fields: Map<string, (readonly [string, string])[]>,
  name: string,
  value: string,
): void {
  const key = name.toLowerCase();
  const known = fields.get(key);
  if (known === undefined) fields.set(key, [[name, value]]);
  else if (key === "set-cookie") known.push([name, value]);
  else known[0] = [known[0][0], `${known[0][1]}, ${value}`];
}

function beginRule(line: RuleLine, rules: HeaderRule[], faults: Faults): HeaderRule | null {
  const source = parseSource(line.text);
  if (typeof source === "string") {
    addFault(faults, line, source);
    return null;
  }
  if (rules.length === ruleCountMax) {
    addFault(faults, line, `this path is ignored: at most ${ruleCountMax}`);
    return null;
  }
  const rule = { source, fields: [], removed: [], users: [] };
  rules.push(rule);
  return rule;
}

/** `Name: value`, or `! Name`. */
function addField(line: RuleLine, rule: HeaderRule, faults: Faults): void {
  const [, removed] = /^!\s*(\S+)$/.exec(line.text) ?? [];
  const colon = line.text.indexOf(":");
  const name = (removed ?? line.text.slice(0, Math.max(0, colon))).trim();
  const fault = removed === undefined && colon < 0
    ? `found ${line.text.slice(0, 40)}, expected NAME: VALUE or ! NAME`
    : nameFault(name);
  if (fault !== null) return addFault(faults, line, fault);
  if (removed !== undefined) return void rule.removed.push(name.toLowerCase());
  const value = line.text.slice(colon + 1).trim();
  // Printable ASCII: what is not may mean another character to each client (RFC 9110 5.5).
  if (!/^[\x20-\x7e\t]+$/.test(value)) {
    const what = value === "" ? "has no value" : "has a value that is not printable ASCII";
    return addFault(faults, line, `${name}: ${what}`);
  }
  if (rule.fields.length === fieldCountMax) {
    return addFault(faults, line, `${name} is ignored: at most ${fieldCountMax} fields for a path`);
  }
  if (name.toLowerCase() === "basic-auth") rule.users.push(...value.split(/\s+/));
  else rule.fields.push([name, value]);
}

function nameFault(name: string): string | null {
  if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name)) return `"${name.slice(0, 40)}" is not a field name`;
  return ownFields.has(name.toLowerCase()) ? `${name} is set by the server` : null;
}
