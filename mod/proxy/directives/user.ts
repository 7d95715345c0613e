/** `user`: the user that the proxy is to run as. hayate cannot change its user and reports that. */
import type { RunningUser } from "../../process/files/users.ts";
import { anyText, type Directive, levels, phases, readScalar } from "./draft/directive.ts";

/**
 * h2o starts as root and changes to this user. Staying root would serve every request with the
 * rights that the directive is meant to drop, so that is an error. A process that runs as another
 * user than root gets a notice.
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
        `user: found \`${user}\`, but hayate runs as root and cannot change its user; ` +
          `start it as ${user}, or leave user out`,
      );
    } else if (verdict === "reported") {
      draft.notice(value.at, `user: hayate does not change its user; start it as ${user}`);
    }
  },
};

/** `runningUser` is null when only the file is checked. */
function judgeUser(user: string, runningUser: RunningUser | null): "fine" | "reported" | "refused" {
  if (runningUser === null) return "reported";
  if (runningUser.numberOf(user) === runningUser.uid) return "fine";
  return runningUser.uid === 0 ? "refused" : "reported";
}
