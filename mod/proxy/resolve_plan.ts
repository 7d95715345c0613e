/** Host names in a plan become addresses: of `listen`, and of upstream servers. */
import { formatAddress } from "../base/address.ts";
import { PeerError, StartError } from "../base/errors.ts";
import { isIpLiteral } from "../config/mod.ts";
import { resolveHost } from "../net/resolve.ts";
import { mayHaveBackups } from "./names/named_peers.ts";
import type { ListenPlan, PeerPlan, ProxyPlan, UpstreamPlan } from "./plan.ts";

/**
 * The plan without names. A listen name that cannot be resolved is a `StartError`; an upstream
 * server's is told to `warn`, and the server is down.
 */
export async function resolvePlan(
  plan: ProxyPlan,
  warn: (message: string) => void,
): Promise<ProxyPlan> {
  const listeners = await Promise.all(plan.listeners.map(resolveListen));
  const upstreams = await Promise.all(plan.upstreams.map((one) => resolveUpstream(one, warn)));
  return { ...plan, listeners: listeners.flat(), upstreams };
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

async function resolveUpstream(
  upstream: UpstreamPlan,
  warn: (message: string) => void,
): Promise<UpstreamPlan> {
  const peers = await Promise.all(upstream.peers.map(async (peer) => {
    const found = await resolvePeer(peer);
    if (typeof found !== "string") return found;
    const { file, line } = upstream.at;
    warn(`[${file}:${line}] upstream ${upstream.name}: ${found}; the server counts as down`);
    // A place holder that is never dialled: it is down.
    return [{ ...peer, address: { kind: "tcp" as const, host: "192.0.2.1", port: 1 }, down: true }];
  }));
  return { ...upstream, peers: orderFamilies(upstream, peers) };
}

/** One peer for each address of the name, or the reason why there is none. */
export async function resolvePeer(peer: PeerPlan): Promise<PeerPlan[] | string> {
  const { address } = peer;
  if (address.kind === "unix" || isIpLiteral(address.host)) return [peer];
  const found = await resolveHost(address.host);
  if (found instanceof PeerError) return found.message;
  return found.map((host) => {
    const resolved = { ...address, host };
    return {
      ...peer,
      address: resolved,
      name: found.length === 1 ? peer.name : formatAddress(resolved),
      serverName: address.host,
    };
  });
}

/**
 * A name with addresses of both families, as `localhost` has them: IPv4 first, and IPv6 only as
 * backup, because servers that listen on one of the two are the rule.
 */
function orderFamilies(
  upstream: UpstreamPlan,
  found: readonly (readonly PeerPlan[])[],
): PeerPlan[] {
  const isV6 = (peer: PeerPlan) => peer.address.kind === "tcp" && peer.address.host.includes(":");
  const withBackups = mayHaveBackups(upstream.balance);
  return found.flatMap((peers) => {
    const v4 = peers.filter((peer) => !isV6(peer));
    const v6 = peers.filter(isV6);
    if (v4.length === 0 || v6.length === 0) return peers;
    return withBackups ? [...v4, ...v6.map((peer) => ({ ...peer, backup: true }))] : v4;
  });
}
