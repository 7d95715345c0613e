/** What a proxied exchange needs of the engine that it runs in. */
import type { Exchange } from "../../conn/exchange.ts";
import type { Reactor } from "../../net/reactor.ts";
import type { Peer } from "../balance/peer.ts";
import type { EngineMetrics } from "./engine_metrics.ts";
import type { ProxiedExchange } from "./forward/proxied_exchange.ts";
import type { RoutedRequest } from "./routed_request.ts";
import type { Route } from "./routes.ts";
import type { Field } from "./fields/field_rules.ts";
import type { ServerFields } from "./fields/server_fields.ts";

export interface EngineHome {
  readonly reactor: Reactor;
  readonly serverFields: ServerFields;
  readonly metrics: EngineMetrics;
  /** Upgraded connections; they outlive their exchanges. */
  readonly tunnels: Set<{ close(): void }>;
  readonly requestBodyBytesMax: number;
  /** Clients get the 1xx responses of upstreams. */
  readonly sendsInformational: boolean;
  /** The exchange is over with this status; `error` is "" when all went well. */
  logAccess(x: Exchange, status: number, error: string): void;
  logUpstreamFailure(peer: Peer, reason: string): void;
  /** Passive failures have taken the peer out. */
  logDisabled(peer: Peer): void;
  logNoLive(upstream: string): void;
  logError(message: string): void;
  /**
   * Routes the request again, with another target; as a GET without body unless it keeps its method.
   * Only from within a handler, where the request is valid.
   */
  redispatch(x: Exchange, request: RoutedRequest, target: string, keepsMethod: boolean): void;
  /** Answers with an error page, and logs the access. */
  answerError(x: Exchange, route: Route, status: number, reason: string): void;
  /**
   * Answers with the document that the route has for this error, under the error's status. `fields`
   * are the error's own.
   */
  answerDocument(x: Exchange, route: Route, status: number, fields: readonly Field[]): void;
  /** The object is free for another exchange. */
  recycle(exchange: ProxiedExchange): void;
}
