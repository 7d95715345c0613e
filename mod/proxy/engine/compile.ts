/** Compiles a checked plan into running upstreams and routes. */
import type { AccessLog } from "../../log/mod.ts";
import { PeerGroup } from "../balance/peer_group.ts";
import type {
  AccessLogPlan,
  FieldRule,
  HandlerPlan,
  HostPlan,
  ProxyHandlerPlan,
  ProxyPlan,
  RealIpPlan,
  Settings,
} from "../plan/plan.ts";
import type { OriginPlan } from "../plan/upstream_plan.ts";
import type { HostRoutes } from "../routing/router.ts";
import { ConstantBytes, latin1Bytes } from "../../http/mod.ts";
import type { StatusRow } from "../health/status_page.ts";
import type { Engine } from "./engine.ts";
import { compileHashKey } from "./forward/hash_key.ts";
import { joinBase, type Route, type RouteHandler } from "./routes/routes.ts";
import type { ProxyRoute } from "./forward/proxy_route.ts";
import {
  CheckStatusHandler,
  InternalRedirectHandler,
  RedirectHandler,
} from "./handlers/simple_handlers.ts";
import { HttpsRedirect } from "./handlers/https_redirect.ts";
import { RealIp } from "./clients/real_ip.ts";
import { RequestIdRule } from "./clients/request_id.ts";
import { StatusHandler } from "./handlers/status_handler.ts";
import { StaticHandler } from "./handlers/static_handler.ts";
import { Upstream } from "./forward/upstream.ts";
import { ProxyHandler } from "./handlers/proxy_handler.ts";

/** What the compiler needs from its caller. */
export interface CompileParts {
  readonly engine: Engine;
  /** One group per upstream of the plan, in the plan's order. */
  readonly groups: readonly PeerGroup[];
  /** Opens an access log, or returns the one that is already open. */
  openLog(log: AccessLogPlan): AccessLog;
  readonly generation: number | null;
  /** Rows of the `check_status` page. */
  checkRows(): { readonly rows: readonly StatusRow[]; readonly generation: number };
}

export class RouteCompiler {
  readonly plan: ProxyPlan;
  readonly parts: CompileParts;
  readonly #upstreams = new Map<string, Upstream>();
  readonly #realIps = new Map<RealIpPlan, RealIp>();

  constructor(plan: ProxyPlan, parts: CompileParts) {
    this.plan = plan;
    this.parts = parts;
  }

  /** Every upstream that a route uses. */
  get upstreams(): Iterable<Upstream> {
    return this.#upstreams.values();
  }

  /** Idle connections to all peers of the group. */
  idleCount(group: PeerGroup): number {
    let count = 0;
    for (const upstream of this.#upstreams.values()) {
      if (upstream.group === group) count += upstream.idleCount;
    }
    return count;
  }

  /** Routes of the hosts at these indexes of the plan, for a listener with or without TLS. */
  hosts(indexes: readonly number[], scheme: "http" | "https"): HostRoutes<Route>[] {
    return indexes.map((index) =>
      this.#host(this.plan.hosts[index], scheme === "https" ? null : httpsPort(this.plan, index))
    );
  }

  /** The route of requests that match no host. */
  unknown(handlers: readonly RouteHandler[]): Route {
    return { ...this.#route("", "", [], this.plan.settings, null), handlers };
  }

  /** `httpsPort`: where clients of plain HTTP find the host over TLS; null: they use TLS already. */
  #host(host: HostPlan, httpsPort: number | null): HostRoutes<Route> {
    return {
      name: host.name,
      port: host.port,
      strictMatch: host.strictMatch,
      mergesSlashes: host.settings.mergesSlashes,
      paths: host.paths.map((path) => ({
        prefix: path.prefix,
        leaf: this.#route(host.name, path.prefix, path.handlers, path.settings, httpsPort),
      })),
      fallback: this.#route(host.name, "", [], host.settings, httpsPort),
    };
  }

