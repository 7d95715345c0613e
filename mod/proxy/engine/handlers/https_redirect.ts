import type { Exchange } from "../../../conn/exchange/exchange.ts";
import { Method } from "../../../http/mod.ts";
import type { ConnectionFacts } from "../clients/connection_facts.ts";
import type { RoutedRequest } from "../clients/routed_request.ts";
import { answer, textPlain } from "../responses/answers.ts";
import type { EngineContext } from "../routes/engine_context.ts";
import type { Route, RouteHandler } from "../routes/routes.ts";
import type { Router } from "../../routing/router.ts";

/** A token of RFC 8555 8.3, whose challenge a CA asks for over plain HTTP. */
const challengePath = /^\/\.well-known\/acme-challenge\/[\w-]+$/;

/**
 * `redirect-to-https`: sends clients of plain HTTP to the same URL with https. Challenges of ACME go
 * to the next handler, as do requests that came over TLS to a trusted proxy.
 */
export class HttpsRedirect implements RouteHandler {
  readonly engine: EngineContext;
  readonly #port: string;

  /** `port`: of the listener with TLS. */
  constructor(engine: EngineContext, port: number) {
    this.engine = engine;
    this.#port = port === 443 ? "" : `:${port}`;
  }

  handle(
    exchange: Exchange,
    _request: RoutedRequest,
    route: Route,
    _router: Router<Route>,
    facts: ConnectionFacts,
  ): boolean {
    // An error document is fetched by the proxy itself.
    if (facts.scheme === "https" || facts.errorStatus !== 0) return false;
    // After an internal redirect too, the client must see the URL that it asked for.
    const { head } = exchange;
    const path = head.pathText();
    if (challengePath.test(path)) return false;
    const host = head.hostText().replace(/:[0-9]*$/, "");
    if (host === "") {
      this.engine.answerError(exchange, route, 400, "no host to redirect to");
      return true;
    }
    // 301 would make a GET of other methods (RFC 9110 15.4.2).
    const status = head.method === Method.get || head.method === Method.head ? 301 : 308;
    const location = `https://${host}${this.#port}${path}`;
    const fields = [{ name: "Location", value: location }, textPlain];
    exchange.declineBody();
    answer(exchange, route, this.engine.serverFields, status, fields, "use https\n");
    this.engine.logAccess(exchange, status, "");
    return true;
  }
}
