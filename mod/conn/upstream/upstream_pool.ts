import { defaultLimits, type MessageLimits } from "../../http1/limits.ts";
import type { ResponseParser } from "../../http1/response_parser.ts";
import type { Reactor, Socket } from "../../net/reactor.ts";
import type { UpstreamConnection } from "./upstream_connection.ts";
import type { Scratch } from "../io/scratch.ts";
import { upstreamTimeouts } from "../exchange/timeouts.ts";

/** Options of the connections to a peer. Timeouts in milliseconds; 0 disables one. */
export interface UpstreamOptions {
  readonly limits: MessageLimits;
  readonly connectTimeoutMs: number;
  /** From the end of the request to the first byte of the response. */
  readonly firstByteTimeoutMs: number;
  /** Between two reads of a response. */
  readonly responseTimeoutMs: number;
  /** How long an idle connection is kept; below the peer's own limit, or requests meet a FIN. */
  readonly idleTimeoutMs: number;
  /** Maximum number of idle connections; 0: none. */
  readonly idleMax: number;
  /** Exchanges per connection; 0: no limit. */
  readonly exchangesMax: number;
}

export const defaultUpstreamOptions: UpstreamOptions = {
  limits: defaultLimits,
  ...upstreamTimeouts,
  idleMax: 512,
  exchangesMax: 0,
};

/** Shared by the connections to one peer; implemented by `KeepalivePool`. */
export interface UpstreamPool {
  readonly reactor: Reactor;
  readonly options: UpstreamOptions;
  readonly scratch: Scratch;
  readonly parser: ResponseParser;
  open(connection: UpstreamConnection): Socket;
  /** Opens a socket to the peer's next address after a failed connect; null: there is no other. */
  reopen(connection: UpstreamConnection): Socket | null;
  /** Keeps an idle connection; false: the pool is full. */
  keep(connection: UpstreamConnection): boolean;
  /** Called when the connection is closed. */
  forget(connection: UpstreamConnection): void;
}
