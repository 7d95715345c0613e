/** The data plane of one worker: requests of all listeners, routed to their handlers. */
import type { PeerError } from "../../base/errors.ts";
import type { Exchange, ExchangeHandler } from "../../conn/exchange.ts";
import { HttpServer } from "../../conn/http_server.ts";
import { Scratch } from "../../conn/scratch.ts";
import {
  defaultLimits,
  latin1Bytes,
  type MessageLimits,
  Method,
  parseRequestHead,
} from "../../http1/mod.ts";
import type { Logger } from "../../log/mod.ts";
import type { Reactor } from "../../net/reactor.ts";
import type { Peer } from "../balance/peer.ts";
import type { GlobalPlan } from "../plan.ts";
import type { HostRoutes } from "../routing/router.ts";
import { Router } from "../routing/router.ts";
import { answer, textPlain } from "./handlers/answers.ts";
import { ConnectionFacts } from "./clients/connection_facts.ts";
import type { EngineHome } from "./engine_home.ts";
import { EngineMetrics, ListenerMetrics } from "./engine_metrics.ts";
import { ExchangeRecord } from "./exchange_record.ts";
import type { ExchangeState } from "./exchange_state.ts";
import { identify } from "./clients/identify.ts";
import { ProxiedExchange } from "./forward/proxied_exchange.ts";
import type { Route } from "./routes.ts";
import { ServerFields } from "./fields/server_fields.ts";

/** Exchange objects kept for reuse; a burst beyond it goes back to the garbage collector. */
const spareExchangesMax = 4096;
/** Internal redirects of one request (h2o's max-delegations). */
const redispatchesMax = 5;

export class Engine implements EngineHome {
  readonly reactor: Reactor;
  readonly global: GlobalPlan;
  readonly logger: Logger;
  /** Given: those of the engine before, which go on. */
  readonly metrics: EngineMetrics;
  readonly scratch: Scratch;
  readonly serverFields: ServerFields;
  readonly tunnels = new Set<{ close(): void }>();
  readonly requestBodyBytesMax: number;
  readonly sendsInformational: boolean;
  /** Told when a client's connection has ended; set it before the first `addServer`. */
  onConnectionEnd: (() => void) | null = null;
  #lastConnectionId = 0;
  readonly #spare: ProxiedExchange[] = [];
  readonly #servers: HttpServer[] = [];
  /** Those that have a listener of the plan's. */
  readonly #clientServers: HttpServer[] = [];

  constructor(
    reactor: Reactor,
    global: GlobalPlan,
    logger: Logger,
    metrics: EngineMetrics = new EngineMetrics(),
  ) {
    this.reactor = reactor;
    this.global = global;
    this.logger = logger;
    this.metrics = metrics;
    this.scratch = Scratch.of(reactor);
    this.serverFields = new ServerFields(global, reactor);
    this.requestBodyBytesMax = global.requestBodyBytesMax;
    // Every client speaks HTTP/1, which `except-h1` leaves out.
    this.sendsInformational = global.sendInformational === "all";
  }

  /** A server for listeners that serve these hosts. Pass its `onAccept` to the reactor. */
  addServer(
    hosts: readonly HostRoutes<Route>[],
    scheme: "http" | "https",
    unknown: Route,
    /** What comes is counted here; not given for the control listener, whose clients are no clients. */
    listener: ListenerMetrics | null = null,
  ): HttpServer {
    const router = new Router(hosts, scheme === "https" ? 443 : 80, unknown);
    const { global } = this;
    const tally = listener ?? new ListenerMetrics();
    const server = new HttpServer(this.reactor, new Dispatcher(this, router, scheme, tally), {
      limits: limitsFor(global.requestLineBytesMax),
      headTimeoutMs: global.headTimeoutMs,
      bodyTimeoutMs: global.bodyTimeoutMs,
      idleTimeoutMs: global.idleTimeoutMs,
      writeTimeoutMs: global.bodyTimeoutMs,
      allowHalfOpen: global.allowHalfOpen,
    }, this.scratch);
    server.tally = tally;
    server.onRefused = (_connection, _status, error) => tally.noteFault(error.message);
    if (wantsHeads([...hosts.flatMap(leavesOf), unknown])) server.onHead = this.#onHead;
    this.#servers.push(server);
    if (listener !== null) {
      server.onConnectionEnd = this.onConnectionEnd;
      this.#clientServers.push(server);
    }
    return server;
  }

