/**
 * Reports a worker's counters: only the changes since the last report. With thousands of servers a
 * full report is megabytes of JSON, and four of them a second would keep an idle worker and its
 * master busy.
 */
import type { Peer } from "../balance/peer.ts";
import type { PeerGroup } from "../balance/peer_group.ts";
import type { EngineMetrics } from "../engine/records/engine_metrics.ts";
import {
  type CountersMessage,
  peerCountersOf,
  peerKeys,
  type UpstreamCounters,
} from "./messages.ts";

export interface CountedThings {
  readonly metrics: EngineMetrics;
  readonly groups: readonly PeerGroup[];
  /** Open client connections. */
  connections(): number;
  idleCount(group: PeerGroup): number;
  /** Of the reactor. */
  nowMs(): number;
}

/** The last report of a group. */
interface Reported {
  peers: readonly Peer[];
  /** The marks of its peers, `markCount` per peer. */
  marks: Float64Array;
  rest: string;
}

/**
 * Counters compared per peer: a change of any other counter, and of its being unavailable, also
 * changes one of them. Only the end of that time does not, which its report has told before.
 */
const markCount = 7;

export class CountersReporter {
  readonly #things: CountedThings;
  readonly #reported = new Map<string, Reported>();
  #rest = "";

  constructor(things: CountedThings) {
    this.#things = things;
  }

  /** The changes; null: none. */
  next(): CountersMessage | null {
    const { metrics, groups, connections } = this.#things;
    const upstreams: UpstreamCounters[] = [];
    for (const group of groups) {
      const changed = this.#changesOf(group);
      if (changed !== null) upstreams.push(changed);
    }
    const rest = {
      kind: "counters" as const,
      clientAborts: metrics.clientAborts,
      cutResponses: metrics.cutResponses,
      statusClasses: [...metrics.statusClasses],
      connections: connections(),
      lostLogLines: metrics.lostLogLines(),
      listeners: metrics.listeners(),
    };
    const text = JSON.stringify(rest);
    if (upstreams.length === 0 && text === this.#rest) return null;
    this.#rest = text;
    return { ...rest, upstreams };
  }

  /** Makes the next report a full one, after the last could not be sent. */
  startOver(): void {
    this.#reported.clear();
    this.#rest = "";
  }

  #changesOf(group: PeerGroup): UpstreamCounters | null {
    const { plan: { name }, peers, retries, retriesDenied, http2 } = group;
    const idle = this.#things.idleCount(group);
    const rest = `${idle} ${retries} ${retriesDenied}${http2.isUsed ? http2.text() : ""}`;
    let reported = this.#reported.get(name);
    const isWhole = reported === undefined || reported.peers !== peers;
    if (reported === undefined || isWhole) {
      reported = { peers, marks: new Float64Array(peers.length * markCount).fill(-1), rest: "" };
      this.#reported.set(name, reported);
    }
    const keys = peerKeys(peers);
    const counters = [];
    for (let i = 0; i < peers.length; i++) {
      if (mark(reported.marks, i * markCount, peers[i])) {
        counters.push(peerCountersOf(peers[i], keys[i], this.#things.nowMs()));
      }
    }
    if (!isWhole && counters.length === 0 && reported.rest === rest) return null;
    reported.rest = rest;
    const figures = http2.figures();
    return { name, isWhole, idle, retries, retriesDenied, http2: figures, peers: counters };
  }
}

/** Stores the marks of a peer; true when one of them has changed. */
function mark(marks: Float64Array, at: number, peer: Peer): boolean {
  const { tally } = peer;
  const isSame = marks[at] === peer.active && marks[at + 1] === peer.requests &&
    marks[at + 2] === peer.failedRequests && marks[at + 3] === peer.unavailableCount &&
    marks[at + 4] === peer.headerTimeCount && marks[at + 5] === tally.sentBytes &&
    marks[at + 6] === tally.receivedBytes;
  if (isSame) return false;
  marks[at] = peer.active;
  marks[at + 1] = peer.requests;
  marks[at + 2] = peer.failedRequests;
  marks[at + 3] = peer.unavailableCount;
  marks[at + 4] = peer.headerTimeCount;
  marks[at + 5] = tally.sentBytes;
  marks[at + 6] = tally.receivedBytes;
  return true;
}
