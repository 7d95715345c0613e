/** Messages between a master and its workers; JSON over the channel. */
import type { Http2Figures } from "../../conn/exchange/http2_counters.ts";
import type { Peer } from "../balance/peer.ts";
import type {
  EjectionState,
  OutlierReport,
  PeerReference,
  UpstreamState,
} from "../balance/peer_state.ts";
import type { TallyCounters } from "../balance/peer_tally.ts";
import type { ListenerCounters } from "../engine/records/engine_metrics.ts";
import type { StatusRow } from "../health/status_page.ts";

/** The complete state of the peers for a worker. */
export interface StateMessage {
  readonly kind: "state";
  /** Incremented with each change; a worker reports which version it has applied. */
  readonly version: number;
  readonly upstreams: readonly UpstreamState[];
  /** All peers that are ejected as outliers. */
  readonly ejections: readonly EjectionState[];
  readonly rows: readonly StatusRow[];
}

/** The first message to a worker. */
export interface WelcomeMessage {
  readonly kind: "welcome";
  /** The files of the configuration, path and text. */
  readonly texts: readonly (readonly [path: string, text: string])[];
  /** The master runs under a supervisor, whose log is used. */
  readonly isSupervised: boolean;
}

/** Rows of the status page that changed since the last state or rows message. */
export interface RowsMessage {
  readonly kind: "rows";
  readonly rows: readonly RowChange[];
}

export interface RowChange {
  readonly index: number;
  readonly isDown: boolean;
  readonly rise: number;
  readonly fall: number;
}

export type MasterMessage = StateMessage | RowsMessage | WelcomeMessage;

export type WorkerMessage =
  | { readonly kind: "ready" }
  /** It no longer accepts connections. */
  | { readonly kind: "closed" }
  | { readonly kind: "applied"; readonly version: number }
  | OutlierMessage
  | UnreachableMessage
  | CountersMessage;

/** A server by name is unreachable at all its addresses: they may be out of date. */
export interface UnreachableMessage extends PeerReference {
  readonly kind: "unreachable";
}

/** A peer performs worse than its group, by the worker's measurements. */
export interface OutlierMessage extends OutlierReport {
  readonly kind: "outlier";
}

/** A worker's counters since its start. */
export interface CountersMessage {
  readonly kind: "counters";
  readonly clientAborts: number;
  readonly cutResponses: number;
  readonly statusClasses: readonly number[];
  readonly connections: number;
  readonly lostLogLines: number;
  readonly listeners: readonly ListenerCounters[];
  /** Upstreams that changed since the worker's last message. */
  readonly upstreams: readonly UpstreamCounters[];
}

export interface UpstreamCounters {
  readonly name: string;
  /** `peers` holds all peers; otherwise only those that changed. */
  readonly isWhole: boolean;
  readonly idle: number;
  readonly retries: number;
  readonly retriesDenied: number;
  readonly http2: Http2Figures;
  readonly peers: readonly PeerCounters[];
}

export interface PeerCounters {
  /** Identifies the peer in its upstream, also under the next configuration. */
  readonly key: string;
  readonly active: number;
  readonly requests: number;
  readonly failedRequests: number;
  readonly unavailableCount: number;
  /** How long the worker sends it nothing because of failed requests, from now; 0: it does. */
  readonly unavailableForMs: number;
  readonly responses: readonly number[];
  readonly headerTimeSumMs: number;
  readonly headerTimeCount: number;
  readonly tally: TallyCounters;
}

const keysOf = new WeakMap<readonly Peer[], readonly string[]>();

/** The peers' names; a repeated name gets a number appended. Cached per list. */
export function peerKeys(peers: readonly Peer[]): readonly string[] {
  let keys = keysOf.get(peers);
  if (keys === undefined) {
    const seen = new Map<string, number>();
    keys = peers.map(({ name }) => {
      const before = seen.get(name) ?? 0;
      seen.set(name, before + 1);
      return before === 0 ? name : `${name} ${before}`;
    });
    keysOf.set(peers, keys);
  }
  return keys;
}

export function peerCountersOf(peer: Peer, key: string, nowMs: number): PeerCounters {
  return {
    key,
    active: peer.active,
    requests: peer.requests,
    failedRequests: peer.failedRequests,
    unavailableCount: peer.unavailableCount,
    unavailableForMs: peer.unavailableForMs(nowMs),
    responses: [...peer.responses],
    headerTimeSumMs: peer.headerTimeSumMs,
    headerTimeCount: peer.headerTimeCount,
    tally: peer.tally.counters(),
  };
}
