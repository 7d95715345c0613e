/** `expires` and `header.*`: how directives change the fields of a response. */
import { applyRules, type Field } from "../fields/field_rules.ts";
import type { Route } from "../routes/routes.ts";

/** Applies `expires` and `header.*` to a response's fields. */
export function changeFields(fields: Field[], status: number, route: Route): Field[] {
  const { expires } = route.settings;
  let result = fields;
  if (expires !== null && status >= 200 && status < 400) {
    const has = result.some((field) => field.name.toLowerCase() === "cache-control");
    if (!has) result = [...result, { name: "cache-control", value: expires }];
  }
  return applyRules(result, route.responseRules);
}
