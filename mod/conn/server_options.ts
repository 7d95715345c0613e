import { version } from "../base/version.ts";
import { defaultLimits, type MessageLimits } from "../http1/limits.ts";

/** The field that every answer carries, with its line end. */
export const serverField = `Server: hayate/${version}\r\n`;

/** How a server treats its connections. Durations in milliseconds; 0 turns a deadline off. */
export interface ServerOptions {
  readonly limits: MessageLimits;
  /** From the first byte of a request to the end of its head. Late: 408. */
  readonly headTimeoutMs: number;
  /** Between two pieces of a request body. Late: 408. */
  readonly bodyTimeoutMs: number;
  /** Between two requests of a connection. */
  readonly idleTimeoutMs: number;
  /** For a client to take some of the output that waits for it. Late: reset. */
  readonly writeTimeoutMs: number;
  /** Requests per connection, then it is closed; 0: no limit. */
  readonly requestsMax: number;
  /** How long connections without a request stay open once a drain has begun. */
  readonly drainIdleMs: number;
  /**
   * False: a FIN before the response is complete means that the client has left, and the exchange is
   * aborted, as nginx, node and hyper do; clients in the field close both directions at once. True: it
   * may still read (RFC 9112 9.6), and gets its answers.
   */
  readonly allowHalfOpen: boolean;
}

export const defaultServerOptions: ServerOptions = {
  limits: defaultLimits,
  headTimeoutMs: 10_000,
  bodyTimeoutMs: 30_000,
  idleTimeoutMs: 60_000,
  writeTimeoutMs: 60_000,
  requestsMax: 0,
  drainIdleMs: 1_000,
  allowHalfOpen: false,
};
