/** Answers a CA's HTTP-01 challenges before the app sees a request. */
import type { PendingTokens } from "../../acme/pending_tokens.ts";
import type { PeerError } from "../../base/errors.ts";
import type { Exchange, ExchangeHandler } from "../../conn/exchange/exchange.ts";
import { StaticResponse } from "../../conn/exchange/static_response.ts";

const plain = [["Content-Type", "text/plain"]] as const;

export class ChallengeAnswers implements ExchangeHandler {
  readonly #tokens: PendingTokens;
  readonly #inner: ExchangeHandler;

  /** `inner` gets every request but those for pending tokens. */
  constructor(tokens: PendingTokens, inner: ExchangeHandler) {
    this.#tokens = tokens;
    this.#inner = inner;
  }

  onRequest(exchange: Exchange): void {
    const authorization = this.#tokens.find(exchange.head);
    if (authorization === null) return this.#inner.onRequest(exchange);
    exchange.declineBody();
    exchange.respond(new StaticResponse(200, plain, authorization));
  }

  onBody(exchange: Exchange, bytes: Uint8Array, start: number, end: number): void {
    this.#inner.onBody(exchange, bytes, start, end);
  }

  bodyBuffer(exchange: Exchange, bytesMax: number): Uint8Array<ArrayBuffer> | null {
    return this.#inner.bodyBuffer?.(exchange, bytesMax) ?? null;
  }

  onBodyEnd(exchange: Exchange): void {
    this.#inner.onBodyEnd(exchange);
  }

  onDrain(exchange: Exchange): void {
    this.#inner.onDrain(exchange);
  }

  onAbort(exchange: Exchange, error: PeerError): void {
    this.#inner.onAbort(exchange, error);
  }
}
