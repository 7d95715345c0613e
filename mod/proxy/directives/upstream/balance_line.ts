/** `balance`: how a peer of an upstream is chosen, in nginx's syntax. */
import { nearest } from "../../../base/nearest.ts";
import { hashVariables, parseHashKey } from "../../plan/hash_key.ts";
import type { BalancePlan } from "../../plan/plan.ts";

const balanceWords = [
  "round_robin",
  "least_conn",
  "least_time header|last_byte [inflight]",
  "random",
  "random two",
  "ip_hash",
  "hash KEY [consistent]",
];

const kinds = ["round_robin", "least_conn", "least_time", "random", "ip_hash", "hash"];

/** Returns the balancing, or an error message. */
export function parseBalance(text: string): BalancePlan | string {
  const [kind, ...rest] = text.trim().split(/\s+/);
  switch (kind) {
    case "round_robin":
    case "least_conn":
    case "ip_hash":
      if (rest.length === 0) return { kind };
      break;
    case "least_time": {
      const [until, inflight] = rest;
      const hasInflight = inflight === "inflight";
      const isRight = (until === "header" || until === "last_byte") &&
        rest.length === (hasInflight ? 2 : 1);
      if (isRight) return { kind, until, inflight: hasInflight };
      break;
    }
    case "random":
      if (rest.length === 0) return { kind, two: false };
      if (rest[0] === "two" && (rest.length === 1 || rest[1] === "least_conn")) {
        return { kind, two: true };
      }
      break;
    case "hash": {
      const consistent = rest.at(-1) === "consistent";
      const key = rest[0];
      if (key === undefined || rest.length !== (consistent ? 2 : 1)) break;
      if (parseHashKey(key) === null) return `found \`${key}\`; allowed: ${hashVariables}`;
      return { kind, key, consistent };
    }
  }
  const near = nearest(kind, kinds);
  const hint = near === null || near === kind ? "" : ` (did you mean ${near}?)`;
  return `found \`${text}\`${hint}; allowed: ${balanceWords.join(", ")}`;
}
