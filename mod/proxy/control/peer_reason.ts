/** Why a peer gets no requests, or will not for long: one phrase for operators. */
import type { Peer } from "../balance/peer.ts";
import { passiveState } from "./passive_state.ts";
import type { CheckView, PeerCondition } from "./peer_view.ts";

/** The phrase for a peer in this condition; "" when there is nothing to tell. */
export function reasonOf(
  peer: Peer,
  condition: PeerCondition,
  check: CheckView | null,
  nowMs: number,
): string {
  switch (condition) {
    case "down":
      return peer.plan.down ? "down in the configuration" : "taken down by an operator";
    case "draining":
      return peer.plan.drain ? "draining in the configuration" : "drained by an operator";
    case "checking":
      return "waiting for the first health check";
    case "unhealthy":
      return unhealthyReason(check);
    case "unavail":
      return unavailableReason(peer, nowMs);
    case "up":
      if (passiveState(peer, nowMs).outCount > 0) return passiveReason(peer, nowMs);
      if (peer.isFull) return `has its ${peer.connectionsMax} requests of max_conns`;
      return check === null || check.lastFault === ""
        ? ""
        : `last health check failed: ${check.lastFault}`;
  }
}

/** A peer whose checks pass again stays down until `rise` of them have. */
function unhealthyReason(check: CheckView | null): string {
  if (check === null) return "";
  if (check.lastPassed) return `health checks pass again, ${check.state.riseCount} so far`;
  // Of a peer whose state an earlier process has left, until its first check has ended.
  if (check.lastFault === "") return "failed its health checks before";
  return `health check failed: ${check.lastFault}`;
}

function unavailableReason(peer: Peer, nowMs: number): string {
  if (peer.isUnknown) return `no address of ${peer.plan.name} is known`;
  if (peer.isEjected(nowMs)) {
    const seconds = Math.ceil((peer.ejectedUntilMs - nowMs) / 1000);
    const why = peer.ejectionReason === "" ? "" : `: ${peer.ejectionReason}`;
    return `ejected for another ${seconds} s${why}`;
  }
  return passiveReason(peer, nowMs);
}

/** Workers count failures each for itself. */
function passiveReason(peer: Peer, nowMs: number): string {
  const { outCount, processCount, leftMs } = passiveState(peer, nowMs);
  const again = `tried again in ${Math.max(1, Math.ceil(leftMs / 1000))} s`;
  if (peer.workerCount === 0) {
    return `${peer.fails} failed requests (max_fails ${peer.failsMax}), ${again}`;
  }
  const where = `in ${outCount} of ${processCount} workers`;
  return `out ${where} by failed requests (max_fails ${peer.failsMax}), ${again}`;
}
