/** `access-log`: a target such as a file or `| command`, or a mapping with target and format. */
import { compileAccessFormat, parseLogTarget } from "../../../log/mod.ts";
import type { AccessLogPlan } from "../../plan/plan.ts";
import {
  anyText,
  choice,
  type Directive,
  everywhere,
  phases,
  readMap,
  readScalar,
} from "../draft/directive.ts";

export const accessLogDirective: Directive = {
  name: "access-log",
  levels: everywhere,
  phase: phases.setting,
  apply(draft, value, name) {
    let target: string | null = null;
    let format: string | null = null;
    let escape: AccessLogPlan["escape"] = null;
    if (value.kind === "mapping") {
      readMap(draft, name, value, {
        path: (node) => target = readScalar(draft, `${name}.path`, node, anyText),
        format: (node) => format = readScalar(draft, `${name}.format`, node, anyText),
        escape: (node) =>
          escape = readScalar(draft, `${name}.escape`, node, choice("apache", "json")),
      });
      if (target === null) {
        draft.problem(value.at, "access-log: `path` is missing");
        return;
      }
    } else {
      target = readScalar(draft, name, value, anyText);
      if (target === null) return;
    }
    const wrong = faultOf(parseLogTarget, target) ??
      (format === null ? null : faultOf(compileAccessFormat, format));
    if (wrong !== null) return draft.problem(value.at, `access-log: ${wrong}`);
    const log: AccessLogPlan = { target, format, escape, at: value.at };
    draft.settings.accessLogs = [...draft.settings.accessLogs, log];
  },
};

/** Returns the message of the `RangeError` that `read` throws for `text`, or null. */
export function faultOf(read: (text: string) => unknown, text: string): string | null {
  try {
    read(text);
    return null;
  } catch (error) {
    if (error instanceof RangeError) return error.message;
    throw error;
  }
}
