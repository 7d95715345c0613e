/** `proxy.reverse.url`: forwards the request to an upstream. */
import type { Exchange } from "../../../conn/exchange.ts";
import type { Router } from "../../routing/router.ts";
import type { ConnectionFacts } from "../clients/connection_facts.ts";
import type { Engine } from "../engine.ts";
import type { RoutedRequest } from "../clients/routed_request.ts";
import type { ProxyRoute, Route, RouteHandler } from "../routes/routes.ts";

export class ProxyHandler implements RouteHandler {
  readonly engine: Engine;
  readonly proxy: ProxyRoute;

  constructor(engine: Engine, proxy: ProxyRoute) {
    this.engine = engine;
    this.proxy = proxy;
  }

  handle(
    x: Exchange,
    request: RoutedRequest,
    route: Route,
    router: Router<Route>,
    facts: ConnectionFacts,
  ): boolean {
    this.engine.proxied().start(x, request, route, this.proxy, router, facts);
    return true;
  }
}
