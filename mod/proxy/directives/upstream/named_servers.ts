/** Separates servers with `resolve` from those with a fixed address. */
import { isResolved, type Position } from "../../../config/mod.ts";
import type { PeerPlan } from "../../plan/plan.ts";
import type { LevelDraft } from "../draft/drafts.ts";

/**
 * Divides the servers of an upstream into `peers` and `named`: names of the latter are looked up at
 * run time. Reports duplicates of these and invalid uses of `service=`.
 */
export function divideServers(
  draft: LevelDraft,
  upstream: string,
  servers: readonly PeerPlan[],
  at: Position,
): { peers: PeerPlan[]; named: PeerPlan[] } {
  const problem = (server: PeerPlan, what: string) =>
    draft.problem(at, `upstreams: ${upstream}: server ${server.name}: ${what}`);
  const keys = new Set<string>();
  const peers: PeerPlan[] = [];
  const named: PeerPlan[] = [];
  for (const server of servers) {
    if (server.service !== "" && !server.resolve) problem(server, "service= needs resolve");
    if (server.service !== "" && isResolved(server.address)) {
      problem(server, "service= needs a name");
    } else if (server.service !== "" && /:\d+$/.test(server.name)) {
      problem(server, "with service= the port comes from the SRV records");
    }
    // An IP address or unix path needs no lookup, even with `resolve`.
    if (!server.resolve || isResolved(server.address)) {
      peers.push(server);
      continue;
    }
    const key = `${server.name} ${server.service}`;
    if (keys.has(key)) problem(server, "given twice");
    keys.add(key);
    named.push(server);
  }
  return { peers, named };
}
