/** `resolver`: DNS servers for peers' names, in nginx's syntax: `127.0.0.1:53 valid=30s`. */
import type { Mutable } from "../../../base/mutable.ts";
import { isIpLiteral, parseCount, parseDuration, parseHostAddress } from "../../../config/mod.ts";
import { dnsDefaults, dnsPort, type DnsServer } from "../../../net/dns/host_files.ts";
import type { ResolverPlan } from "../../plan/plan.ts";
import type {} from "../draft/drafts.ts";
import { joinFaults, readWords, type WordReader, wordsOf } from "../draft/word_line.ts";

/** Returns the resolver, or an error message. */
export function parseResolver(text: string): ResolverPlan | string {
  const servers: DnsServer[] = [];
  const plan: Mutable<ResolverPlan> = {
    servers,
    validMs: null,
    timeoutMs: dnsDefaults.timeoutMs,
    attempts: dnsDefaults.attempts,
    usesV4: true,
    usesV6: true,
  };
  const words = wordsOf(text);
  const faults: (string | null)[] = [];
  const values = words.filter((word) => word.includes("="));
  for (const word of words.filter((word) => !word.includes("="))) {
    // An IPv6 address without a port needs no brackets.
    const isBareV6 = isIpLiteral(word) && word.includes(":");
    const address = parseHostAddress(isBareV6 ? `[${word}]` : word, dnsPort);
    if (address?.kind !== "tcp" || !isIpLiteral(address.host) || address.port === 0) {
      faults.push(
        `found \`${word}\`; allowed: an IP address, address:port, [v6]:port, ${forms(plan)}`,
      );
    } else servers.push({ host: address.host, port: address.port });
  }
  const wrong = joinFaults([...faults, readWords(values, parametersOf(plan))]);
  if (wrong !== null) return wrong;
  if (servers.length === 0) return "at least one address of a DNS server is needed";
  return plan.usesV4 || plan.usesV6 ? plan : "with ipv4=off and ipv6=off nothing can be found";
}

function parametersOf(plan: Mutable<ResolverPlan>): WordReader[] {
  const time = (name: string, set: (ms: number) => void): WordReader => ({
    form: `${name}=TIME`,
    allowed: "a time such as 30s, not 0",
    read: (text) => {
      const ms = parseDuration(text, 1000);
      if (ms === null || ms === 0) return false;
      set(ms);
      return true;
    },
  });
  const family = (name: "ipv4" | "ipv6"): WordReader => ({
    form: `${name}=on|off`,
    read: (text) => {
      plan[name === "ipv4" ? "usesV4" : "usesV6"] = text === "on";
      return text === "on" || text === "off";
    },
  });
  return [
    time("valid", (ms) => plan.validMs = ms),
    time("timeout", (ms) => plan.timeoutMs = ms),
    {
      form: "attempts=N",
      allowed: "1 to 10",
      read: (text) => {
        const attempts = parseCount(text);
        if (attempts === null || attempts < 1 || attempts > 10) return false;
        plan.attempts = attempts;
        return true;
      },
    },
    family("ipv4"),
    family("ipv6"),
  ];
}

function forms(plan: Mutable<ResolverPlan>): string {
  return parametersOf(plan).map(({ form }) => form).join(", ");
}
