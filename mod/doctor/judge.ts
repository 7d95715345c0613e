/** Derives findings from facts. Pure. */
import type { Facts } from "./facts.ts";
import type { Finding, JudgedMode } from "./finding.ts";
import { networkRules } from "./network_rules.ts";
import { opensslRules } from "./openssl_rules.ts";
import { privilegeRules } from "./privilege_rules.ts";
import { resourceRules } from "./resource_rules.ts";

/** All findings that affect one of `modes`, failures first. */
export function judge(facts: Facts, modes: readonly JudgedMode[]): Finding[] {
  const findings: Finding[] = [];
  for (const rule of [...resourceRules, ...networkRules, ...opensslRules, ...privilegeRules]) {
    const finding = rule(facts);
    if (finding?.modes.some((mode) => modes.includes(mode))) findings.push(finding);
  }
  const rank = (finding: Finding) => finding.severity === "fail" ? 0 : 1;
  return findings.sort((a, b) => rank(a) - rank(b));
}
