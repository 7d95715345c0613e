/** Handlers that respond at once: redirects and Tengine's status page. */
import type { Exchange } from "../../../conn/exchange/exchange.ts";
import { Method } from "../../../http/mod.ts";
import { latin1 } from "../../../http/mod.ts";
import type { CheckStatusFormat } from "../../plan/plan.ts";
import { renderStatus, type StatusRow } from "../../health/status_page.ts";
import type { Router } from "../../routing/router.ts";
import type { ConnectionFacts } from "../clients/connection_facts.ts";
import { answer, textHtml } from "../responses/answers.ts";
import type { EngineContext } from "../routes/engine_context.ts";
import type { RoutedRequest } from "../clients/routed_request.ts";
import { joinBase, type Route, type RouteHandler } from "../routes/routes.ts";

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}

/** Appends the request's remaining path and query to a handler's URL. */
export function destination(
  url: string,
  { head }: RoutedRequest,
  route: Route,
  router: Router<Route>,
): string {
  const rest = latin1(router.restBytes, router.restStart, router.restEnd);
  const query = latin1(head.bytes, router.queryStart, router.queryEnd);
  const { base, baseAlone } = joinBase(route.prefix, url);
  return `${rest === "" ? baseAlone : base}${rest}${query}`;
}

/**
 * Keeps a Location on the configured host: `/to//evil.test` must not become `//evil.test`, which
 * names another host (RFC 3986 section 4.2; browsers read `\\` as `/`).
 */
function ownLocation(url: string, location: string): string {
  const namesHost = /^\/[/\\]/;
  return namesHost.test(url) ? location : location.replace(/^\/[/\\]+/, "/");
}

/**
 * Follows a redirect to a path of this host for the client, if the request was redirected internally
 * before: the client must not see a path that it never asked for. h2o does the same. False: the
 * client gets the redirect.
 */
export function followsInside(
  exchange: Exchange,
  engine: EngineContext,
  request: RoutedRequest,
  status: number,
  location: string,
): boolean {
  const facts = exchange.keptContext as ConnectionFacts;
  if (facts.redispatchCount === 0 || !/^\/(?![/\\])/.test(location)) return false;
  engine.redispatch(exchange, request, location, keepsMethod(status));
  return true;
}

/** 307 and 308 keep method and body; with any other status a request becomes a GET (RFC 9110 15.4). */
function keepsMethod(status: number): boolean {
  return status === 307 || status === 308;
}

/** `redirect`: appends the rest of the path and the query, as h2o does. */
export class RedirectHandler implements RouteHandler {
  readonly engine: EngineContext;
  readonly url: string;
  readonly status: number;

  constructor(engine: EngineContext, url: string, status: number) {
    this.engine = engine;
    this.url = url;
    this.status = status;
  }

  handle(exchange: Exchange, request: RoutedRequest, route: Route, router: Router<Route>): boolean {
    const location = ownLocation(this.url, destination(this.url, request, route, router));
    if (followsInside(exchange, this.engine, request, this.status, location)) return true;
    const href = escapeHtml(location);
    const body =
      `<!DOCTYPE html><TITLE>Moved</TITLE><P>The document has moved <A HREF="${href}">here</A>`;
    const fields = [{ name: "Location", value: location }, textHtml];
    answer(exchange, route, this.engine.serverFields, this.status, fields, body, "Redirected");
    this.engine.logAccess(exchange, this.status, "");
    return true;
  }
}

/**
 * `redirect` with `internal: ON`: answers the request as if it had been for another path. As in
 * h2o, it keeps its method and body with status 307 or 308, and otherwise becomes a GET without a
 * body.
 */
export class InternalRedirectHandler implements RouteHandler {
  readonly engine: EngineContext;
  readonly url: string;
  readonly keepsMethod: boolean;

  constructor(engine: EngineContext, url: string, status: number) {
    this.engine = engine;
    this.url = url;
    this.keepsMethod = keepsMethod(status);
  }

  handle(exchange: Exchange, request: RoutedRequest, route: Route, router: Router<Route>): boolean {
    const target = destination(this.url, request, route, router);
    this.engine.redispatch(exchange, request, target, this.keepsMethod);
    return true;
  }
}

/** Tengine's `check_status`. */
export class CheckStatusHandler implements RouteHandler {
  readonly engine: EngineContext;
  readonly format: CheckStatusFormat;
  readonly rows: () => { readonly rows: readonly StatusRow[]; readonly generation: number };

  constructor(
    engine: EngineContext,
    format: CheckStatusFormat,
    rows: () => { readonly rows: readonly StatusRow[]; readonly generation: number },
  ) {
    this.engine = engine;
    this.format = format;
    this.rows = rows;
  }

  handle(
    exchange: Exchange,
    { head }: RoutedRequest,
    route: Route,
    router: Router<Route>,
  ): boolean {
    const { method } = head;
    if (method !== Method.get && method !== Method.head) {
      this.engine.answerError(exchange, route, 405, "method not allowed");
      return true;
    }
    const query = latin1(head.bytes, router.queryStart, router.queryEnd).replace(/^\?/, "");
    const { rows, generation } = this.rows();
    const page = renderStatus(rows, generation, query, this.format);
    for (const complaint of page.complaints) this.engine.logError(complaint);
    const fields = [{ name: "Content-Type", value: page.contentType }];
    answer(exchange, route, this.engine.serverFields, 200, fields, page.body);
    this.engine.logAccess(exchange, 200, "");
    return true;
  }
}
