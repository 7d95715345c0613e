/** Routes: everything about a path that is known before a request arrives. */
import type { Exchange } from "../../../conn/exchange/exchange.ts";
import type { AccessLog } from "../../../log/mod.ts";
import type { FieldRule, Settings } from "../../plan/plan.ts";
import type { Router } from "../../routing/router.ts";
import type { ConnectionFacts } from "../clients/connection_facts.ts";
import type { IdentityRules } from "../clients/identify.ts";
import type { RoutedRequest } from "../clients/routed_request.ts";

/** Answers requests of one path; a path's handlers are tried in order. */
export interface RouteHandler {
  /**
   * Returns true if it answers on `exchange`, now or later, and false to pass the request to the next
   * handler. Use the head of `request`: after an internal redirect the head of `exchange` is a different
   * one.
   */
  handle(
    exchange: Exchange,
    request: RoutedRequest,
    route: Route,
    router: Router<Route>,
    facts: ConnectionFacts,
  ): boolean;
}

export interface Route extends IdentityRules {
  /** The configured host, for logs. */
  readonly hostName: string;
  /** The matched prefix; "" where no path matched. */
  readonly prefix: string;
  readonly handlers: readonly RouteHandler[];
  readonly settings: Settings;
  readonly logs: readonly AccessLog[];
  readonly responseRules: readonly FieldRule[];
  /** Responses need more than copying: rules, expires or compression. */
  readonly changesResponses: boolean;
}

/** The first part of the target: h2o joins base and rest with exactly one slash. */
export function joinBase(prefix: string, basePath: string): { base: string; baseAlone: string } {
  const prefixEnds = prefix.endsWith("/");
  const baseEnds = basePath.endsWith("/");
  if (prefixEnds === baseEnds) return { base: basePath, baseAlone: basePath };
  if (prefixEnds) return { base: `${basePath}/`, baseAlone: `${basePath}/` };
  // The rest begins with its own slash.
  return { base: basePath.slice(0, -1), baseAlone: basePath };
}
