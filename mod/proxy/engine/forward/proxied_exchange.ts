/**
 * One request forwarded to an upstream: choose a peer, send, retry, forward the response.
 *
 * The object is reused for each exchange, so that a proxied request allocates nothing. It belongs
 * to at most one client exchange and one upstream connection at a time.
 */
import type { PeerError } from "../../../base/errors.ts";
import type { UpstreamExchange } from "../../../conn/upstream/upstream_exchange.ts";
import type { Exchange } from "../../../conn/exchange/exchange.ts";
import type { ResponseHandler } from "../../../conn/upstream/response_handler.ts";
import { Framing, latin1Bytes, Method } from "../../../http/mod.ts";
import type { Peer } from "../../balance/peer.ts";
import type { Router } from "../../routing/router.ts";
import { AddressedHead } from "./addressed_head.ts";
import { grpcTimeoutMs } from "../clients/grpc_request.ts";
import { grpcTrailers } from "../responses/grpc_answers.ts";
import { connectionNames, requestTrailerLines, trailerLines } from "../fields/trailer_lines.ts";
import { CallDeadline } from "./call_deadline.ts";
import { Attempt } from "./attempt.ts";
import { dropAnswer } from "./dropped_answer.ts";
import type { CompressionSource } from "../responses/compressed_body.ts";
import type { ConnectionFacts } from "../clients/connection_facts.ts";
import { hasDocument } from "../responses/error_documents.ts";
import type { EngineContext } from "../routes/engine_context.ts";
import { ForwardedAnswer } from "./forwarded_answer.ts";
import { RequestKind } from "./peer_connections.ts";
import { PeerChoice } from "./peer_choice.ts";
import { RequestBody } from "./request_body.ts";
import { acceptsTrailers, announcesNothing, asksForTunnel } from "./request_forwarding.ts";
import { endToEndFields, interimLines } from "./response_forwarding.ts";
import {
  Detour,
  detourAfter,
  errorCondition,
  failureStatus,
  isFailureCondition,
  RetryRules,
  statusCondition,
} from "./retry_rules.ts";
import type { RoutedRequest } from "../clients/routed_request.ts";
import type { Route } from "../routes/routes.ts";
import type { ProxyRoute } from "./proxy_route.ts";
import { openTunnel, switchLines } from "./tunnel.ts";

/** What a proxied exchange needs from its engine. */
export interface ForwardContext extends EngineContext {
  /** Takes back the object, which is free for another exchange. */
  recycle(exchange: ProxiedExchange): void;
}

export class ProxiedExchange implements CompressionSource, ResponseHandler {
  readonly #engine: ForwardContext;
  readonly #head = new AddressedHead();
  readonly #body = new RequestBody();
  readonly #rules = new RetryRules();
  readonly #attempt: Attempt;
  readonly #answer: ForwardedAnswer;
  readonly #choice = new PeerChoice();
  #exchange: Exchange | null = null;
  #route: Route | null = null;
  #proxy: ProxyRoute | null = null;
  #facts: ConnectionFacts | null = null;
  #connection: UpstreamExchange | null = null;
  #method: Method = Method.other;
  #hasBody = false;
  #acceptsTrailers = false;
  /** Names that the client's Connection lists. */
  #hopByHop: ReadonlySet<string> = new Set();
  /** The request is a WebSocket handshake; only then may the peer switch protocols. */
  #asksForTunnel = false;
  /** Made for the first gRPC call with a time limit. */
  #callDeadline: CallDeadline | null = null;
  /** Of the last failed attempt: the response to the client if no peer is left to try. */
  #failureStatus = 502;
  #failureReason = "";

  constructor(engine: ForwardContext) {
    this.#engine = engine;
    this.#attempt = new Attempt(engine);
    this.#answer = new ForwardedAnswer(engine);
  }

