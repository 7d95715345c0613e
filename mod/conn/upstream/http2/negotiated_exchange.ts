/** An exchange that begins before the version of HTTP is known, and becomes one of either. */
import type { Address } from "../../../base/address.ts";
import type { PeerError } from "../../../base/errors.ts";
import type { HeadWriter } from "../../../http/head_writer.ts";
import { Framing } from "../../../http/message_head.ts";
import type { Method } from "../../../http/method.ts";
import type { ResponseHead } from "../../../http/response_head.ts";
import type { TrailerField } from "../../../http/trailers.ts";
import type { TlsFacts } from "../../../net/reactor.ts";
import type { TakenSocket } from "../../exchange/exchange.ts";
import { Inbox } from "../../io/inbox.ts";
import type { RequestFraming } from "../request_output.ts";
import type { ResponseHandler } from "../response_handler.ts";
import type { SentRequest, UpstreamExchange } from "../upstream_exchange.ts";
import { waitingBytesMax } from "../../io/bounds.ts";

const nothingSent: SentRequest = { bytes: 0, headBytes: 0, isComplete: false };

/** The negotiation that exchanges wait for. */
export interface Awaited {
  readonly address: Address;
  /** The exchange is over. */
  withdraw(exchange: NegotiatedExchange): void;
}

/** Used for one exchange: only those that open a connection are of this kind. */
export class NegotiatedExchange implements UpstreamExchange, ResponseHandler {
  handler: ResponseHandler | null = null;
  /** The exchange over the version that was negotiated; null before. */
  #inner: UpstreamExchange | null = null;
  readonly #awaited: Awaited;
  #method: Method = 0;
  #acceptsTrailers = false;
  #head: HeadWriter | null = null;
  #framing: RequestFraming = Framing.none;
  #contentLength = -1;
  readonly #body = new Inbox();
  #hasEnded = false;
  #trailersMayFollow = false;
  #trailers: Uint8Array | null = null;
  #isPaused = false;
  #isOver = false;
  /** `writeBody` returned false. */
  #wantsDrain = false;

  constructor(awaited: Awaited) {
    this.#awaited = awaited;
  }

  get request(): SentRequest {
    return this.#inner?.request ?? nothingSent;
  }

  get head(): ResponseHead {
    return this.#inner!.head;
  }

  get trailers(): readonly TrailerField[] {
    return this.#inner!.trailers;
  }

  get trailersMayFollow(): boolean {
    return this.#inner!.trailersMayFollow;
  }

  get receivedBytes(): number {
    return this.#inner?.receivedBytes ?? 0;
  }

  get isConnected(): boolean {
    return this.#inner?.isConnected ?? false;
  }

  get connectedMs(): number {
    return this.#inner?.connectedMs ?? 0;
  }

  get switchLines(): string {
    return this.#inner?.switchLines ?? "";
  }

  get wasReused(): boolean {
    return this.#inner?.wasReused ?? false;
  }

  get address(): Address {
    return this.#inner?.address ?? this.#awaited.address;
  }

  tlsFacts(): TlsFacts | null {
    return this.#inner?.tlsFacts() ?? null;
  }

  begin(handler: ResponseHandler, method: Method, acceptsTrailers: boolean): void {
    this.handler = handler;
    this.#method = method;
    this.#acceptsTrailers = acceptsTrailers;
  }

  sendHead(head: HeadWriter, framing: RequestFraming, contentLength: number): void {
    this.#head = head;
    this.#framing = framing;
    this.#contentLength = contentLength;
  }

  writeBody(bytes: Uint8Array, start: number, end: number, trailersMayFollow = false): boolean {
    if (this.#inner !== null) {
      return this.#inner.writeBody(bytes, start, end, trailersMayFollow);
    }
    if (this.#isOver) return true;
    this.#trailersMayFollow = trailersMayFollow;
    this.#body.append(bytes, start, end);
    this.#wantsDrain = this.#body.length > waitingBytesMax;
    return !this.#wantsDrain;
  }

  endBody(trailers: Uint8Array | null): void {
    if (this.#inner !== null) return this.#inner.endBody(trailers);
    this.#hasEnded = true;
    this.#trailers = trailers;
  }

  pause(): void {
    this.#isPaused = true;
    this.#inner?.pause();
  }

  resume(): void {
    this.#isPaused = false;
    this.#inner?.resume();
  }

  release(): void {
    this.#end();
    this.#inner!.release();
  }

  discard(): void {
    if (this.#isOver) return;
    this.#end();
    if (this.#inner === null) this.#awaited.withdraw(this);
    else this.#inner.discard();
  }

  takeOver(): TakenSocket {
    this.#end();
    return this.#inner!.takeOver();
  }

  /** The version is known: sends over `inner` what has been written so far. */
  bind(inner: UpstreamExchange): void {
    this.#inner = inner;
    inner.begin(this, this.#method, this.#acceptsTrailers);
    if (this.#isPaused) inner.pause();
    inner.sendHead(this.#head!, this.#framing, this.#contentLength);
    this.#head = null;
    const { bytes, start, end } = this.#body;
    this.#body.consumeTo(end);
    const mayFollow = this.#hasEnded ? this.#trailers !== null : this.#trailersMayFollow;
    const isAccepted = start === end || inner.writeBody(bytes, start, end, mayFollow);
    if (this.#isOver) return;
    if (this.#hasEnded) return inner.endBody(this.#trailers);
    if (isAccepted && this.#wantsDrain) this.onRequestDrain();
  }

  /** The connection failed before the version was known. */
  fail(error: PeerError): void {
    if (this.#isOver) return;
    this.#end();
    this.handler!.onFailure(this, error);
  }

  onInterim(): void {
    this.handler!.onInterim(this);
  }

  onResponse(): void {
    this.handler!.onResponse(this);
  }

  onResponseBody(_inner: UpstreamExchange, bytes: Uint8Array, start: number, end: number): void {
    this.handler!.onResponseBody(this, bytes, start, end);
  }

  onResponseEnd(): void {
    this.handler!.onResponseEnd(this);
  }

  onRequestDrain(): void {
    this.#wantsDrain = false;
    this.handler!.onRequestDrain(this);
  }

  onFailure(_inner: UpstreamExchange, error: PeerError): void {
    this.fail(error);
  }

  #end(): void {
    this.#isOver = true;
    this.#head = null;
    this.#body.consumeTo(this.#body.end);
  }
}
