/**
 * One request to a peer and its response, as whatever forwards it sees them. It is the same for every
 * version of HTTP: a connection of its own, or a stream of a connection that requests share.
 */
import type { Address } from "../../base/address.ts";
import type { HeadWriter } from "../../http/head_writer.ts";
import type { Method } from "../../http/method.ts";
import type { ResponseHead } from "../../http/response_head.ts";
import type { TrailerField } from "../../http/trailers.ts";
import type { TlsFacts } from "../../net/reactor.ts";
import type { TakenSocket } from "../exchange/exchange.ts";
import type { RequestFraming } from "./request_output.ts";
import type { ResponseHandler } from "./response_handler.ts";

/** The request, as far as it was sent. */
export interface SentRequest {
  /** Bytes written so far, with head and framing. */
  readonly bytes: number;
  readonly headBytes: number;
  /** All of it has been written; no more may follow. */
  readonly isComplete: boolean;
}

export interface UpstreamExchange {
  /** Receives the response; may be replaced at any time. */
  handler: ResponseHandler | null;
  readonly request: SentRequest;
  /** Valid during `onResponse` and `onInterim`. */
  readonly head: ResponseHead;
  /** After the body received so far, even if it is of the announced length. */
  readonly trailersMayFollow: boolean;
  /** Trailer fields of the response, available from `onResponseEnd`. */
  readonly trailers: readonly TrailerField[];
  /** Bytes received of the current response, heads included. */
  readonly receivedBytes: number;
  /** The connection is established, so the peer may have got a part of the request. */
  readonly isConnected: boolean;
  /** Monotonic milliseconds of that moment; 0 before. */
  readonly connectedMs: number;
  /** The connection has served another exchange before: the peer may just have closed it. */
  readonly wasReused: boolean;
  /** The address that it is connected to, or is trying. */
  readonly address: Address;
  /** Field lines of a 101 beside those of its head, which not every version sends; "" for none. */
  readonly switchLines: string;
  /** Negotiated TLS parameters; null without TLS. */
  tlsFacts(): TlsFacts | null;

  /**
   * Begins an exchange. `sendHead` follows. `acceptsTrailers`: the client says so; the peer gets to
   * know it where trailers can be sent on.
   */
  begin(handler: ResponseHandler, method: Method, acceptsTrailers: boolean): void;
  /**
   * Sends `head`, which ends with its last field line, followed by the fields that frame the body; see
   * `RequestOutput.sendHead`. Before the connection is established, `head` may be read later: it stays
   * unchanged until the exchange ends.
   */
  sendHead(head: HeadWriter, framing: RequestFraming, contentLength: number): void;
  /**
   * Sends or queues a part of the body. False: stop until `onRequestDrain`. More than the head has
   * announced is a programmer error: none of it is sent, and the exchange fails.
   * `trailersMayFollow`: a body of the announced length does not end the request yet.
   */
  writeBody(
    bytes: Uint8Array,
    start: number,
    end: number,
    trailersMayFollow?: boolean,
  ): boolean;
  /**
   * Ends the body, with trailer field lines or null. HTTP/1 peers get them after chunks only. Less than
   * the head has announced is a programmer error: the exchange fails.
   */
  endBody(trailers: Uint8Array | null): void;
  /** Stops `onInterim` and `onResponseBody` until `resume`; the peer's deadline is suspended. */
  pause(): void;
  resume(): void;
  /** Gives the connection back after `onResponseEnd`, to be used again if possible. */
  release(): void;
  /** Ends the exchange in any state. No callback follows. */
  discard(): void;
  /** After a 101: what carries the exchange, and the bytes received after the head. It is over. */
  takeOver(): TakenSocket;
}
