/** Serves the control listener: `/api/`, `/metrics`, `/hayate/` and `/hayate/status.json`. */
import { isTokenGiven, tokenChallenges } from "../../conn/accept/access_token.ts";
import type { Exchange } from "../../conn/exchange/exchange.ts";
import { latin1 } from "../../http/mod.ts";
import { answerProbe } from "../../probes/health.ts";
import type { ControlPlan } from "../plan/plan.ts";
import { answer, textHtml, textPlain } from "../engine/responses/answers.ts";
import type { EngineContext } from "../engine/routes/engine_context.ts";
import type { ExchangeState } from "../engine/routes/exchange_state.ts";
import type { Field } from "../engine/fields/field_rules.ts";
import type { RoutedRequest } from "../engine/clients/routed_request.ts";
import type { Route, RouteHandler } from "../engine/routes/routes.ts";
import { answerApi, type ApiRequest } from "./api.ts";
import type { AdminApi } from "./admin_api.ts";
import { renderMetrics } from "./metrics_text.ts";
import { chooseMetricsFormat, metricsContentTypes } from "../../metrics/metrics_writer.ts";
import { overview } from "./overview.ts";
import { controlPage } from "./page.ts";
import { requesterOf } from "./requester.ts";

const bodyBytesMax = 65_536;
const jsonType: Field = { name: "Content-Type", value: "application/json" };
/** The page loads no external resources and may not be framed. */
const pagePolicy: Field = {
  name: "Content-Security-Policy",
  value: "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; " +
    "connect-src 'self'; frame-ancestors 'none'",
};
const challenges: readonly Field[] = tokenChallenges.map((value) => ({
  name: "WWW-Authenticate",
  value,
}));
const noStore: Field = { name: "Cache-Control", value: "no-store" };

export class ControlHandler implements RouteHandler {
  readonly #engine: EngineContext;
  readonly #admin: AdminApi;
  readonly #plan: ControlPlan;

  constructor(engine: EngineContext, admin: AdminApi, plan: ControlPlan) {
    this.#engine = engine;
    this.#admin = admin;
    this.#plan = plan;
  }

  handle(exchange: Exchange, { head }: RoutedRequest, route: Route): boolean {
    // Probes have no token, and learn nothing that needs one.
    if (answerProbe(exchange, this.#admin)) return true;
    const [path, query = ""] = head.pathText().split("?", 2);
    const { token } = this.#plan;
    if (token !== null && !isTokenGiven(head.field("authorization"), token)) {
      const fields = [textPlain, ...challenges];
      answer(exchange, route, this.#engine.serverFields, 401, fields, "a token is needed\n");
      return true;
    }
    if (!isOwnOrigin(head.field("origin"), head.hostText())) {
      const reason = "a page of another origin must not ask\n";
      answer(exchange, route, this.#engine.serverFields, 403, [textPlain], reason);
      return true;
    }
    const method = head.methodText();
    if (path === "/api" || path.startsWith("/api/")) {
      const who = requesterOf(exchange.connection, head.field("authorization"));
      const request = { method, path: path.slice(4), query, who };
      const finish = (body: string) => this.#answerApi(exchange, route, { ...request, body });
      if (!exchange.hasRequestBody) finish("");
      else exchange.context = new BodyReader(this.#engine, route, finish);
      return true;
    }
    const page = this.#page(path, head.field("accept"));
    if (page === null) return false;
    const fields = page.type === textHtml ? [textHtml, pagePolicy, noStore] : [page.type, noStore];
    answer(exchange, route, this.#engine.serverFields, 200, fields, page.body);
    return true;
  }

  #page(path: string, accept: string | null): { type: Field; body: string } | null {
    switch (path) {
      case "/metrics": {
        this.#admin.refresh();
        const format = chooseMetricsFormat(accept);
        const type = { name: "Content-Type", value: metricsContentTypes[format] };
        return { type, body: renderMetrics(this.#admin, format) };
      }
      case "/hayate/status.json":
        this.#admin.refresh();
        return { type: jsonType, body: JSON.stringify(overview(this.#admin)) };
      case "/":
      case "/hayate":
      case "/hayate/":
        return { type: textHtml, body: controlPage(this.#plan.writable) };
    }
    return null;
  }

  #answerApi(
    exchange: Exchange,
    route: Route,
    request: ApiRequest,
  ): void {
    this.#admin.refresh();
    const { status, json } = answerApi(this.#admin, request, this.#plan.writable);
    const body = json === null ? "" : JSON.stringify(json);
    const { settled } = this.#admin.parts;
    const isRead = request.method === "GET" || request.method === "HEAD";
    const send = () =>
      answer(exchange, route, this.#engine.serverFields, status, [jsonType, noStore], body);
    if (isRead || settled === null) return send();
    // Answer only when the change has reached every worker.
    const { serial } = exchange;
    this.#engine.reactor.beginAsync();
    void settled().then(() => {
      if (exchange.serial === serial) send();
      this.#engine.reactor.endAsync();
    });
  }
}

/** Browsers send stored credentials for any page's request; only our own page may use them. */
function isOwnOrigin(origin: string | null, host: string): boolean {
  return origin === null || origin.replace(/^https?:\/\//, "") === host;
}

/** Collects a small request body. */
class BodyReader implements ExchangeState {
  #text = "";

  constructor(
    readonly engine: EngineContext,
    readonly route: Route,
    readonly finish: (body: string) => void,
  ) {}

  onBody(exchange: Exchange, bytes: Uint8Array, start: number, end: number): void {
    this.#text += latin1(bytes, start, end);
    if (this.#text.length <= bodyBytesMax) return;
    exchange.context = null;
    exchange.closeAfterwards();
    this.engine.answerError(exchange, this.route, 413, "request body too large");
  }

  onBodyEnd(exchange: Exchange): void {
    exchange.context = null;
    const bytes = Uint8Array.from(this.#text, (char) => char.charCodeAt(0));
    this.finish(new TextDecoder().decode(bytes));
  }

  onDrain(): void {}
  onAbort(): void {}
}
