/** Resolves host names of `listen`. Names of peers are looked up at run time instead. */
import { PeerError, StartError } from "../../base/errors.ts";
import { isIpLiteral } from "../../config/mod.ts";
import { resolveHost } from "../../net/resolve.ts";
import type { ListenPlan, ProxyPlan } from "./plan.ts";

/** Returns the plan with addresses in place of names. Throws `StartError` when a lookup fails. */
export async function resolvePlan(plan: ProxyPlan): Promise<ProxyPlan> {
  const listeners = await Promise.all(plan.listeners.map(resolveListen));
  return { ...plan, listeners: listeners.flat() };
}

async function resolveListen(listen: ListenPlan): Promise<ListenPlan[]> {
  const { address, at } = listen;
  if (address.kind === "unix" || isIpLiteral(address.host)) return [listen];
  const found = await resolveHost(address.host);
  if (found instanceof PeerError) {
    throw new StartError(`[${at.file}:${at.line}] listen: ${found.message}`, 78);
  }
  return found.map((host) => ({ ...listen, address: { ...address, host } }));
}
