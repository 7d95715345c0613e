/** `user`: whose rights the proxy is to have. It cannot change them yet, and says so. */
import type { RunningUser } from "../../process/users.ts";
import { anyText, type Directive, levels, phases, readScalar } from "./directive.ts";

/**
 * h2o starts as root and becomes this user. To go on as root would give every request the rights that
 * the file takes away, so that is refused; a process that is not root is only told.
 */
export const userDirective: Directive = {
  name: "user",
  levels: levels.global,
  phase: phases.setting,
  apply(draft, value, name) {
    const user = readScalar(draft, name, value, anyText);
    if (user === null) return;
    const { runningUser } = draft.plan.host;
    const verdict = judgeUser(user, runningUser);
    if (verdict === "refused") {
      draft.problem(
        value.at,
        `in command user, found \`${user}\`, but hayate runs as root and cannot change its user; ` +
          `start it as ${user}, or leave user out`,
      );
    } else if (verdict === "told") {
      draft.notice(value.at, `user: hayate does not change its user; start it as ${user}`);
    }
  },
};

/** null for `runningUser`: whoever it is, only the file is read. */
function judgeUser(user: string, runningUser: RunningUser | null): "fine" | "told" | "refused" {
  if (runningUser === null) return "told";
  if (runningUser.numberOf(user) === runningUser.uid) return "fine";
  return runningUser.uid === 0 ? "refused" : "told";
}