  /** Forwards the request, and answers on `exchange`. */
  start(
    exchange: Exchange,
    request: RoutedRequest,
    route: Route,
    proxy: ProxyRoute,
    router: Router<Route>,
    facts: ConnectionFacts,
  ): void {
    const { head, body } = request;
    exchange.context = this;
    this.#exchange = exchange;
    this.#route = route;
    this.#proxy = proxy;
    this.#facts = facts;
    this.#method = head.method;
    this.#body.begin(body, proxy.upstream.plan.requestBuffer, announcesNothing(head.method));
    this.#hasBody = this.#body.framing !== Framing.none;
    this.#acceptsTrailers = acceptsTrailers(head);
    this.#hopByHop = connectionNames(head);
    this.#asksForTunnel = !this.#hasBody && asksForTunnel(head, proxy);
    this.#attempt.status = 0;
    const callMs = facts.isGrpc ? grpcTimeoutMs(head) : 0;
    if (callMs > 0) this.#deadline().begin(callMs);
    this.#rules.begin(proxy.upstream.plan.retry, head);
    let session = this.#choice.begin(proxy.upstream, head, facts);
    // An error document's request has no cookies and must not bind the client to another peer.
    if (facts.errorStatus !== 0) session = null;
    this.#answer.begin(exchange, head, route, facts, session);
    this.#head.begin(head, router, proxy, facts, session, this.#asksForTunnel);
    if (!this.#hasBody || !this.#body.isCollecting) this.#begin();
  }

  onBody(_x: Exchange, bytes: Uint8Array, start: number, end: number): void {
    // The client's body belongs to the original request, not to one for an error document.
    if (!this.#hasBody) return;
    const body = this.#body;
    if (body.receivedBytes + end - start > this.#engine.requestBodyBytesMax) {
      return this.#refuseBody(413, "request body too large");
    }
    const wasCollecting = body.isCollecting;
    try {
      body.take(this.#connection, bytes, start, end);
    } catch (error) {
      return this.#failBuffer(error as Error);
    }
    if (wasCollecting && !body.isCollecting) this.#begin();
  }

  onBodyEnd(exchange: Exchange): void {
    if (!this.#hasBody) return;
    const wasCollecting = this.#body.isCollecting;
    const trailers = requestTrailerLines(
      exchange.requestTrailers(),
      this.#hopByHop,
      this.#proxy!.requestRules,
      this.#facts!,
    );
    this.#body.complete(this.#connection, trailers);
    if (wasCollecting) this.#begin();
  }

  onDrain(): void {
    this.#connection?.resume();
  }

  onAbort(exchange: Exchange, error: PeerError): void {
    this.#engine.metrics.clientAborts++;
    this.#dropConnection();
    // nginx logs 499 if no response has begun.
    this.#engine.logAccess(exchange, exchange.status || 499, error.message);
    this.#finish();
  }

  onInterim(connection: UpstreamExchange): void {
    const { head } = connection;
    const { sendInformational, serverFields } = this.#engine;
    const exchange = this.#exchange!;
    const isWanted = sendInformational === "all" ||
      (sendInformational === "except-h1" && exchange.takesInterim);
    // A client waiting for 100 (Continue) has already been sent one.
    if (!isWanted || head.status === 100) return;
    const lines = latin1Bytes(interimLines(head, serverFields));
    if (!exchange.writeInterim(head.status, lines)) connection.pause();
  }

  onResponse(connection: UpstreamExchange): void {
    const { head } = connection;
    const peer = this.#attempt.peer!;
    const condition = statusCondition(head.status);
    if (condition !== 0 && this.#retryStatus(connection, peer, condition)) return;
    this.#attempt.answered(head.status);
    this.#answer.session?.answeredBy(peer);
    const { record } = this.#facts!;
    if (record !== null) {
      record.upstreamAnswered(connection, this.#engine.reactor.nowMs);
      if (this.#route!.changesResponses) record.noteOriginal(head.status, head);
    }
    if (head.status === 101) return this.#switchProtocols(connection);
    if (hasDocument(this.#route!, this.#facts!, head.status)) {
      return this.#replaceAnswer(connection);
    }
    this.#answer.sendHead(this.#exchange!, this, head, this.#route!, this.#proxy!);
  }

  pauseResponse(): void {
    this.#connection?.pause();
  }

  resumeResponse(): void {
    this.#connection?.resume();
  }

  cancelResponse(): void {
    this.#dropConnection();
    this.#finish();
  }

  onResponseBody(
    connection: UpstreamExchange,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void {
    const mayFollow = connection.trailersMayFollow;
    if (!this.#answer.writeBody(this.#exchange!, bytes, start, end, mayFollow)) connection.pause();
  }

  onResponseEnd(connection: UpstreamExchange): void {
    const exchange = this.#exchange!;
    const trailers = trailerLines(connection.trailers, this.#answer.hopByHop);
    this.#facts!.record?.upstreamEnded(connection, this.#engine.reactor.nowMs);
    this.#attempt.complete(connection);
    this.#connection = null;
    connection.release();
    const { compressed } = this.#answer;
    if (compressed === null) this.#engine.logAccess(exchange, exchange.status, "");
    this.#finish();
    if (compressed !== null) return compressed.end(trailers);
    if (trailers === null) exchange.endBody();
    else exchange.endBodyWithTrailers(trailers);
  }

  onRequestDrain(connection: UpstreamExchange): void {
    if (!this.#hasBody) return;
    try {
      this.#body.drained(connection);
    } catch (error) {
      this.#failBuffer(error as Error);
    }
  }

  onFailure(connection: UpstreamExchange, error: PeerError): void {
    const peer = this.#attempt.peer!;
    const { nowMs } = this.#engine.reactor;
    const isResponding = this.#attempt.status !== 0;
    const isOwnFault = error.source === "internal";
    const wasSent = connection.isConnected && !error.retrySafe;
    const detour = isOwnFault ? Detour.none : detourAfter(connection, error);
    const isPossible = detour !== Detour.version || !this.#facts!.isGrpc;
    const isFree = detour !== Detour.none && isPossible && this.#maySendAgain(wasSent) &&
      this.#rules.takeFreeTry(detour);
    this.#connection = null;
    if (isOwnFault) this.#engine.logError(`upstream ${peer.name}: ${error.message}`);
    else if (detour === Detour.none || (detour === Detour.refused && !isFree)) {
      this.#attempt.failed(error);
    }
    this.#attempt.breakOff();
    this.#facts!.record?.upstreamEnded(connection, nowMs);
    if (isResponding) {
      this.#engine.metrics.cutResponses++;
      return this.#cut(error.code === "ETIMEDOUT" ? 504 : 502, error.message);
    }
    if (isOwnFault) return this.#fail(500, error.message);
    if (isFree) return this.#tryPeer(peer);
    this.#choice.noteTried(peer);
    this.#failureStatus = failureStatus(error, this.#facts!.isGrpc);
    this.#failureReason = error.message;
    if (
      this.#rules.covers(errorCondition(error)) && this.#maySendAgain(wasSent) &&
      this.#rules.hasTriesLeft(nowMs)
    ) {
      const next = this.#choice.next(this.#proxy!.upstream, nowMs, wasSent);
      if (next !== null) return this.#send(next, false);
    }
    this.#fail(this.#failureStatus, error.message);
  }

  #deadline(): CallDeadline {
    return this.#callDeadline ??= new CallDeadline(this.#engine.reactor, () => this.#endCall());
  }

  /** The time that the client gives its call has passed. */
  #endCall(): void {
    const reason = "grpc-timeout has passed";
    const isResponding = this.#attempt.status !== 0;
    this.#dropConnection();
    if (isResponding) this.#cut(504, reason);
    else this.#fail(504, reason);
  }

  /** Starts the first attempt, as soon as the request may be sent. */
  #begin(): void {
    const { nowMs } = this.#engine.reactor;
    this.#rules.startClock(nowMs);
    this.#proxy!.upstream.group.noteRequest(nowMs);
    this.#tryPeer(null);
  }

  get #kind(): RequestKind {
    if (this.#asksForTunnel) return RequestKind.webSocket;
    return this.#facts!.isGrpc ? RequestKind.grpc : RequestKind.plain;
  }

  /** Sends the request: to `same` over a new connection, or to a peer chosen now. */
  #tryPeer(same: Peer | null): void {
    const { upstream } = this.#proxy!;
    const peer = same ?? this.#choice.first(upstream, this.#engine.reactor.nowMs);
    if (peer === null) this.#failWithoutPeer();
    else this.#send(peer, same !== null);
  }

  #send(peer: Peer, isFresh: boolean): void {
    const { group } = this.#proxy!.upstream;
    if (this.#rules.attempts++ > 0) group.retries++;
    const { nowMs } = this.#engine.reactor;
    this.#attempt.begin(group, peer, nowMs);
    this.#facts!.record?.upstreamChosen(group.plan.name, peer, nowMs);
    this.#proxy = this.#head.addressTo(peer, this.#proxy!);
    const connection = this.#proxy!.upstream.connection(
      peer,
      isFresh,
      this.#kind,
      this.#exchange!,
      this.#facts!,
    );
    this.#connection = connection;
    connection.begin(this, this.#method, this.#acceptsTrailers);
    const body = this.#body;
    connection.sendHead(this.#head.writer, body.framing, body.contentLength);
    // A failing socket reports it during the write, and then this attempt is already over.
    if (!this.#hasBody || this.#connection !== connection) return;
    try {
      body.sendTo(connection);
    } catch (error) {
      this.#failBuffer(error as Error);
    }
  }

  /** Handles a status that `next_upstream` lists; true if the request goes to another peer. */
  #retryStatus(connection: UpstreamExchange, peer: Peer, condition: number): boolean {
    const rules = this.#rules;
    if (!rules.covers(condition)) return false;
    if (isFailureCondition(condition)) this.#attempt.failedByStatus();
    const { nowMs } = this.#engine.reactor;
    if (!this.#maySendAgain(true) || !rules.hasTriesLeft(nowMs)) return false;
    this.#choice.noteTried(peer);
    const next = this.#choice.next(this.#proxy!.upstream, nowMs, true);
    // No other peer is left: forward this response.
    if (next === null) return false;
    if (isFailureCondition(condition)) this.#attempt.refused();
    this.#connection = null;
    this.#attempt.breakOff();
    connection.discard();
    this.#send(next, false);
    return true;
  }

  /** A request is sent again only if all of its body is kept. */
  #maySendAgain(wasSent: boolean): boolean {
    return (!this.#hasBody || this.#body.isKept) && this.#rules.maySendAgain(wasSent);
  }

  #failWithoutPeer(): void {
    const { upstream } = this.#proxy!;
    if (this.#rules.attempts > 0) return this.#fail(this.#failureStatus, this.#failureReason);
    this.#engine.logNoLive(upstream.plan.name);
    this.#fail(upstream.plan.noLiveStatus, "no live upstreams");
  }

  /** The upstream failed before its response began: sends an error page. */
  #fail(status: number, reason: string): void {
    const exchange = this.#exchange!;
    const route = this.#route!;
    this.#finish();
    this.#engine.answerError(exchange, route, status, reason);
  }

  /** The disk is full, or what was written cannot be read back. */
  #failBuffer(error: Error): void {
    this.#engine.logError(`request_buffer of ${this.#proxy!.upstream.plan.name}: ${error.message}`);
    this.#refuseBody(507, "request body could not be kept");
  }

  /** Refuses the rest of the request. */
  #refuseBody(status: number, reason: string): void {
    const exchange = this.#exchange!;
    const route = this.#route!;
    this.#dropConnection();
    if (this.#attempt.status !== 0) return this.#cut(status, reason);
    this.#finish();
    exchange.closeAfterwards();
    this.#engine.answerError(exchange, route, status, reason);
  }

  /**
   * The response broke off: cuts the client's connection or stream, so that the client notices. A gRPC
   * call ends with a status instead, that of a failure with this HTTP status.
   */
  #cut(status: number, reason: string): void {
    const exchange = this.#exchange!;
    const { compressed } = this.#answer;
    const { isGrpc } = this.#facts!;
    this.#engine.logAccess(exchange, exchange.status, reason);
    this.#finish();
    if (compressed !== null) compressed.cut();
    else if (isGrpc) exchange.endBodyWithTrailers(grpcTrailers(status, reason));
    else exchange.abort();
  }

  #switchProtocols(connection: UpstreamExchange): void {
    const exchange = this.#exchange!;
    const proxy = this.#proxy!;
    if (!this.#asksForTunnel || !connection.head.upgrade) {
      this.#dropConnection();
      return this.#fail(502, "upstream switched protocols without being asked");
    }
    const cookie = this.#answer.session?.ownCookie(101) ?? "";
    const { head } = connection;
    const fields = interimLines(head, this.#engine.serverFields);
    const lines = switchLines(fields, connection.switchLines, cookie);
    exchange.writeInterim(101, latin1Bytes(lines));
    this.#engine.metrics.noteStatus(101);
    // The line is written at the end of the tunnel, with its bytes, as Apache does.
    const { record } = this.#facts!;
    this.#facts!.record = null;
    const release = this.#attempt.handOver();
    const { reactor } = this.#engine;
    this.#connection = null;
    this.#finish();
    openTunnel(
      this.#engine,
      exchange.takeOver(),
      connection.takeOver(),
      proxy.tunnelTimeoutMs,
      (bytesToClient) => {
        release();
        record?.finish(101, "", reactor.nowMs, bytesToClient);
      },
    );
  }

  /** Replaces an error response with its `error-doc` document; the upstream's body is dropped. */
  #replaceAnswer(connection: UpstreamExchange): void {
    const exchange = this.#exchange!;
    const route = this.#route!;
    const { head } = connection;
    const { status } = head;
    const fields = endToEndFields(head, this.#answer);
    this.#facts!.record?.noteOriginal(status, head);
    this.#facts!.record?.upstreamEnded(connection, this.#engine.reactor.nowMs);
    this.#attempt.complete(connection);
    this.#connection = null;
    dropAnswer(connection);
    this.#finish();
    this.#engine.answerDocument(exchange, route, status, fields);
  }

  /** Ends the attempt and discards its connection. */
  #dropConnection(): void {
    const connection = this.#connection;
    this.#connection = null;
    this.#attempt.breakOff();
    if (connection === null) return;
    this.#facts!.record?.upstreamEnded(connection, this.#engine.reactor.nowMs);
    connection.discard();
  }

  /** Returns the object to the engine; do not use it afterwards. */
  #finish(): void {
    const exchange = this.#exchange;
    if (this.#callDeadline !== null) this.#callDeadline.end();
    if (exchange !== null && exchange.context === this) exchange.context = null;
    this.#exchange = null;
    this.#route = null;
    this.#proxy = null;
    this.#facts = null;
    this.#answer.clear();
    if (this.#hasBody) this.#body.clear();
    this.#engine.recycle(this);
  }
}
