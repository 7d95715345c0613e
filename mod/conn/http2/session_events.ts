/** What happens on the streams of a client's connection, passed on to their exchanges. */
import { PeerError } from "../../base/errors.ts";
import type { RequestHead } from "../../http/request_head.ts";
import type { TrailerField } from "../../http/trailers.ts";
import {
  describeFault,
  ErrorCode,
  errorName,
  type FailureReason,
  type SessionSink,
} from "../../http2/mod.ts";
import { BodySlots } from "./body_slots.ts";
import { StreamExchange } from "./stream_exchange.ts";
import type { StreamOwner } from "./stream_owner.ts";

/** The connection that owns the streams. */
export interface EventOwner extends StreamOwner {
  /** Why streams end together; null: each has a reason of its own. */
  readonly endError: PeerError | null;
  /** No further requests are wanted. */
  beginDrain(): void;
  /** A body is expected within its deadline. */
  onBodyExpected(): void;
  /** The last stream has ended. */
  onStreamsEnd(): void;
  /** The client opens no more streams. */
  onClientLeaving(): void;
  /** The client has reset, or caused to be reset, more streams than it let end. */
  onSuspicion(): void;
  /** GOAWAY was sent for a fault of the client. */
  onSessionFailure(error: PeerError): void;
}

export class SessionEvents implements SessionSink<StreamExchange> {
  readonly bodies: BodySlots;
  readonly #owner: EventOwner;
  #requestCount = 0;
  /**
   * h2o's measure of suspicion (`http2-dos-delay`): a stream that is reset takes one, one that ends
   * otherwise gives one back, up to the number that may be open at once.
   */
  #resetBudget: number;
  #wasReset = false;
  /** Exchanges for the next requests; as many as were open at once. */
  readonly #spare: StreamExchange[] = [];

  constructor(owner: EventOwner) {
    this.#owner = owner;
    const { streamingMax, session } = owner.host.http2!.options;
    this.bodies = new BodySlots(streamingMax);
    this.#resetBudget = session.streamsMax;
  }

  /** Drops the exchanges kept for the next requests. */
  releaseSpare(): void {
    this.#spare.length = 0;
  }

  makeStream(): StreamExchange {
    this.#owner.host.http2!.counters.streams++;
    return this.#spare.pop() ?? new StreamExchange(this.#owner);
  }

  /** The exchange is over for its handler and for the session. */
  keep(exchange: StreamExchange): void {
    this.#spare.push(exchange);
  }

  onRequest(exchange: StreamExchange, head: RequestHead): void {
    const owner = this.#owner;
    // Safe to send again (RFC 9113 8.7), which clients do once they have taken what is queued.
    if (owner.queued.isFull) return owner.resetStream(exchange, ErrorCode.refusedStream);
    const { host } = owner;
    const { requestsMax } = host.options;
    const { id } = exchange;
    exchange.begin(head, ++this.#requestCount);
    host.http2!.counters.requests++;
    if (host.draining || (requestsMax > 0 && this.#requestCount >= requestsMax)) owner.beginDrain();
    if (!exchange.remoteClosed) owner.onBodyExpected();
    if (exchange.hasRequestBody) this.bodies.add(exchange);
    host.handler.onRequest(exchange);
    if (exchange.id === id) exchange.continueIfWanted();
  }

  /** The request is well formed and too large. */
  onRefused(exchange: StreamExchange, fault: number): void {
    const { host } = this.#owner;
    const { status, phrase } = describeFault(fault);
    exchange.requestIndex = this.#requestCount++;
    exchange.refusedSinceMs = host.reactor.nowMs;
    host.onFault(exchange, status, new PeerError("EPROTO", "downstream", phrase));
    exchange.sendStatusPage(status);
  }

  onMalformed(_streamId: number, fault: number): void {
    const { host } = this.#owner;
    const exchange = this.#spare.pop() ?? new StreamExchange(this.#owner);
    exchange.requestIndex = this.#requestCount++;
    exchange.refusedSinceMs = host.reactor.nowMs;
    host.onFault(exchange, 400, new PeerError("EPROTO", "downstream", describeFault(fault).phrase));
    this.keep(exchange);
    this.#wasReset = true;
    this.#weigh();
  }

  onData(exchange: StreamExchange, bytes: Uint8Array, start: number, end: number): void {
    exchange.receive(bytes, start, end);
  }

  onEnd(exchange: StreamExchange, trailers: readonly TrailerField[]): void {
    exchange.receiveEnd(trailers);
  }

  onReset(exchange: StreamExchange, code: number, byPeer: boolean): void {
    this.#wasReset = true;
    if (this.#owner.endError === null) this.#owner.host.http2!.counters.noteReset(code, byPeer);
    exchange.fail(this.#owner.endError ?? resetError(code, byPeer));
  }

  onClosed(exchange: StreamExchange): void {
    exchange.output.clear();
    this.#weigh();
    this.#owner.host.http2!.counters.streams--;
    // A tunnel may be closed later by its owner, so its object serves no other stream.
    if (!exchange.isResponding && exchange.tunnel === null) this.keep(exchange);
    if (this.#owner.session.streamCount === 0) this.#owner.onStreamsEnd();
  }

  #weigh(): void {
    const { streamsMax } = this.#owner.host.http2!.options.session;
    if (!this.#wasReset) {
      if (this.#resetBudget < streamsMax) this.#resetBudget++;
      return;
    }
    this.#wasReset = false;
    if (this.#resetBudget > 0) this.#resetBudget--;
    if (this.#resetBudget === 0) this.#owner.onSuspicion();
  }

  onWritable(exchange: StreamExchange): void {
    exchange.onWritable();
  }

  onGoaway(): void {
    this.#owner.onClientLeaving();
  }

  onFailure(code: number, reason: FailureReason): void {
    const isPlain = reason === "protocol" || reason === "preface";
    const text = `HTTP/2 connection ended: ${errorName(code)}${isPlain ? "" : ` (${reason})`}`;
    this.#owner.onSessionFailure(new PeerError("EPROTO", "downstream", text));
  }

  /** Only of clients' sessions. */
  onResponse(): void {}
  onSettings(): void {}
  onPong(): void {}
}

function resetError(code: number, byPeer: boolean): PeerError {
  if (!byPeer) return new PeerError("EPROTO", "downstream", `stream error ${errorName(code)}`);
  const what = code === ErrorCode.noError || code === ErrorCode.cancel ? "cancelled" : "reset";
  return new PeerError("ECONNRESET", "downstream", `client ${what} the stream: ${errorName(code)}`);
}
