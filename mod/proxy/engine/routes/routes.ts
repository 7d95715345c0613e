/** Routes: everything about a path that is known before a request arrives. */
import type { Exchange } from "../../../conn/exchange.ts";
import type { AccessLog } from "../../../log/mod.ts";
import type { FieldRule, Settings } from "../../plan/plan.ts";
import type { Router } from "../../routing/router.ts";
import type { ConnectionFacts } from "../clients/connection_facts.ts";
import type { RealIp } from "../clients/real_ip.ts";
import type { RequestIdRule } from "../clients/request_id.ts";
import type { Upstream } from "../forward/upstream.ts";
import type { RoutedRequest } from "../clients/routed_request.ts";

/** Answers requests of one path; a path's handlers are tried in order. */
export interface RouteHandler {
  /**
   * Returns true if it answers on `x`, now or later, and false to pass the request to the next
   * handler. Use the head of `request`: after an internal redirect the head of `x` is a different
   * one.
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
  /** Which peers are trusted to set the client address; null: none. */
  readonly realIp: RealIp | null;
  /** How requests get their ID; null: they get none. */
  readonly requestId: RequestIdRule | null;
  readonly responseRules: readonly FieldRule[];
  /** Responses need more than copying: rules, expires or compression. */
  readonly changesResponses: boolean;
}

/** A `proxy.reverse.url`, compiled for the data path. */
export interface ProxyRoute {
  readonly upstream: Upstream;
  /** Start of the target if something follows the prefix; `baseAlone` if nothing does. */
  readonly base: Uint8Array;
  readonly baseAlone: Uint8Array;
  /** Prefix and base path are both `/`: the target is forwarded unchanged. */
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
   * One route per upstream URL, indexed by `PeerPlan.origin`, if the URLs differ; the choice of the
   * peer decides which is used. Empty if all peers use the same.
   */
  readonly byOrigin: readonly ProxyRoute[];
}

/** Maps a Location that points into the upstream back to the client's view. */
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
  // The rest begins with its own slash.
  return { base: basePath.slice(0, -1), baseAlone: basePath };
}
