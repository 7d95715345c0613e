/** Servers with `resolve`: set apart from those whose addresses stand in the file. */
import { isResolved, type Position } from "../../config/mod.ts";
import type { PeerPlan } from "../plan.ts";
import type { LevelDraft } from "./drafts.ts";

/** Divides the servers of an upstream, and reports what does not fit them. */
export function divideServers(
  draft: LevelDraft,
  upstream: string,
  servers: readonly PeerPlan[],
  at: Position,
): { peers: PeerPlan[]; named: PeerPlan[] } {
  const problem = (server: PeerPlan, what: string) =>
    draft.problem(at, `in command upstreams, ${upstream}: server ${server.name}: ${what}`);
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
    // An address needs no lookup, whatever stands behind it.
    if (!server.resolve || isResolved(server.address)) {
      peers.push(server);
      continue;
    }
    const key = `${server.name} ${server.service}`;
    if (keys.has(key)) problem(server, "it is there twice");
    keys.add(key);
    named.push(server);
  }
  return { peers, named };
}
