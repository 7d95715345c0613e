/** The data plane of one worker: routes the requests of all listeners to their handlers. */
import type { PendingTokens } from "../../acme/pending_tokens.ts";
import { formatAddress } from "../../base/address.ts";
import type { Exchange, RefusedRequest } from "../../conn/exchange/exchange.ts";
import { defaultHttp2Options, type Http2Options } from "../../conn/exchange/http2_options.ts";
import { HttpServer } from "../../conn/http_server.ts";
import { RefusedRecord } from "../../conn/exchange/refused_record.ts";
import { Scratch } from "../../conn/io/scratch.ts";
import { defaultLimits, type MessageLimits } from "../../http1/mod.ts";
import { type AccessLog, type Logger, SparseLog } from "../../log/mod.ts";
import type { Reactor } from "../../net/reactor.ts";
import { delay } from "../../std/async.ts";
import type { Peer } from "../balance/peer.ts";
import type { GlobalPlan, Http2Plan, SendInformational } from "../plan/plan.ts";
import type { HostRoutes } from "../routing/router.ts";
import { Router } from "../routing/router.ts";
import { answerGrpc } from "./responses/grpc_answers.ts";
import { answer, textPlain } from "./responses/answers.ts";
import type { CertificateGuard } from "./clients/certificate_guard.ts";
import type { ConnectionFacts } from "./clients/connection_facts.ts";
import { type DispatchContext, Dispatcher } from "./dispatcher.ts";
import { EngineMetrics, ListenerMetrics } from "./records/engine_metrics.ts";
import { documentOf, hasDocument } from "./responses/error_documents.ts";
import { type ForwardContext, ProxiedExchange } from "./forward/proxied_exchange.ts";
import type { RoutedRequest } from "./clients/routed_request.ts";
import type { Route } from "./routes/routes.ts";
import type { Field } from "./fields/field_rules.ts";
import { ServerFields } from "./fields/server_fields.ts";

/** Exchange objects kept for reuse; above this number they are left to the garbage collector. */
const spareExchangesMax = 4096;

/** What the listener of a server decides besides its hosts. */
export interface ListenerTraits {
  readonly http2: boolean;
  /** Where hosts have different certificates; else null. */
  readonly certificates: CertificateGuard | null;
  /** Challenges of a CA that are answered here; null: none. */
  readonly pendingTokens: PendingTokens | null;
}

const plainListener: ListenerTraits = { http2: true, certificates: null, pendingTokens: null };

