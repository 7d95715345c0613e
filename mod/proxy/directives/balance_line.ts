/** `balance`: how one server of several is chosen, in nginx's words. */
import { nearestName } from "../../config/mod.ts";
import type { BalancePlan } from "../plan.ts";

const balanceWords = [
  "round_robin",
  "least_conn",
  "random",
  "random two",
  "ip_hash",
  "hash KEY [consistent]",
];

/** The balancing, or a string that says what is wrong. */
export function parseBalance(text: string): BalancePlan | string {
  const [kind, ...rest] = text.trim().split(/\s+/);
  switch (kind) {
    case "round_robin":
    case "least_conn":
    case "ip_hash":
      if (rest.length === 0) return { kind };
      break;
    case "random":
      if (rest.length === 0) return { kind, two: false };
      if (rest[0] === "two" && (rest.length === 1 || rest[1] === "least_conn")) {
        return { kind, two: true };
      }
      break;
    case "hash": {
      const consistent = rest.at(-1) === "consistent";
      const key = rest[0];
      if (key !== undefined && rest.length === (consistent ? 2 : 1)) {
        return { kind, key, consistent };
      }
    }
  }
  const near = nearestName(kind, ["round_robin", "least_conn", "random", "ip_hash", "hash"]);
  const hint = near === null || near === kind ? "" : ` (did you mean ${near}?)`;
  return `found \`${text}\`${hint}; allowed: ${balanceWords.join(", ")}`;
}
