/** Turns the result of a lookup into the peers of a named server. Pure. */
import { formatAddress } from "../../base/address.ts";
import type { ServicePlace } from "../../net/dns/name_service.ts";
import type { BalancePlan, PeerParent, PeerPlan } from "../plan/plan.ts";

/** Larger answers are truncated: each peer has counters, checks and connections. */
const peersMax = 1024;
const weightMax = 65_535;

/** Hash and random balancers support no backups (nginx). */
export function mayHaveBackups({ kind }: BalancePlan): boolean {
  return kind !== "hash" && kind !== "ip_hash" && kind !== "random";
}

/**
 * Orders the addresses of a name that has both families, such as `localhost`: IPv4 first, and IPv6
 * only as backup (or not at all), because most servers listen on only one of the two.
 */
export function orderFamilies(
  addresses: readonly string[],
  withBackups: boolean,
): { host: string; isBackup: boolean }[] {
  const v4 = addresses.filter((host) => !host.includes(":"));
  const v6 = addresses.filter((host) => host.includes(":"));
  const isMixed = v4.length > 0 && v6.length > 0;
  const entries = v4.map((host) => ({ host, isBackup: false }));
  if (isMixed && !withBackups) return entries;
  return [...entries, ...v6.map((host) => ({ host, isBackup: isMixed }))];
}

/** One place with all addresses, with the port and weight of the server's own line. */
export function placesOf(server: PeerPlan, addresses: readonly string[]): ServicePlace[] {
  const { address } = server;
  if (address.kind !== "tcp") throw new TypeError(`Cannot look up ${server.name}: it is a path`);
  const { host, port } = address;
  return [{ host, port, priority: 0, weight: 0, addresses }];
}

/**
 * The peers of `server` at these places. Places of the first priority are primaries, all others
 * backups; an SRV weight applies where the line sets none.
 */
export function namedPeers(
  server: PeerPlan,
  parent: PeerParent,
  places: readonly ServicePlace[],
  balance: BalancePlan,
): PeerPlan[] {
  const withBackups = mayHaveBackups(balance);
  const first = Math.min(...places.map(({ priority }) => priority));
  const peers = new Map<string, PeerPlan>();
  const byPriority = places.toSorted((a, b) => a.priority - b.priority);
  for (const { addresses, port, priority, weight } of byPriority) {
    const isLater = priority > first;
    if (isLater && !withBackups) continue;
    for (const { host, isBackup } of orderFamilies(addresses, withBackups)) {
      const address = { kind: "tcp", host, port } as const;
      const name = formatAddress(address);
      if (peers.has(name) || peers.size === peersMax) continue;
      peers.set(name, {
        ...server,
        name,
        address,
        serverName: server.address.kind === "tcp" ? server.address.host : "localhost",
        weight: server.weight === 1 && weight > 0 ? Math.min(weight, weightMax) : server.weight,
        backup: server.backup || isBackup || isLater,
        parent,
      });
    }
  }
  return [...peers.values()];
}

/** The name of a server's SRV records: `http` is short for `_http._tcp` (nginx). */
export function serviceName(service: string, host: string): string {
  return service.includes(".") ? `${service}.${host}` : `_${service}._tcp.${host}`;
}
