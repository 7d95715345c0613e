/** `setenv` and `unsetenv`: variables of an exchange, shown in access logs as `%{NAME}e`. */
import {
  anyText,
  type Directive,
  everywhere,
  itemsOf,
  phases,
  readScalar,
} from "../draft/directive.ts";

const setenv: Directive = {
  name: "setenv",
  levels: everywhere,
  phase: phases.setting,
  apply(draft, value, name) {
    if (value.kind !== "mapping") {
      draft.problem(value.at, `${name}: a mapping of names and values is expected`);
      return;
    }
    const variables = new Map(draft.settings.variables);
    for (const { key, value: node } of value.pairs) {
      const text = readScalar(draft, `${name}.${key.text}`, node, {
        allowed: "a text",
        parse: (raw) => raw,
      });
      if (text !== null) variables.set(key.text, text);
    }
    draft.settings.variables = variables;
  },
};

const unsetenv: Directive = {
  name: "unsetenv",
  levels: everywhere,
  phase: phases.setting,
  apply(draft, value, name) {
    const variables = new Map(draft.settings.variables);
    for (const item of itemsOf(value)) {
      const key = readScalar(draft, name, item, anyText);
      if (key !== null) variables.delete(key);
    }
    draft.settings.variables = variables;
  },
};

export const variableDirectives: readonly Directive[] = [setenv, unsetenv];
