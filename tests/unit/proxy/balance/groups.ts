/** Groups of peers for tests of balancers. */
import type { Choice } from "../../../../mod/proxy/balance/balancer.ts";
import { PeerGroup } from "../../../../mod/proxy/balance/peer_group.ts";
import { parseServer } from "../../../../mod/proxy/directives/upstream/server_line.ts";
import { upstreamDefaults } from "../../../../mod/proxy/plan/upstream_defaults.ts";
import type { BalancePlan, UpstreamPlan } from "../../../../mod/proxy/plan/plan.ts";

/** A group of these `server` lines. */
export function groupOf(
  servers: readonly string[],
  changes: Partial<UpstreamPlan> = {},
  random?: () => number,
): PeerGroup {
  const peers = servers.map((line) => {
    const peer = parseServer(line);
    if (typeof peer === "string") throw new Error(peer);
    return peer;
  });
  const at = { file: "h2o.conf", line: 1 };
  const plan = { ...upstreamDefaults, name: "app", peers, implicit: false, at, ...changes };
  return withAddresses(new PeerGroup(plan, random));
}

/** Every server name resolves. */
export function withAddresses(group: PeerGroup): PeerGroup {
  for (const peer of group.peers) peer.addresses = [{ kind: "tcp", host: "10.0.0.1", port: 80 }];
  return group;
}

export function choiceOf(changes: Partial<Choice> = {}): Choice {
  return {
    nowMs: 1_000_000,
    address: new Uint8Array([10, 0, 0, 1]),
    key: "key",
    tried: null,
    sid: "",
    isBound: false,
    ...changes,
  };
}

/** One plan of each kind. */
export const balancePlans: readonly BalancePlan[] = [
  { kind: "round_robin" },
  { kind: "least_conn" },
  { kind: "least_time", until: "header", inflight: false },
  { kind: "least_time", until: "last_byte", inflight: true },
  { kind: "random", two: false },
  { kind: "random", two: true },
  { kind: "ip_hash" },
  { kind: "hash", key: "$uri", consistent: false },
  { kind: "hash", key: "$uri", consistent: true },
];
