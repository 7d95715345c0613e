/** Host names of `listen` become addresses. Servers' names are looked up while the proxy runs. */
import { PeerError, StartError } from "../base/errors.ts";
import { isIpLiteral } from "../config/mod.ts";
import { resolveHost } from "../net/resolve.ts";
import type { ListenPlan, ProxyPlan } from "./plan.ts";

/** The plan without names to listen on. One that cannot be resolved is a `StartError`. */
export async function resolvePlan(plan: ProxyPlan): Promise<ProxyPlan> {
  const listeners = await Promise.all(plan.listeners.map(resolveListen));
  return { ...plan, listeners: listeners.flat() };
}

async function resolveListen(listen: ListenPlan): Promise<ListenPlan[]> {
  const { address, at } = listen;
  if (address.kind === "unix" || isIpLiteral(address.host)) return [listen];
  const found = await resolveHost(address.host);
  if (found instanceof PeerError) {
    throw new StartError(`[${at.file}:${at.line}] in command listen, ${found.message}`, 78);
  }
  return found.map((host) => ({ ...listen, address: { ...address, host } }));
}
