import { version } from "../../base/version.ts";
import { defaultHttp2Options, type Http2Options } from "./http2_options.ts";
import { defaultLimits, type MessageLimits } from "../../http1/limits.ts";
import { serverTimeouts } from "./timeouts.ts";

/** The Server field of every response, with its CRLF. The same as the proxy's default. */
export const serverField = `Server: hayate/${version}\r\n`;

/** Options of a server. Timeouts in milliseconds; 0 disables one. */
export interface ServerOptions {
  readonly limits: MessageLimits;
  /** From the first byte of a request to the end of its head; then 408. */
  readonly headTimeoutMs: number;
  /** Between two reads of a request body; then 408. */
  readonly bodyTimeoutMs: number;
  /** Between two requests of a connection. */
  readonly idleTimeoutMs: number;
  /** How long queued output may make no progress; then the connection is reset. */
  readonly writeTimeoutMs: number;
  /** Requests per connection before it is closed; 0: no limit. */
  readonly requestsMax: number;
  /** How long idle connections stay open after a drain has begun. */
  readonly drainIdleMs: number;
  /**
   * False: a FIN before the response is complete aborts the exchange, as in nginx, node and hyper,
   * because clients usually close both directions at once. True: the client may still be reading
   * (RFC 9112 9.6), and gets its responses.
   */
  readonly allowHalfOpen: boolean;
  /** null: HTTP/1 only. */
  readonly http2: Http2Options | null;
}

export const defaultServerOptions: ServerOptions = {
  limits: defaultLimits,
  ...serverTimeouts,
  requestsMax: 0,
  allowHalfOpen: false,
  http2: defaultHttp2Options,
};
