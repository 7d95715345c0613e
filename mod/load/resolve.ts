/** Names to addresses, once, before the run. */
import type { Address } from "../base/address.ts";
import { StartError } from "../base/errors.ts";
import { formatIp, parseIp } from "../base/ip.ts";
import type { ConnectTo, LoadPlan } from "./plan.ts";
import { portOf, type Target } from "./target.ts";

/** Where a target's connections go: a socket's path, or every address of its host. */
export async function resolveTarget(target: Target, plan: LoadPlan): Promise<Address[]> {
  const path = plan.unixSocket ?? target.unixPath;
  if (path !== null) return [{ kind: "unix", path }];
  const port = portOf(target);
  const rule = plan.connectTo.find((each) => applies(each, target.host, port));
  const host = rule?.host ?? target.host;
  const to = rule?.port ?? port;
  return (await lookUp(host)).map((address) => ({ kind: "tcp", host: address, port: to }));
}

function applies(rule: ConnectTo, host: string, port: number): boolean {
  return (rule.fromHost === null || rule.fromHost.toLowerCase() === host.toLowerCase()) &&
    (rule.fromPort === null || rule.fromPort === port);
}

/** Every address of a name, IPv4 first; throws `StartError` when it has none. */
async function lookUp(host: string): Promise<string[]> {
  const literal = parseIp(host);
  if (literal !== null) return [formatIp(literal)];
  // Loaded only when there is a name: it costs more than all the rest of the start.
  const { lookup } = await import("node:dns/promises");
  try {
    const found = await lookup(host, { all: true });
    const addresses = found.sort((a, b) => a.family - b.family).map((each) => each.address);
    return [...new Set(addresses)];
  } catch (cause) {
    const code = (cause as { code?: string }).code ?? "unknown";
    throw new StartError(`cannot resolve ${host}: ${reasons[code] ?? code}`, 1, { cause });
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOTFOUND: "no such host name",
  EAI_AGAIN: "the name server does not answer",
  ENODATA: "the name has no address",
};

/** True when every address is one of this machine's loopback addresses. */
export function isLoopback(addresses: readonly Address[]): boolean {
  return addresses.every((each) => each.kind === "tcp" && each.host.startsWith("127."));
}
