/** Routes the requests of one server and passes later events to the exchange's state. */
import type { PendingTokens } from "../../acme/pending_tokens.ts";
import type { PeerError } from "../../base/errors.ts";
import type { Exchange, ExchangeHandler } from "../../conn/exchange/exchange.ts";
import { latin1Bytes, Method, RequestHead } from "../../http/mod.ts";
import { type MessageLimits, parseRequestHead } from "../../http1/mod.ts";
import type { Router } from "../routing/router.ts";
import type { Field } from "./fields/field_rules.ts";
import { CertificateChoice, type CertificateGuard } from "./clients/certificate_guard.ts";
import type { ClientBody } from "./clients/client_body.ts";
import { ConnectionFacts } from "./clients/connection_facts.ts";
import { isGrpcRequest } from "./clients/grpc_request.ts";
import { identify } from "./clients/identify.ts";
import type { EngineContext } from "./routes/engine_context.ts";
import type { ListenerMetrics } from "./records/engine_metrics.ts";
import { ExchangeRecord } from "./records/exchange_record.ts";
import { isOfError } from "./responses/error_documents.ts";
import type { ExchangeState } from "./routes/exchange_state.ts";
import { answer, textPlain } from "./responses/answers.ts";
import { type RoutedRequest, unframedLines } from "./clients/routed_request.ts";
import type { Route } from "./routes/routes.ts";

/** What a dispatcher needs from its engine. */
export interface DispatchContext extends EngineContext {
  /** Limits of request heads. */
  readonly limits: MessageLimits;
  nextConnectionId(): number;
}

/** Limit of internal redirects per request (h2o's max-delegations). */
const redispatchesMax = 5;

export class Dispatcher implements ExchangeHandler {
  readonly engine: DispatchContext;
  readonly router: Router<Route>;
  readonly scheme: "http" | "https";
  readonly tally: ListenerMetrics;
  /** Where hosts have different certificates; else null. */
  readonly certificates: CertificateGuard | null;
  /** Challenges of a CA that are answered here; null: none. */
  readonly pendingTokens: PendingTokens | null;
  /** Head of a request that the proxy creates itself; the client's head stays unchanged. */
  readonly #ownHead = new RequestHead();
  /** The request being routed; reused for each request. */
  readonly #request: { head: RequestHead; body: ClientBody | null };

  constructor(
    engine: DispatchContext,
    router: Router<Route>,
    scheme: "http" | "https",
    tally: ListenerMetrics,
    certificates: CertificateGuard | null = null,
    pendingTokens: PendingTokens | null = null,
  ) {
    this.engine = engine;
    this.router = router;
    this.scheme = scheme;
    this.tally = tally;
    this.certificates = certificates;
    this.pendingTokens = pendingTokens;
    this.#request = { head: this.#ownHead, body: null };
  }

