/** What happened on the HTTP/2 connections of a server, as plain numbers. */
import { errorName } from "../../http2/mod.ts";

/** Codes of RFC 9113 7; larger ones count as the first. */
const codesMax = 14;

/** The names of the codes that resets are counted by. */
export const resetNames: readonly string[] = Array.from(
  { length: codesMax },
  (_, code) => errorName(code),
);

/** The counters as JSON. */
export interface Http2Figures {
  /** Connections that were accepted, and those that are open. */
  readonly connections: number;
  readonly open: number;
  readonly requests: number;
  /** Streams that are open. */
  readonly streams: number;
  /** Connections that were sent GOAWAY, for whatever reason. */
  readonly goaways: number;
  /** RST_STREAM by code. */
  readonly resetsReceived: readonly number[];
  readonly resetsSent: readonly number[];
}

export class Http2Counters implements Http2Figures {
  connections = 0;
  open = 0;
  requests = 0;
  streams = 0;
  goaways = 0;
  readonly resetsReceived: number[] = new Array(codesMax).fill(0);
  readonly resetsSent: number[] = new Array(codesMax).fill(0);

  noteReset(code: number, byPeer: boolean): void {
    const counts = byPeer ? this.resetsReceived : this.resetsSent;
    counts[code < codesMax ? code : 0]++;
  }

  /** Adds what another process has counted. */
  add(other: Http2Figures): void {
    this.connections += other.connections;
    this.open += other.open;
    this.requests += other.requests;
    this.streams += other.streams;
    this.goaways += other.goaways;
    for (let code = 0; code < codesMax; code++) {
      this.resetsReceived[code] += other.resetsReceived[code];
      this.resetsSent[code] += other.resetsSent[code];
    }
  }

  /** A copy. */
  figures(): Http2Figures {
    const { connections, open, requests, streams, goaways } = this;
    return {
      connections,
      open,
      requests,
      streams,
      goaways,
      resetsReceived: [...this.resetsReceived],
      resetsSent: [...this.resetsSent],
    };
  }
}