export class Engine implements ForwardContext, DispatchContext {
  readonly reactor: Reactor;
  readonly global: GlobalPlan;
  readonly logger: Logger;
  /** Passed in after a reload: the previous engine's metrics, which keep counting. */
  readonly metrics: EngineMetrics;
  readonly scratch: Scratch;
  readonly serverFields: ServerFields;
  readonly sendInformational: SendInformational;
  readonly tunnels = new Set<{ close(): void }>();
  readonly requestBodyBytesMax: number;
  /** Limits for request heads, both from clients and created by internal redirects. */
  readonly limits: MessageLimits;
  /** Called when a client's connection has ended; set it before the first `addServer`. */
  onConnectionEnd: (() => void) | null = null;
  /** Connections that were ended for what their clients did. */
  readonly #faults: SparseLog;
  #lastConnectionId = 0;
  readonly #spare: ProxiedExchange[] = [];
  readonly #servers: HttpServer[] = [];
  /** Servers of the plan's listeners; excludes the control listener. */
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
    this.#faults = new SparseLog(logger, () => reactor.nowMs);
    this.sendInformational = global.sendInformational;
    this.limits = limitsFor(global.requestLineBytesMax);
  }

  /** Adds a server for listeners that serve these hosts. Pass its `onAccept` to the reactor. */
  addServer(
    hosts: readonly HostRoutes<Route>[],
    scheme: "http" | "https",
    unknown: Route,
    /**
     * Counts this listener's traffic. Omit for the control listener: its clients are not counted.
     */
    listener: ListenerMetrics | null = null,
    { http2, certificates, pendingTokens }: ListenerTraits = plainListener,
  ): HttpServer {
    const router = new Router(hosts, scheme === "https" ? 443 : 80, unknown);
    const { global } = this;
    const tally = listener ?? new ListenerMetrics();
    const dispatcher = new Dispatcher(this, router, scheme, tally, certificates, pendingTokens);
    const server = new HttpServer(this.reactor, dispatcher, {
      limits: this.limits,
      headTimeoutMs: global.headTimeoutMs,
      bodyTimeoutMs: global.bodyTimeoutMs,
      idleTimeoutMs: global.idleTimeoutMs,
      drainIdleMs: global.drainIdleMs,
      writeTimeoutMs: global.bodyTimeoutMs,
      allowHalfOpen: global.allowHalfOpen,
      http2: http2 ? http2Options(global.http2) : null,
    }, this.scratch);
    server.tally = tally;
    if (server.http2 !== null) server.http2.counters = tally.http2;
    server.onConnectionRefused = (connection, error) => {
      tally.noteFault(error.message);
      this.#faults.info(`${formatAddress(connection.peerAddress())}: ${error.message}`);
    };
    const logs = logsOfRefused(hosts, unknown);
    server.onRefused = (request, status, error) => {
      tally.noteFault(error.message);
      const facts = request.keptContext as ConnectionFacts | null;
      // A request that has begun has its own record.
      if (request.serial !== 0) facts?.record?.refuse(status);
      else if (logs.length > 0) this.#logRefused(logs, request, status, error.message);
    };
    if (wantsHeads([...hosts.flatMap(leavesOf), unknown])) server.onHead = this.#onHead;
    this.#servers.push(server);
    if (listener !== null) {
      server.onConnectionEnd = this.onConnectionEnd;
      this.#clientServers.push(server);
    }
    return server;
  }

  readonly #onHead = (exchange: Exchange, bytes: Uint8Array, start: number, end: number): void => {
    const facts = exchange.keptContext as ConnectionFacts | null;
    facts?.record?.responseBegan(bytes, start, end, this.reactor.nowMs);
  };

  /** Open client connections. */
  get connectionCount(): number {
    return this.#clientServers.reduce((count, server) => count + server.connectionCount, 0);
  }

  /** Closes connections that have been idle for `idleMs`: per listener, the `countMax` oldest. */
  closeIdle(idleMs: number, countMax: number): void {
    const sinceMs = this.reactor.nowMs - idleMs;
    for (const server of this.#clientServers) server.closeIdle(sinceMs, countMax);
  }

  nextConnectionId(): number {
    return ++this.#lastConnectionId;
  }

  /** While on, each connection is closed after its next response. */
  shed(on: boolean): void {
    for (const server of this.#servers) server.draining = on;
  }

  /** Answers accepted requests, then closes every connection; tunnels may last until the limit. */
  async drain(): Promise<void> {
    const limitMs = this.global.drainTimeoutMs;
    const startMs = performance.now();
    await Promise.all(this.#servers.map((server) => server.drain(limitMs)));
    while (this.tunnels.size > 0 && performance.now() - startMs < limitMs) {
      await delay(50);
    }
    for (const tunnel of this.tunnels) tunnel.close();
  }

  /** Closes every connection and tunnel now. Returns the number of requests and tunnels cut. */
  cut(): number {
    let count = this.tunnels.size;
    for (const server of this.#servers) count += server.cut();
    for (const tunnel of this.tunnels) tunnel.close();
    return count;
  }

  /** Returns a proxied exchange to use; it is returned through `recycle`. */
  proxied(): ProxiedExchange {
    return this.#spare.pop() ?? new ProxiedExchange(this);
  }

  recycle(exchange: ProxiedExchange): void {
    if (this.#spare.length < spareExchangesMax) this.#spare.push(exchange);
  }

  /** Drops the objects kept for reuse. */
  releaseSpare(): void {
    this.#spare.length = 0;
  }

  logAccess(exchange: Exchange, status: number, error: string): void {
    this.metrics.noteStatus(status);
    const facts = exchange.keptContext as ConnectionFacts | null;
    const record = facts?.record ?? null;
    if (record === null) return;
    facts!.record = null;
    record.finish(status, error, this.reactor.nowMs);
  }

  #logRefused(
    logs: readonly AccessLog[],
    request: RefusedRequest,
    status: number,
    error: string,
  ): void {
    this.metrics.noteStatus(status);
    const id = (request.connection.context as number | null) ?? 0;
    const record = new RefusedRecord(request, id, status, error, this.reactor.nowMs);
    for (const log of logs) log.write(record);
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

  answerError(exchange: Exchange, route: Route, status: number, reason: string): void {
    const fields = [textPlain];
    if (status === 405) fields.push({ name: "Allow", value: "GET, HEAD" });
    if (status === 503) fields.push({ name: "Retry-After", value: "5" });
    const facts = exchange.keptContext as ConnectionFacts;
    // Not counted within an error document: the response keeps the original error's status.
    if (facts.errorStatus === 0) this.metrics.noteOwnError(status);
    if (facts.isGrpc) {
      answerGrpc(exchange, route, this.serverFields, status, reason);
      return this.logAccess(exchange, 200, reason);
    }
    if (hasDocument(route, facts, status)) {
      facts.record?.noteOriginal(status, fields, reason);
      return this.answerDocument(exchange, route, status, fields);
    }
    answer(exchange, route, this.serverFields, status, fields, `${reason}\n`);
    this.logAccess(exchange, facts.errorStatus || status, reason);
  }

  answerDocument(exchange: Exchange, route: Route, status: number, fields: readonly Field[]): void {
    const { redirector } = exchange.keptContext as ConnectionFacts;
    redirector.errorDocument(exchange, documentOf(route, status)!.url, status, fields);
  }

  redispatch(
    exchange: Exchange,
    request: RoutedRequest,
    target: string,
    keepsMethod: boolean,
  ): void {
    const { redirector } = exchange.keptContext as ConnectionFacts;
    redirector.redispatch(exchange, request, target, keepsMethod);
  }
}

/** Room for several streams whose consumers are slow: they must not use up the connection's. */
const heldWindows = 4;

function http2Options(plan: Http2Plan): Http2Options {
  const { session } = defaultHttp2Options;
  const { windowBytes } = plan;
  return {
    session: {
      ...session,
      streamsMax: Math.min(plan.streamsMax, plan.requestsMax),
      streamWindowBytes: windowBytes,
      connectionWindowBytes: Math.max(session.connectionWindowBytes, windowBytes),
      heldBytesMax: Math.max(session.heldBytesMax, heldWindows * windowBytes),
      guard: plan.limits,
    },
    idleTimeoutMs: plan.idleTimeoutMs,
    gracefulTimeoutMs: plan.gracefulTimeoutMs,
    streamingMax: plan.streamingMax,
    queued: plan.queued,
    ranksAssets: plan.ranksAssets,
    dosDelayMs: plan.dosDelayMs,
  };
}

/** Fields keep their default space, however long the request line may be. */
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

/** An unreadable head names no host: like nginx, log it at the first host. */
function logsOfRefused(hosts: readonly HostRoutes<Route>[], unknown: Route): readonly AccessLog[] {
  const host = hosts.find(({ strictMatch }) => !strictMatch) ?? hosts[0];
  return host === undefined ? unknown.logs : host.fallback.logs;
}

/** Whether any access log shows a part of the response head. */
function wantsHeads(routes: readonly Route[]): boolean {
  return routes.some(({ logs }) => logs.some((log) => log.format.needs.has("head")));
}
