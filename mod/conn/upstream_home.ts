import { defaultLimits, type MessageLimits } from "../http1/limits.ts";
import type { ResponseParser } from "../http1/response_parser.ts";
import type { Reactor, Socket } from "../net/reactor.ts";
import type { ClientConnection } from "./client_connection.ts";
import type { Scratch } from "./scratch.ts";

/** How connections to one peer are treated. Durations in milliseconds; 0 turns a deadline off. */
export interface UpstreamOptions {
  readonly limits: MessageLimits;
  readonly connectTimeoutMs: number;
  /** From the end of the request to the first byte of the response. */
  readonly firstByteTimeoutMs: number;
  /** Between two pieces of a response. */
  readonly responseTimeoutMs: number;
  /** How long an unused connection is kept; below the peer's own limit, or requests meet a FIN. */
  readonly idleTimeoutMs: number;
  /** Unused connections that are kept; 0: none. */
  readonly idleMax: number;
  /** Exchanges per connection; 0: no limit. */
  readonly exchangesMax: number;
}

export const defaultUpstreamOptions: UpstreamOptions = {
  limits: defaultLimits,
  connectTimeoutMs: 30_000,
  firstByteTimeoutMs: 30_000,
  responseTimeoutMs: 30_000,
  idleTimeoutMs: 2_000,
  idleMax: 512,
  exchangesMax: 0,
};

/** What the connections to one peer share; implemented by `KeepalivePool`. */
export interface UpstreamHome {
  readonly reactor: Reactor;
  readonly options: UpstreamOptions;
  readonly scratch: Scratch;
  readonly parser: ResponseParser;
  open(connection: ClientConnection): Socket;
  /** The same to the next address of the peer, after a failure to connect; null: that was the last. */
  reopen(connection: ClientConnection): Socket | null;
  /** Takes an unused connection back; false: there is no room for it. */
  keep(connection: ClientConnection): boolean;
  /** The connection is gone. */
  forget(connection: ClientConnection): void;
}
