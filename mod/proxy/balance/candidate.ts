/** A peer as its list of candidates keeps it. */
import { HeapEntry } from "../../base/heap.ts";
import type { Peer } from "./peer.ts";
import type { Rotation, WeightClass } from "./rotation.ts";

/** The list that keeps a candidate. */
export interface CandidateList {
  /** Requests that begin and end at a peer change its place. */
  readonly followsRequests: boolean;
  /** The candidate is looked at again with the next choice. */
  noteChanged(candidate: Candidate): void;
  /** Another list takes its peer over. */
  lose(candidate: Candidate): void;
}

export class Candidate {
  readonly peer: Peer;
  readonly list: CandidateList;
  /** Its place in a rotation, and when it must be looked at again, in milliseconds. */
  readonly turn: HeapEntry<Candidate>;
  readonly alarm: HeapEntry<Candidate>;
  /** Null: it cannot be chosen now. */
  rotation: Rotation | null = null;
  weightClass: WeightClass | null = null;
  isChanged = false;

  /** `rank` decides between equals: the lower one is chosen first. */
  constructor(peer: Peer, rank: number, list: CandidateList) {
    this.peer = peer;
    this.list = list;
    this.turn = new HeapEntry<Candidate>(this, rank);
    this.alarm = new HeapEntry<Candidate>(this, rank);
  }
}
