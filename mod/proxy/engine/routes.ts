/** What the router leads to: everything about a path that can be known before a request comes. */
import type { Exchange } from "../../conn/exchange.ts";
import type { AccessLog } from "../../log/mod.ts";
import type { FieldRule, Settings } from "../plan.ts";
import type { Router } from "../routing/router.ts";
import type { ConnectionFacts } from "./clients/connection_facts.ts";
import type { RealIp } from "./clients/real_ip.ts";
import type { RequestIdRule } from "./clients/request_id.ts";
import type { Upstream } from "./forward/upstream.ts";
import type { RoutedRequest } from "./routed_request.ts";

/** Answers requests of one path; handlers of a path are tried in turn. */
export interface RouteHandler {
  /**
   * True when it answers on `x`, now or later; false passes the request on to the next one. What is
   * asked is `request`: the head of `x` may be another one's.
   */
  handle(
    x: Exchange,
    request: RoutedRequest,
    route: Route,
    router: Router<Route>,
    facts: ConnectionFacts,
  ): boolean;
}

export interface Route {
  /** The configured host, for logs. */
  readonly hostName: string;
  /** The matched prefix; "" where no path matched. */
  readonly prefix: string;
  readonly handlers: readonly RouteHandler[];
  readonly settings: Settings;
  readonly logs: readonly AccessLog[];
  /** Whose word counts about where requests come from; null: nobody's. */
  readonly realIp: RealIp | null;
  /** Requests get a name; null: they get none. */
  readonly requestId: RequestIdRule | null;
  readonly responseRules: readonly FieldRule[];
  /** Responses need more than copying: rules, expires, compression. */
  readonly changesResponses: boolean;
}

/** A `proxy.reverse.url` in the form that the data path wants. */
export interface ProxyRoute {
  readonly upstream: Upstream;
  /** The target's start when something follows the prefix, and when nothing does. */
  readonly base: Uint8Array;
  readonly baseAlone: Uint8Array;
  /** Prefix and base path are both `/`: a target goes on as it came. */
  readonly keepsTarget: boolean;
  /** `host: AUTHORITY CRLF`. */
  readonly hostLine: Uint8Array;
  readonly authority: string;
  readonly preserveHost: boolean;
  readonly emitForwarded: boolean;
  readonly preserveForwardedProto: boolean;
  readonly emitVia: boolean;
  readonly tunnel: boolean;
  readonly tunnelTimeoutMs: number;
  readonly keepsConnections: boolean;
  readonly requestRules: readonly FieldRule[];
  readonly rewrite: LocationRewrite;
  /**
   * The route of each URL, by `PeerPlan.origin`, where they differ: which of them a request takes is
   * known with its peer. Empty where all peers get the same.
   */
  readonly byOrigin: readonly ProxyRoute[];
}

/** A Location that points into the upstream is turned back into the client's view. */
export interface LocationRewrite {
  /** Lower-case host of the upstream's URL with its port, as `host:port`. */
  readonly hostPort: string;
  readonly basePath: string;
  readonly prefix: string;
}

/** The first part of the target: h2o joins base and rest with exactly one slash. */
export function joinBase(prefix: string, basePath: string): { base: string; baseAlone: string } {
  const prefixEnds = prefix.endsWith("/");
  const baseEnds = basePath.endsWith("/");
  if (prefixEnds === baseEnds) return { base: basePath, baseAlone: basePath };
  if (prefixEnds) return { base: `${basePath}/`, baseAlone: `${basePath}/` };
  // The rest begins with a slash of its own.
  return { base: basePath.slice(0, -1), baseAlone: basePath };
}
