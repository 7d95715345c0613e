/** What happened on HTTP/2 connections, those of clients or those to an upstream, as plain numbers. */
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
  /** Connections that were established, and those that are open. */
  readonly connections: number;
  readonly open: number;
  readonly requests: number;
  /** Streams that are open. */
  readonly streams: number;
  /** GOAWAYs of the server, whichever side we are, for whatever reason. */
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

  /** Sets to 0 what has happened so far; what is open stays. */
  clear(): void {
    this.connections = this.requests = this.goaways = 0;
    this.resetsReceived.fill(0);
    this.resetsSent.fill(0);
  }

  /** Takes over what other processes have counted together. */
  assign(all: readonly Http2Figures[]): void {
    this.clear();
    this.open = this.streams = 0;
    for (const figures of all) this.add(figures);
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

  /** Whether there has been any. */
  get isUsed(): boolean {
    return this.connections > 0 || this.open > 0;
  }

  /** Text that differs whenever a number differs. */
  text(): string {
    return JSON.stringify(this);
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
