/** `proxy.reverse.url`: forwards the request to an upstream. */
import type { Exchange } from "../../../conn/exchange/exchange.ts";
import type { Router } from "../../routing/router.ts";
import type { ConnectionFacts } from "../clients/connection_facts.ts";
import type { ProxiedExchange } from "../forward/proxied_exchange.ts";
import type { RoutedRequest } from "../clients/routed_request.ts";
import type { Route, RouteHandler } from "../routes/routes.ts";
import type { ProxyRoute } from "../forward/proxy_route.ts";

/** Where exchanges to forward come from. */
export interface ProxiedExchanges {
  /** Returns an exchange that is free. */
  proxied(): ProxiedExchange;
}

export class ProxyHandler implements RouteHandler {
  readonly engine: ProxiedExchanges;
  readonly proxy: ProxyRoute;

  constructor(engine: ProxiedExchanges, proxy: ProxyRoute) {
    this.engine = engine;
    this.proxy = proxy;
  }

  handle(
    exchange: Exchange,
    request: RoutedRequest,
    route: Route,
    router: Router<Route>,
    facts: ConnectionFacts,
  ): boolean {
    this.engine.proxied().start(exchange, request, route, this.proxy, router, facts);
    return true;
  }
}
