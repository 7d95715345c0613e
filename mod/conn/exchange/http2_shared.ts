import { HeadSpace, type SessionOptions } from "../../http2/mod.ts";
import type { QueuedTotal } from "./http2_queued_output.ts";
import { Http2Counters } from "./http2_counters.ts";
import type { ServerOptions } from "./server_options.ts";
import { type Http2Options, sessionOptionsOf } from "./http2_options.ts";

/**
 * A sec-websocket-key, which must be random (RFC 6455 4.1). Only a client of HTTP/1 checks what the
 * server makes of it.
 */
function randomKey(): string {
  return btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(16))));
}

/** What the HTTP/2 connections of a server share. */
export class Http2Shared {
  readonly options: Http2Options;
  readonly sessionOptions: SessionOptions;
  /** Milliseconds; Infinity: none. */
  readonly idleMs: number;
  /** May be shared with other servers. */
  counters = new Http2Counters();
  /** Response bytes that the streams of all connections have queued. */
  readonly queuedTotal: QueuedTotal = { bytes: 0 };
  #space: HeadSpace | null = null;

  constructor(options: Http2Options, server: ServerOptions) {
    this.options = options;
    this.sessionOptions = sessionOptionsOf(options, server.limits);
    this.idleMs = (options.idleTimeoutMs ?? server.idleTimeoutMs) || Infinity;
  }

  /** Made with the first connection: most servers for status pages never have one. */
  get space(): HeadSpace {
    const { limits, tableBytesMax } = this.sessionOptions;
    return this.#space ??= new HeadSpace(limits, tableBytesMax, randomKey);
  }
}
