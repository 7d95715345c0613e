/**
 * The shapes of messages between a master and its workers, which may be of another version after an
 * in-place upgrade.
 */
import { type Http2Figures, resetNames } from "../../conn/exchange/http2_counters.ts";
import {
  amount,
  count,
  flag,
  list,
  matching,
  oneOf,
  record,
  tagged,
  text,
  whole,
} from "../../base/shape.ts";
import { ejectionStates, upstreamStates } from "../balance/peer_shapes.ts";
import type { PeerTally } from "../balance/peer_tally.ts";
import type { ListenerCounters } from "../engine/records/engine_metrics.ts";
import type { StatusRow } from "../health/status_page.ts";
import { checkTypes } from "../plan/check_plan.ts";
import type {
  CountersMessage,
  OutlierMessage,
  PeerCounters,
  RowChange,
  RowsMessage,
  StateMessage,
  UnreachableMessage,
  UpstreamCounters,
  WelcomeMessage,
} from "./messages.ts";

const statusRow = record<StatusRow>({
  index: count,
  upstream: text,
  name: text,
  isDown: flag,
  rise: count,
  fall: count,
  type: oneOf(...checkTypes),
  port: whole(0, 65_535),
});

/** Messages from a master. */
export const masterMessage = tagged("kind", {
  rows: record<RowsMessage>({
    kind: text,
    rows: list(record<RowChange>({ index: count, isDown: flag, rise: count, fall: count })),
  }),
  welcome: record<WelcomeMessage>({
    kind: text,
    texts: list((value) => {
      const isPair = Array.isArray(value) && value.length === 2;
      return isPair ? list(text)(value) : { path: "", text: "is not a pair of path and text" };
    }),
    isSupervised: flag,
  }),
  state: record<StateMessage>({
    kind: text,
    version: count,
    upstreams: upstreamStates,
    ejections: ejectionStates,
    rows: list(statusRow),
  }),
});

const keyedCount = record<{ key: string; count: number }>({
  key: matching("a whole number in text", (value) => /^\d{1,4}$/.test(String(value))),
  count: amount,
});

const peerCounters = record<PeerCounters>({
  key: text,
  active: count,
  requests: count,
  failedRequests: count,
  unavailableCount: count,
  unavailableForMs: amount,
  responses: list(amount, 6),
  headerTimeSumMs: amount,
  headerTimeCount: count,
  tally: record<ReturnType<PeerTally["counters"]>>({
    codes: list(keyedCount),
    times: list(keyedCount),
    timeSumsMs: list(amount),
    sentBytes: amount,
    receivedBytes: amount,
  }),
});

const http2Figures = record<Http2Figures>({
  connections: count,
  open: count,
  requests: count,
  streams: count,
  goaways: count,
  resetsReceived: list(count, resetNames.length),
  resetsSent: list(count, resetNames.length),
});

/** Messages from a worker. */
export const workerMessage = tagged("kind", {
  ready: record({ kind: text }),
  closed: record({ kind: text }),
  applied: record({ kind: text, version: count }),
  unreachable: record<UnreachableMessage>({ kind: text, upstream: text, id: count }),
  outlier: record<OutlierMessage>({ kind: text, upstream: text, id: count, reason: text }),
  counters: record<CountersMessage>({
    kind: text,
    clientAborts: count,
    cutResponses: count,
    statusClasses: list(amount, 6),
    connections: count,
    lostLogLines: count,
    listeners: list(record<ListenerCounters>({
      name: text,
      accepted: count,
      open: count,
      requests: count,
      tlsFailures: count,
      tlsHandshakes: count,
      http2: http2Figures,
      faults: list(record<{ name: string; count: number }>({ name: text, count })),
    })),
    upstreams: list(record<UpstreamCounters>({
      name: text,
      isWhole: flag,
      idle: count,
      retries: count,
      retriesDenied: count,
      http2: http2Figures,
      peers: list(peerCounters),
    })),
  }),
});