  readonly #onHead = (x: Exchange, bytes: Uint8Array, headBytes: number): void => {
    const facts = x.connectionContext as ConnectionFacts | null;
    facts?.record?.responseBegan(bytes, headBytes, this.reactor.nowMs);
  };

  /** Open client connections. */
  get connectionCount(): number {
    return this.#clientServers.reduce((count, server) => count + server.connectionCount, 0);
  }

  /** Lets go of clients that have asked for nothing for `idleMs`: the oldest `countMax` of a listener. */
  closeIdle(idleMs: number, countMax: number): void {
    const sinceMs = this.reactor.nowMs - idleMs;
    for (const server of this.#clientServers) server.closeIdle(sinceMs, countMax);
  }

  nextConnectionId(): number {
    return ++this.#lastConnectionId;
  }

  /** While on, each connection is closed after its next answer. */
  shed(on: boolean): void {
    for (const server of this.#servers) server.draining = on;
  }

  /** Answers what was accepted, then ends every connection; tunnels live until the limit. */
  async drain(): Promise<void> {
    const limitMs = this.global.drainTimeoutMs;
    const startMs = performance.now();
    await Promise.all(this.#servers.map((server) => server.drain(limitMs)));
    while (this.tunnels.size > 0 && performance.now() - startMs < limitMs) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    for (const tunnel of this.tunnels) tunnel.close();
  }

  /** Ends every connection and tunnel now. Returns how many requests and tunnels were under way. */
  cut(): number {
    let count = this.tunnels.size;
    for (const server of this.#servers) count += server.cut();
    for (const tunnel of this.tunnels) tunnel.close();
    return count;
  }

  /** A proxied exchange to use; it comes back through `recycle`. */
  proxied(): ProxiedExchange {
    return this.#spare.pop() ?? new ProxiedExchange(this);
  }

  recycle(exchange: ProxiedExchange): void {
    if (this.#spare.length < spareExchangesMax) this.#spare.push(exchange);
  }

  logAccess(x: Exchange, status: number, error: string): void {
    this.metrics.noteStatus(status);
    const facts = x.connectionContext as ConnectionFacts | null;
    const record = facts?.record ?? null;
    if (record === null) return;
    facts!.record = null;
    record.finish(status, error, this.reactor.nowMs);
  }

  logUpstreamFailure(peer: Peer, reason: string): void {
    this.logger.error(`upstream ${peer.name}: ${reason}`);
  }

  logDisabled(peer: Peer): void {
    this.logger.warn(`upstream server temporarily disabled, upstream: ${peer.name}`);
  }

  logNoLive(upstream: string): void {
    this.logger.error(`no live upstreams while connecting to upstream, upstream: ${upstream}`);
  }

  logError(message: string): void {
    this.logger.error(message);
  }

  answerError(x: Exchange, route: Route, status: number, reason: string): void {
    const fields = [textPlain];
    if (status === 405) fields.push({ name: "Allow", value: "GET, HEAD" });
    if (status === 503) fields.push({ name: "Retry-After", value: "5" });
    const facts = x.connectionContext as ConnectionFacts;
    // An error within an error document is that document's.
    if (facts.errorStatus === 0) this.metrics.noteOwnError(status);
    if (facts.errorStatus === 0) {
      const document = route.settings.errorDocs.findLast((doc) => doc.statuses.includes(status));
      if (document !== undefined) {
        facts.record?.noteOriginal(status, fields, reason);
        return facts.redirector.errorDocument(x, document.url, status);
      }
    }
    answer(x, route, this.serverFields, status, fields, `${reason}\n`);
    this.logAccess(x, facts.errorStatus || status, reason);
  }

  redispatch(x: Exchange, target: string): void {
    (x.connectionContext as ConnectionFacts).redirector.redispatch(x, target);
  }
}

/** The fields have the room that they have by default, however long the line may be. */
function limitsFor(startLineBytesMax: number): MessageLimits {
  const { headBytesMax, startLineBytesMax: usual } = defaultLimits;
  return {
    ...defaultLimits,
    startLineBytesMax,
    headBytesMax: headBytesMax - usual + startLineBytesMax,
  };
}

function leavesOf({ paths, fallback }: HostRoutes<Route>): Route[] {
  return [...paths.map((path) => path.leaf), fallback];
}

/** Whether an access log shows anything of the response's head. */
function wantsHeads(routes: readonly Route[]): boolean {
  return routes.some(({ logs }) => logs.some((log) => log.format.needs.has("head")));
}

/** Routes the requests of one server and passes later events on to whoever handles them. */
class Dispatcher implements ExchangeHandler {
  readonly engine: Engine;
  readonly router: Router<Route>;
  readonly scheme: "http" | "https";
  readonly tally: ListenerMetrics;

  constructor(
    engine: Engine,
    router: Router<Route>,
    scheme: "http" | "https",
    tally: ListenerMetrics,
  ) {
    this.engine = engine;
    this.router = router;
    this.scheme = scheme;
    this.tally = tally;
  }

  onRequest(x: Exchange): void {
    const facts = (x.connectionContext ??= this.#newFacts(x)) as ConnectionFacts;
    this.tally.requests++;
    facts.errorStatus = 0;
    facts.redispatchCount = 0;
    const route = this.router.match(x.head);
    if (route.realIp !== null || route.requestId !== null || facts.isIdentified) {
      identify(x.head, route, facts);
    }
    if (route.logs.length > 0) {
      facts.record = facts.spareRecord ??= new ExchangeRecord(x, facts);
      facts.record.begin(route);
    }
    if (route.settings.errorDocs.length > 0) facts.authority = x.head.hostText();
    facts.acceptEncoding = "";
    if (this.router.isBadPath) return this.engine.answerError(x, route, 400, "bad path");
    this.#dispatch(x, route, facts);
  }

  onBody(x: Exchange, bytes: Uint8Array, start: number, end: number): void {
    (x.connectionContext as ConnectionFacts).record?.bodyCame(end - start);
    const state = x.context as ExchangeState | null;
    if (state !== null) state.onBody(x, bytes, start, end);
  }

  onBodyEnd(x: Exchange): void {
    (x.connectionContext as ConnectionFacts).record?.bodyEnded(this.engine.reactor.nowMs);
    const state = x.context as ExchangeState | null;
    if (state !== null) state.onBodyEnd(x);
  }

  onDrain(x: Exchange): void {
    const state = x.context as ExchangeState | null;
    if (state !== null) state.onDrain(x);
  }

  onAbort(x: Exchange, error: PeerError): void {
    const state = x.context as ExchangeState | null;
    if (state !== null) state.onAbort(x, error);
  }

  /** Answers as if the request had been for `target`, a path of the same host. */
  redispatch(x: Exchange, target: string): void {
    const { head } = x;
    let text = `${head.methodText()} ${target} HTTP/1.1\r\n`;
    for (let i = 0; i < head.fieldCount; i++) text += `${head.name(i)}: ${head.value(i)}\r\n`;
    this.#dispatchText(x, text);
  }

  /** Answers with another resource, under the status of the error. */
  errorDocument(x: Exchange, url: string, status: number): void {
    const facts = x.connectionContext as ConnectionFacts;
    facts.errorStatus = status;
    this.#dispatchText(x, `GET ${url} HTTP/1.1\r\nHost: ${facts.authority}\r\n`);
  }

  /** Parses a head of our own making into the exchange's head, and routes it. */
  #dispatchText(x: Exchange, text: string): void {
    const facts = x.connectionContext as ConnectionFacts;
    const bytes = latin1Bytes(`${text}\r\n`);
    const end = parseRequestHead(x.head, bytes, 0, bytes.length, defaultLimits, 0);
    const route = end > 0 ? this.router.match(x.head) : null;
    facts.redispatchCount++;
    if (route === null || this.router.isBadPath || facts.redispatchCount > redispatchesMax) {
      const status = facts.errorStatus || 502;
      answer(
        x,
        route,
        this.engine.serverFields,
        status,
        [textPlain],
        "internal redirection failed\n",
      );
      this.engine.logAccess(x, status, "internal redirection failed");
      return;
    }
    this.#dispatch(x, route, facts);
  }

  #newFacts(x: Exchange): ConnectionFacts {
    return new ConnectionFacts(x, this.scheme, this.engine.nextConnectionId(), this);
  }

  #dispatch(x: Exchange, route: Route, facts: ConnectionFacts): void {
    const { head } = x;
    if (head.contentLength > this.engine.requestBodyBytesMax) {
      x.closeAfterwards();
      return this.engine.answerError(x, route, 413, "request body too large");
    }
    if (head.method === Method.connect || head.method === Method.trace) {
      return this.engine.answerError(x, route, 405, "method not allowed");
    }
    if (route.settings.compress !== null) {
      facts.acceptEncoding = head.field("accept-encoding") ?? "";
    }
    for (let i = 0; i < route.handlers.length; i++) {
      if (route.handlers[i].handle(x, route, this.router, facts)) return;
    }
    this.engine.answerError(x, route, 404, "not found");
  }
}
