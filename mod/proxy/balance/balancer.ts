/** Chooses one peer of several. */
import type { Peer } from "./peer.ts";

/** Inputs of a choice. */
export interface Choice {
  /** Monotonic milliseconds. */
  nowMs: number;
  /** The client's IP address as bytes, for ip_hash; empty for a unix socket. */
  address: Uint8Array;
  /** The value of the hash key. */
  key: string;
  /** Peers that this request has tried; null on the first try. */
  tried: Set<Peer> | null;
  /** Session name of the peer that the client is bound to; "" for none. */
  sid: string;
  /** With a `sid`: choose that peer or none. */
  isBound: boolean;
}

export interface Balancer {
  /** Chooses among the peers that `isCandidate` admits; null when there is none. */
  choose(peers: readonly Peer[], choice: Choice): Peer | null;
}

export function isCandidate(peer: Peer, choice: Choice): boolean {
  return (choice.tried === null || !choice.tried.has(peer)) && peer.isUsable(choice.nowMs);
}

/** As `isCandidate`, for the peer that the client's session names. */
export function isSessionCandidate(peer: Peer, choice: Choice): boolean {
  return (choice.tried === null || !choice.tried.has(peer)) &&
    peer.isUsableForSession(choice.nowMs);
}

/** Attempts of a hash or a random draw before falling back to round robin (nginx: 20). */
export const missesMax = 20;
