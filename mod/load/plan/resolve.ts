/** Resolves host names once, before the run. */
import type { Address } from "../../base/address.ts";
import { PeerError, StartError } from "../../base/errors.ts";
import { parseIp } from "../../base/ip.ts";
import { resolveHost } from "../../net/resolve.ts";
import type { ConnectTo, LoadPlan } from "./plan.ts";
import { portOf, type Target } from "./target.ts";

/** How long lookups took, in microseconds; a literal address needs none. */
export type LookupTimes = number[];

/** Where a target's connections go: a socket's path, or every address of its host or of the proxy, IPv4 first. */
export async function resolveTarget(
  target: Target,
  plan: LoadPlan,
  lookups: LookupTimes = [],
): Promise<Address[]> {
  const path = plan.unixSocket ?? target.unixPath;
  if (path !== null) return [{ kind: "unix", path }];
  if (plan.proxy !== null) return await resolveName(plan.proxy.host, plan.proxy.port, lookups);
  const port = portOf(target);
  const rule = plan.connectTo.find((each) => applies(each, target.host, port));
  return await resolveName(rule?.host ?? target.host, rule?.port ?? port, lookups);
}

async function resolveName(name: string, port: number, lookups: LookupTimes): Promise<Address[]> {
  const startMs = performance.now();
  const found = await resolveHost(name);
  if (parseIp(name) === null) lookups.push((performance.now() - startMs) * 1000);
  if (found instanceof PeerError) {
    const reason = reasons[found.code] ?? found.code;
    throw new StartError(`${found.message}: ${reason}`, 1, { cause: found });
  }
  const isV6 = (host: string) => host.includes(":") ? 1 : 0;
  return [...found].sort((a, b) => isV6(a) - isV6(b))
    .map((host) => ({ kind: "tcp", host, port }));
}

function applies(rule: ConnectTo, host: string, port: number): boolean {
  return (rule.fromHost === null || rule.fromHost.toLowerCase() === host.toLowerCase()) &&
    (rule.fromPort === null || rule.fromPort === port);
}

const reasons: Readonly<Record<string, string>> = {
  ENOTFOUND: "no such name",
  EAI_AGAIN: "the name server does not respond",
  ENODATA: "the name has no address",
};

/** True when every address is one of this machine's IPv4 loopback addresses. */
export function isLoopback(addresses: readonly Address[]): boolean {
  return addresses.every((each) => each.kind === "tcp" && each.host.startsWith("127."));
}
