/** `header.*` (fields of responses) and `proxy.header.*` (fields of requests to upstreams). */
import type { ConfigNode } from "../../../config/mod.ts";
import type { FieldAction, FieldRule } from "../../plan/plan.ts";
import { type Directive, everywhere, itemsOf, phases } from "../draft/directive.ts";
import type { LevelDraft } from "../draft/drafts.ts";

const actions: readonly FieldAction[] = [
  "add",
  "append",
  "merge",
  "set",
  "setifempty",
  "unset",
  "unsetunless",
  "cookie.unset",
  "cookie.unsetunless",
];

/** A field name is a token (RFC 9110 section 5.6.2). */
const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const valueForbidden = /[\x00-\x08\x0a-\x1f\x7f]/;

/** Fields that frame the message or the connection: only hayate itself sets them. */
const framingFields = new Set(["connection", "content-length", "transfer-encoding", "upgrade"]);

/** True for a field name that a directive may set: a token that does not frame the message. */
export function isFieldName(text: string): boolean {
  return token.test(text) && !framingFields.has(text.toLowerCase());
}

function fieldDirective(prefix: "header" | "proxy.header", action: FieldAction): Directive {
  return {
    name: `${prefix}.${action}`,
    levels: everywhere,
    phase: phases.setting,
    apply(draft, value, name) {
      const rules = readRules(draft, value, name, action);
      const key = prefix === "header" ? "responseRules" : "requestRules";
      draft.settings[key] = [...draft.settings[key], ...rules];
    },
  };
}

function readRules(
  draft: LevelDraft,
  value: ConfigNode,
  name: string,
  action: FieldAction,
): FieldRule[] {
  const isRemoval = action.includes("unset");
  const rules: FieldRule[] = [];
  for (const item of fieldItems(draft, value, name)) {
    if (item.kind !== "scalar") {
      draft.problem(item.at, `${name}: the value cannot be a ${item.kind}`);
      continue;
    }
    const rule = isRemoval ? removalRule(action, item.text) : settingRule(action, item.text);
    if (typeof rule === "string") {
      draft.problem(item.at, `${name}: found \`${item.text}\`; ${rule}`);
    } else rules.push(rule);
  }
  // `unsetunless: [a, b]` keeps both fields, so all names belong to one rule.
  if (!action.endsWith("unsetunless") || rules.length < 2) return rules;
  return [{ ...rules[0], names: rules.flatMap((rule) => rule.names) }];
}

/** Also reads the mapping form of later h2o versions: `{header: ..., when: final}`. */
function fieldItems(draft: LevelDraft, value: ConfigNode, name: string): readonly ConfigNode[] {
  if (value.kind !== "mapping") return itemsOf(value);
  const result: ConfigNode[] = [];
  for (const { key, value: item } of value.pairs) {
    if (key.text === "header") result.push(...itemsOf(item));
    else if (key.text !== "when") {
      draft.problem(key.at, `${name}: unknown key: ${key.text}; allowed: header, when`);
    } else if (item.kind !== "scalar" || item.text !== "final") {
      draft.notice(
        item.at,
        `${name}: only \`when: final\` is known; informational responses pass unchanged`,
      );
    }
  }
  return result;
}

function removalRule(action: FieldAction, text: string): FieldRule | string {
  const name = text.trim();
  const isCookie = action.startsWith("cookie.");
  if (!token.test(name)) return `allowed: a ${isCookie ? "cookie's" : "field"} name`;
  // Cookie names are case-sensitive (RFC 6265 section 5.3).
  return { action, names: [isCookie ? name : name.toLowerCase()], name, value: "" };
}

function settingRule(action: FieldAction, text: string): FieldRule | string {
  const colon = text.indexOf(":");
  const name = text.slice(0, Math.max(colon, 0)).trim();
  const value = text.slice(colon + 1).trim();
  if (!token.test(name) || valueForbidden.test(value)) return "allowed: `Name: value`";
  const lower = name.toLowerCase();
  if (framingFields.has(lower)) return `${name} frames the message and cannot be set`;
  return { action, names: [lower], name, value };
}

export const fieldDirectives: readonly Directive[] = [
  ...actions.map((action) => fieldDirective("header", action)),
  ...actions.map((action) => fieldDirective("proxy.header", action)),
];
