/** The state of one handler call, from its request to the end of its response. */
import type { Address } from "../../base/address.ts";
import type { Exchange } from "../../conn/exchange/exchange.ts";
import type { Client } from "../clients/trusted_proxies.ts";
import type { HeadCopy } from "./head_copy.ts";
import { type BodySource, RequestBody } from "./request_body.ts";
import { type RequestOrigin, ServedRequest } from "./served_request.ts";
import { ServedInfo } from "./served_info.ts";
import type { WebSocketLimits } from "./web_socket.ts";

const noTrailers: readonly (readonly [string, string])[] = [];

/** See `Admission`. */
export type Place = () => void;

export class Call implements RequestOrigin, BodySource {
  readonly head: HeadCopy;
  readonly request: ServedRequest;
  readonly info: ServedInfo;
  readonly body: RequestBody | null;
  readonly webSockets: WebSocketLimits;
  readonly client: Client | null;
  /** Bytes of request body received so far. */
  bodyBytes = 0;
  /** Receives the socket after the 101, when the handler has upgraded the connection. */
  upgraded: ((socket: ReturnType<Exchange["takeOver"]>, onOver: Place | null) => void) | null =
    null;
  /** Gives up the place among those that are worked on, or in the queue; null: none is counted. */
  place: Place | null = null;
  /** Trailer fields of the request; complete when its body is. */
  requestTrailers: readonly (readonly [name: string, value: string])[] = noTrailers;
  /** Trailer fields to send after a chunked body. */
  trailers: Headers | null = null;
  #exchange: Exchange | null;
  #controller: AbortController | null = null;
  #abortReason: Error | null = null;
  /** Cancels the stream of the response, when its client is gone. */
  cancelStream: ((reason: Error) => void) | null = null;
  #wakeDrain: (() => void) | null = null;
  #onCompleted: ((error: Error | null) => void)[] | null = null;
  #isCompleted = false;

  /** `client`: what a trusted proxy says of it, or null. */
  constructor(
    exchange: Exchange,
    head: HeadCopy,
    webSockets: WebSocketLimits,
    client: Client | null = null,
  ) {
    this.client = client;
    this.head = head;
    this.webSockets = webSockets;
    this.#exchange = exchange;
    this.body = exchange.hasRequestBody ? new RequestBody(this, exchange.head.contentLength) : null;
    this.request = new ServedRequest(this);
    this.info = new ServedInfo(this);
  }

  /** The exchange until it is complete or aborted, then null. */
  get exchange(): Exchange | null {
    return this.#exchange;
  }

  peerAddress(): Address | null {
    return this.#exchange?.connection.peerAddress() ?? null;
  }

  localAddress(): Address | null {
    return this.#exchange?.connection.localAddress() ?? null;
  }

  signal(): AbortSignal {
    if (this.#controller === null) {
      this.#controller = new AbortController();
      if (this.#abortReason !== null) this.#controller.abort(this.#abortReason);
    }
    return this.#controller.signal;
  }

  pauseBody(): void {
    this.#exchange?.pauseBody();
  }

  resumeBody(): void {
    this.#exchange?.resumeBody();
  }

  /** Calls `wake` when the queued output has been sent, or the client is gone. */
  afterDrain(wake: () => void): void {
    if (this.#exchange === null) wake();
    else this.#wakeDrain = wake;
  }

  onDrain(): void {
    const wake = this.#wakeDrain;
    this.#wakeDrain = null;
    wake?.();
  }

  /** Resolves when the response has been written to the socket, rejects when it was cut off. */
  completed(): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (error: Error | null) => error === null ? resolve() : reject(error);
      if (this.#isCompleted) settle(this.#abortReason);
      else (this.#onCompleted ??= []).push(settle);
    });
  }

  /** The response is complete. */
  finish(): void {
    this.#end(null);
  }

  /** The client is gone, or the response was cut off. */
  abort(error: Error): void {
    this.#abortReason = error;
    this.body?.fail(error);
    this.#controller?.abort(error);
    this.cancelStream?.(error);
    this.#end(error);
  }

  #end(error: Error | null): void {
    if (this.#isCompleted) return;
    this.#isCompleted = true;
    this.#exchange = null;
    this.cancelStream = null;
    const { place } = this;
    if (place !== null) {
      this.place = null;
      place();
    }
    this.onDrain();
    if (this.#onCompleted !== null) { for (const settle of this.#onCompleted) settle(error); }
  }
}
