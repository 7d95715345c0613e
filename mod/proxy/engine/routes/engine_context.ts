/** What the handlers of a request need from the engine. */
import type { SendInformational } from "../../plan/plan.ts";
import type { Exchange } from "../../../conn/exchange/exchange.ts";
import type { Reactor } from "../../../net/reactor.ts";
import type { Peer } from "../../balance/peer.ts";
import type { EngineMetrics } from "../records/engine_metrics.ts";
import type { RoutedRequest } from "../clients/routed_request.ts";
import type { Route } from "./routes.ts";
import type { Field } from "../fields/field_rules.ts";
import type { ServerFields } from "../fields/server_fields.ts";

export interface EngineContext {
  readonly reactor: Reactor;
  readonly serverFields: ServerFields;
  readonly metrics: EngineMetrics;
  /** Upgraded connections; they outlive their exchanges. */
  readonly tunnels: Set<{ close(): void }>;
  readonly requestBodyBytesMax: number;
  /** Which clients get the 1xx responses of upstreams. */
  readonly sendInformational: SendInformational;
  /** Logs the end of the exchange with this status; `error` is "" on success. */
  logAccess(exchange: Exchange, status: number, error: string): void;
  logUpstreamFailure(peer: Peer, reason: string): void;
  /** Logs that passive failures have disabled the peer. */
  logDisabled(peer: Peer): void;
  logNoLive(upstream: string): void;
  logError(message: string): void;
  /**
   * Routes the request again with another target; without `keepsMethod` as a GET with no body. Call
   * it only from within a handler, while the request is valid.
   */
  redispatch(
    exchange: Exchange,
    request: RoutedRequest,
    target: string,
    keepsMethod: boolean,
  ): void;
  /** Answers with an error page and logs the access. */
  answerError(exchange: Exchange, route: Route, status: number, reason: string): void;
  /**
   * Answers with the document that the route configures for this error, under the error's status.
   * `fields` are those of the error response.
   */
  answerDocument(exchange: Exchange, route: Route, status: number, fields: readonly Field[]): void;
}
