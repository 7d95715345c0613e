/** The default timeouts of connections, in milliseconds. Every mode takes its defaults from here. */

/** For connections of clients; the fields are those of `ServerOptions`. */
export const serverTimeouts = {
  headTimeoutMs: 10_000,
  bodyTimeoutMs: 30_000,
  idleTimeoutMs: 60_000,
  writeTimeoutMs: 60_000,
  drainIdleMs: 1_000,
} as const;

/** For connections to upstreams; the fields are those of `UpstreamOptions`. */
export const upstreamTimeouts = {
  connectTimeoutMs: 30_000,
  firstByteTimeoutMs: 30_000,
  responseTimeoutMs: 30_000,
  /** As in h2o, whose peers are given by URL. */
  idleTimeoutMs: 2_000,
} as const;

/** Idle time of connections to the peers of a named upstream: as nginx's `keepalive_timeout`. */
export const namedUpstreamIdleTimeoutMs = 60_000;