  #route(
    hostName: string,
    prefix: string,
    handlers: readonly HandlerPlan[],
    settings: Settings,
    httpsPort: number | null,
  ): Route {
    const own = handlers.map((handler) => this.#handler(handler, prefix, settings));
    const redirects = httpsPort !== null && settings.redirectsToHttps;
    const rules = responseRules(settings, httpsPort === null);
    return {
      hostName,
      prefix,
      handlers: redirects ? [new HttpsRedirect(this.parts.engine, httpsPort), ...own] : own,
      settings,
      logs: settings.accessLogs.map((log) => this.parts.openLog(log)),
      realIp: this.#realIp(settings.realIp),
      requestId: settings.requestId === null ? null : new RequestIdRule(settings.requestId),
      responseRules: rules,
      changesResponses: rules.length > 0 ||
        settings.expires !== null ||
        settings.compress !== null,
    };
  }

  /** One RealIp per directive, shared by all paths that inherit it. */
  #realIp(plan: RealIpPlan | null): RealIp | null {
    if (plan === null) return null;
    const known = this.#realIps.get(plan) ?? new RealIp(plan);
    this.#realIps.set(plan, known);
    return known;
  }

  #handler(plan: HandlerPlan, prefix: string, settings: Settings): RouteHandler {
    const { engine } = this.parts;
    switch (plan.kind) {
      case "proxy":
        return new ProxyHandler(engine, this.#proxyRoute(plan, prefix, settings));
      case "file":
        return new StaticHandler(engine, plan, settings.file, prefix);
      case "redirect":
        return plan.internal
          ? new InternalRedirectHandler(engine, plan.url, plan.status)
          : new RedirectHandler(engine, plan.url, plan.status);
      case "checkStatus":
        return new CheckStatusHandler(engine, plan.format, () => this.parts.checkRows());
      case "status":
        return new StatusHandler(engine, {
          generation: this.parts.generation,
          connectionCount: () => engine.connectionCount,
          connectionsMax: this.plan.global.connectionsMax,
          workers: this.plan.global.workers,
        });
    }
  }

  #proxyRoute(plan: ProxyHandlerPlan, prefix: string, settings: Settings): ProxyRoute {
    const { global } = this.plan;
    const { proxy } = settings;
    const upstream = this.#upstream(plan.upstream, settings);
    const { scheme } = upstream.plan;
    const { authority, basePath } = plan;
    const byOrigin: ProxyRoute[] = [];
    const common = {
      upstream,
      preserveHost: proxy.preserveHost,
      emitForwarded: global.emitForwardedFields,
      preserveForwardedProto: global.preserveForwardedProto,
      emitVia: global.emitVia,
      tunnel: proxy.tunnel,
      tunnelTimeoutMs: proxy.tunnelTimeoutMs,
      keepsConnections: upstream.keepsConnections,
      requestRules: settings.requestRules,
      byOrigin,
    };
    for (const origin of plan.origins ?? []) {
      byOrigin.push({ ...common, ...originParts(prefix, origin) });
    }
    return { ...common, ...originParts(prefix, { scheme, authority, basePath }) };
  }

  /** Paths with the same timeouts, TLS trust and HTTP/2 settings share an upstream's connections. */
  #upstream(index: number, { proxy }: Settings): Upstream {
    const { connectTimeoutMs, firstByteTimeoutMs, ioTimeoutMs } = proxy;
    const { proxyProtocol, tlsVerify, tlsCaFile } = proxy;
    const { http2Ratio, http2StreamsMax, http2Cleartext } = proxy;
    const key = [
      ...[index, connectTimeoutMs, firstByteTimeoutMs, ioTimeoutMs, proxyProtocol, tlsVerify],
      ...[http2Ratio, http2StreamsMax, http2Cleartext, tlsCaFile ?? ""],
    ].join(" ");
    let upstream = this.#upstreams.get(key);
    if (upstream === undefined) {
      const group = this.parts.groups[index];
      const { balance } = group.plan;
      const hashKey = balance.kind === "hash" ? compileHashKey(balance.key) : null;
      upstream = new Upstream(group, proxy, this.parts.engine, hashKey);
      this.#upstreams.set(key, upstream);
    }
    return upstream;
  }
}

/** `hsts` comes first, so that `header.*` may change it; it is for TLS alone (RFC 6797 7.2). */
function responseRules({ hsts, responseRules }: Settings, isSecure: boolean): readonly FieldRule[] {
  if (hsts === null || !isSecure) return responseRules;
  const name = "strict-transport-security";
  return [{ action: "set", names: [name], name, value: hsts }, ...responseRules];
}

/**
 * Port of TLS of the host at this index, as clients know it: 443, unless only others are listened on
 * to which 443 is not forwarded (`acme.tls-port`).
 */
function httpsPort({ listeners, global }: ProxyPlan, host: number): number {
  const ports: number[] = [];
  for (const { address, tls, hosts } of listeners) {
    if (address.kind === "tcp" && tls !== null && hosts.includes(host)) ports.push(address.port);
  }
  const forwarded = global.acme?.tlsPort ?? 443;
  return ports.length === 0 || ports.includes(443) || ports.includes(forwarded) ? 443 : ports[0];
}

/** No URL can hold `[unix:/path]`, so servers answer it with 400. nginx sends localhost, too. */
function isUnix(authority: string): boolean {
  return authority.startsWith("[unix:");
}

/** The parts of a route that depend on the upstream URL. */
function originParts(prefix: string, { scheme, authority, basePath }: OriginPlan) {
  const { base, baseAlone } = joinBase(prefix, basePath);
  const host = authority.toLowerCase();
  return {
    base: latin1Bytes(base),
    baseAlone: latin1Bytes(baseAlone),
    keepsTarget: prefix === "/" && basePath === "/",
    hostLine: new ConstantBytes(`host: ${isUnix(authority) ? "localhost" : authority}\r\n`),
    authority,
    rewrite: {
      hostPort: /:[0-9]+$/.test(host) ? host : `${host}:${scheme === "https" ? 443 : 80}`,
      basePath,
      prefix,
    },
  };
}
