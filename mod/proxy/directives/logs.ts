/** `access-log`: a file, a command, or a mapping with a format. */
import type { AccessLogPlan } from "../plan.ts";
import {
  anyText,
  choice,
  type Directive,
  everywhere,
  phases,
  readMap,
  readScalar,
} from "./directive.ts";

export const accessLogDirective: Directive = {
  name: "access-log",
  levels: everywhere,
  phase: phases.setting,
  apply(draft, value, name) {
    let target: string | null = null;
    let format: string | null = null;
    let escape: AccessLogPlan["escape"] = "apache";
    if (value.kind === "mapping") {
      readMap(draft, name, value, {
        path: (node) => target = readScalar(draft, `${name}.path`, node, anyText),
        format: (node) => format = readScalar(draft, `${name}.format`, node, anyText),
        escape: (node) =>
          escape = readScalar(draft, `${name}.escape`, node, choice("apache", "json")) ?? "apache",
      });
      if (target === null) {
        draft.problem(value.at, "in command access-log, `path` is missing");
        return;
      }
    } else {
      target = readScalar(draft, name, value, anyText);
      if (target === null) return;
    }
    const log: AccessLogPlan = { target, format, escape, at: value.at };
    draft.settings.accessLogs = [...draft.settings.accessLogs, log];
  },
};