  onRequest(exchange: Exchange): void {
    const facts = (exchange.keptContext ??= this.#newFacts(exchange)) as ConnectionFacts;
    this.tally.requests++;
    facts.errorStatus = 0;
    facts.redispatchCount = 0;
    const { head } = exchange;
    facts.body.begin(head);
    const route = this.router.match(head);
    if (route.realIp !== null || route.requestId !== null || facts.isIdentified) {
      identify(head, route, facts);
    }
    if (route.logs.length > 0) {
      facts.record = facts.spareRecord ??= new ExchangeRecord(exchange, facts);
      facts.record.begin(route);
    }
    facts.acceptEncoding = "";
    facts.isGrpc = isGrpcRequest(head);
    const request = this.#request;
    request.head = head;
    request.body = facts.body;
    if (this.pendingTokens !== null && this.#answersChallenge(exchange, this.pendingTokens)) return;
    if (facts.certificate !== null && facts.certificate.isMisdirected(head)) {
      exchange.declineBody();
      return this.engine.answerError(exchange, route, 421, "misdirected request");
    }
    this.#dispatch(exchange, request, route, facts);
  }

  /** True: it was the CA's question for a pending token, whatever the routes say. */
  #answersChallenge(exchange: Exchange, tokens: PendingTokens): boolean {
    const authorization = tokens.find(exchange.head);
    if (authorization === null) return false;
    exchange.declineBody();
    answer(exchange, null, this.engine.serverFields, 200, [textPlain], authorization);
    this.engine.logAccess(exchange, 200, "");
    return true;
  }

  onBody(exchange: Exchange, bytes: Uint8Array, start: number, end: number): void {
    (exchange.keptContext as ConnectionFacts).record?.bodyCame(end - start);
    const state = exchange.context as ExchangeState | null;
    if (state !== null) state.onBody(exchange, bytes, start, end);
  }

  onBodyEnd(exchange: Exchange): void {
    (exchange.keptContext as ConnectionFacts).record?.bodyEnded(this.engine.reactor.nowMs);
    const state = exchange.context as ExchangeState | null;
    if (state !== null) state.onBodyEnd(exchange);
  }

  onDrain(exchange: Exchange): void {
    const state = exchange.context as ExchangeState | null;
    if (state !== null) state.onDrain(exchange);
  }

  onAbort(exchange: Exchange, error: PeerError): void {
    const state = exchange.context as ExchangeState | null;
    if (state !== null) state.onAbort(exchange, error);
  }

  /**
   * Answers as if the client had requested `target`, a path on the same host. With `keepsMethod`
   * the client's method and body are kept; otherwise the request becomes a GET (HEAD stays HEAD)
   * without a body.
   */
  redispatch(
    exchange: Exchange,
    request: RoutedRequest,
    target: string,
    keepsMethod: boolean,
  ): void {
    const { head } = request;
    const method = keepsMethod || head.method === Method.head ? head.methodText() : "GET";
    const text = `${method} ${target} HTTP/1.1\r\n${unframedLines(head)}`;
    this.#dispatchOwn(exchange, text, keepsMethod ? request.body : null);
  }

  /**
   * Answers with another resource, using the error's status and fields. That resource is requested
   * by the proxy itself, without a body, even if the client is still sending one.
   */
  errorDocument(exchange: Exchange, url: string, status: number, fields: readonly Field[]): void {
    const facts = exchange.keptContext as ConnectionFacts;
    facts.errorStatus = status;
    facts.errorFields = fields.filter(isOfError);
    const method = exchange.isHead ? "HEAD" : "GET";
    this.#dispatchOwn(exchange, `${method} ${url} HTTP/1.1\r\nHost: ${facts.authority}\r\n`, null);
  }

  /** Routes a request that the proxy created: a head without framing fields, and its body. */
  #dispatchOwn(exchange: Exchange, text: string, body: ClientBody | null): void {
    const facts = exchange.keptContext as ConnectionFacts;
    const bytes = latin1Bytes(`${text}\r\n`);
    const request = this.#request;
    request.head = this.#ownHead;
    request.body = body;
    if (body === null) exchange.declineBody();
    const { limits } = this.engine;
    const end = parseRequestHead(this.#ownHead, bytes, 0, bytes.length, limits, 0);
    const route = end > 0 ? this.router.match(this.#ownHead) : null;
    facts.redispatchCount++;
    if (route === null || this.router.isBadPath || facts.redispatchCount > redispatchesMax) {
      return this.#failRedirection(exchange, route);
    }
    this.#dispatch(exchange, request, route, facts);
  }

  #failRedirection(exchange: Exchange, route: Route | null): void {
    const { engine } = this;
    const reason = "internal redirection failed";
    const status = (exchange.keptContext as ConnectionFacts).errorStatus || 502;
    answer(exchange, route, engine.serverFields, status, [textPlain], `${reason}\n`);
    engine.logAccess(exchange, status, reason);
  }

  #newFacts(exchange: Exchange): ConnectionFacts {
    // One ID for all exchanges of the connection.
    const id = (exchange.connection.context ??= this.engine.nextConnectionId()) as number;
    const facts = new ConnectionFacts(exchange, this.scheme, id, this);
    const { certificates } = this;
    if (certificates !== null) {
      facts.certificate = new CertificateChoice(certificates, exchange.connection);
    }
    return facts;
  }

  #dispatch(
    exchange: Exchange,
    request: RoutedRequest,
    route: Route,
    facts: ConnectionFacts,
  ): void {
    const { head, body } = request;
    if (route.settings.errorDocs.length > 0) facts.authority = head.hostText();
    if (this.router.isBadPath) return this.engine.answerError(exchange, route, 400, "bad path");
    if (body !== null && body.contentLength > this.engine.requestBodyBytesMax) {
      exchange.closeAfterwards();
      exchange.declineBody();
      return this.engine.answerError(exchange, route, 413, "request body too large");
    }
    if (head.method === Method.connect || head.method === Method.trace) {
      return this.engine.answerError(exchange, route, 405, "method not allowed");
    }
    if (route.settings.compress !== null) {
      facts.acceptEncoding = head.field("accept-encoding") ?? "";
    }
    for (let i = 0; i < route.handlers.length; i++) {
      if (route.handlers[i].handle(exchange, request, route, this.router, facts)) return;
    }
    this.engine.answerError(exchange, route, 404, "not found");
  }
}
