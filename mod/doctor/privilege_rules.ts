/** Checks of the user that workers will run as. Pure. */
import type { Facts } from "./facts.ts";
import type { Rule } from "./finding.ts";

const rootNames = /^(root|0)(:|$)/;

/** Without a setting `proxy` runs as the user `nobody`; the other modes do not change their user. */
const workersAsRoot: Rule<Facts> = ({ root }) => {
  if (root === null) return null;
  const isTold = rootNames.test(root.user ?? "");
  if (root.user !== null && !isTold) return null;
  return {
    name: "workers-as-root",
    severity: "warn",
    modes: isTold ? ["serve", "supervise", "proxy"] : ["serve", "supervise"],
    found: isTold
      ? `HAYATE_USER is ${root.user}`
      : "this is root, and HAYATE_USER names no other user",
    effect: "workers run as root, so an attacker who controls one has root's rights",
    fix: ["export HAYATE_USER=www-data   # or --user www-data"],
  };
};

const cannotBecome: Rule<Facts> = ({ root, isContainer }) => {
  if (root === null || root.mayChangeUser || rootNames.test(root.user ?? "")) return null;
  return {
    name: "change-user",
    severity: "fail",
    modes: root.user === null ? ["proxy"] : ["serve", "supervise", "proxy"],
    found: "root lacks CAP_SETUID, CAP_SETGID or CAP_KILL here",
    effect: `workers cannot run as ${root.user ?? "nobody"}, so hayate does not start`,
    fix: isContainer
      ? [
        "docker run --cap-add SETUID --cap-add SETGID --cap-add KILL ...",
        "# or docker run --user 65534",
      ]
      : ["# start it as that user, or with --user root"],
  };
};

export const privilegeRules: readonly Rule<Facts>[] = [workersAsRoot, cannotBecome];
