/**
 * What a worker reports of its counters: only what has changed since the last report. With thousands
 * of servers the whole is megabytes of JSON, and four reports a second would keep an idle worker and
 * its master busy.
 */
import type { Peer } from "../balance/peer.ts";
import type { PeerGroup } from "../balance/peer_group.ts";
import type { EngineMetrics } from "../engine/engine_metrics.ts";
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
}

/** What was reported of a group. */
interface Reported {
  peers: readonly Peer[];
  /** The marks of its peers, `markCount` for each. */
  marks: Float64Array;
  rest: string;
}

/** Any counter of a peer that changes changes one of these. */
const markCount = 7;

export class CountersReporter {
  readonly #things: CountedThings;
  readonly #reported = new Map<string, Reported>();
  #rest = "";

  constructor(things: CountedThings) {
    this.#things = things;
  }

  /** What has changed; null: nothing. */
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

  /** The last report was not sent: the next one holds everything. */
  startOver(): void {
    this.#reported.clear();
    this.#rest = "";
  }

  #changesOf(group: PeerGroup): UpstreamCounters | null {
    const { plan: { name }, peers, retries, retriesDenied } = group;
    const idle = this.#things.idleCount(group);
    const rest = `${idle} ${retries} ${retriesDenied}`;
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
        counters.push(peerCountersOf(peers[i], keys[i]));
      }
    }
    if (!isWhole && counters.length === 0 && reported.rest === rest) return null;
    reported.rest = rest;
    return { name, isWhole, idle, retries, retriesDenied, peers: counters };
  }
}

/** Takes the marks of a peer down; true when one of them is another than before. */
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
