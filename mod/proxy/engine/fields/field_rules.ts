/** `header.*` and `proxy.header.*`: rules applied to a list of fields. */
import type { FieldRule } from "../../plan/plan.ts";
import { usualSpelling } from "./field_spelling.ts";

/** A field as text, with its name as it was sent. */
export interface Field {
  name: string;
  value: string;
}

/** Applies the rules in order and returns the resulting fields. */
export function applyRules(fields: Field[], rules: readonly FieldRule[]): Field[] {
  let result = fields;
  for (const rule of rules) result = applyRule(result, rule);
  return result;
}

/**
 * The same for a request. `set` and `unset` by the usual name also remove every other spelling that
 * an application reads as that name: `proxy.header.unset: X-User` removes `X_User` as well. A rule
 * that names `X_User` does not affect `X-User`.
 */
export function applyRequestRules(fields: Field[], rules: readonly FieldRule[]): Field[] {
  let result = fields;
  for (const rule of rules) {
    if (rule.action === "set" || rule.action === "unset") {
      const { names } = rule;
      result = result.filter(({ name }) =>
        names.includes(name.toLowerCase()) || !names.includes(usualSpelling(name))
      );
    }
    result = applyRule(result, rule);
  }
  return result;
}

function applyRule(fields: Field[], rule: FieldRule): Field[] {
  const has = (field: Field) => rule.names.includes(field.name.toLowerCase());
  const added: Field = { name: rule.name, value: rule.value };
  switch (rule.action) {
    case "add":
      return [...fields, added];
    case "append": {
      const found = fields.find(has);
      if (found === undefined) return [...fields, added];
      found.value = found.value === "" ? rule.value : `${found.value}, ${rule.value}`;
      return fields;
    }
    case "merge": {
      const found = fields.find(has);
      if (found === undefined) return [...fields, added];
      if (!listHas(found.value, rule.value)) {
        found.value = found.value === "" ? rule.value : `${found.value}, ${rule.value}`;
      }
      return fields;
    }
    case "set":
      return [...fields.filter((field) => !has(field)), added];
    case "setifempty":
      return fields.some(has) ? fields : [...fields, added];
    case "unset":
      return fields.filter((field) => !has(field));
    case "unsetunless":
      return fields.filter(has);
    case "cookie.unset":
      return filterCookies(fields, (name) => !rule.names.includes(name));
    case "cookie.unsetunless":
      return filterCookies(fields, (name) => rule.names.includes(name));
  }
}

/** Keeps some of the cookies in `Cookie` fields; a field with none left is removed (h2o). */
function filterCookies(fields: readonly Field[], keeps: (name: string) => boolean): Field[] {
  return fields.flatMap((field) => {
    if (field.name.toLowerCase() !== "cookie") return [field];
    const pairs = field.value.split(";").map((pair) => pair.trim()).filter((pair) =>
      pair !== "" && keeps(pair.split("=", 1)[0].trim())
    );
    return pairs.length === 0 ? [] : [{ name: field.name, value: pairs.join("; ") }];
  });
}

/** Whether a comma-separated list contains the element; case-sensitive. */
function listHas(list: string, element: string): boolean {
  return list.split(",").some((item) => item.trim() === element);
}
