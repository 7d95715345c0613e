/** What passive failures make of a peer, in this process or in the workers of a master. */
import type { Peer } from "../balance/peer.ts";

export interface PassiveState {
  /** Processes that send it nothing for now, and processes that could. */
  readonly outCount: number;
  readonly processCount: number;
  /** Until the first of them tries it again. */
  readonly leftMs: number;
}

export function passiveState(peer: Peer, nowMs: number): PassiveState {
  const { outInWorkers, workerCount } = peer;
  if (workerCount > 0) {
    const left = outInWorkers.map((untilMs) => untilMs - nowMs).filter((leftMs) => leftMs > 0);
    return { outCount: left.length, processCount: workerCount, leftMs: Math.min(...left) };
  }
  const leftMs = peer.unavailableForMs(nowMs);
  return { outCount: leftMs > 0 ? 1 : 0, processCount: 1, leftMs };
}

/** No process sends it anything for now. */
export function isOutEverywhere(peer: Peer, nowMs: number): boolean {
  const { outCount, processCount } = passiveState(peer, nowMs);
  return outCount === processCount;
}
