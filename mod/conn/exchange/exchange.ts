/**
 * The interface between a server and its request handler. It is the same for every version of HTTP:
 * a connection may carry one exchange at a time or many.
 */
import type { Address } from "../../base/address.ts";
import type { PeerError } from "../../base/errors.ts";
import type { HeadWriter } from "../../http/head_writer.ts";
import type { Framing } from "../../http/message_head.ts";
import type { RequestHead } from "../../http/request_head.ts";
import type { TrailerField } from "../../http/trailers.ts";
import type { Socket, TlsFacts } from "../../net/reactor.ts";
import type { StaticResponse } from "./static_response.ts";

/** Answers requests; one handler serves all connections of a server. */
export interface ExchangeHandler {
  /**
   * A request head has arrived. Answer now or later. `exchange.head` and its bytes are valid until
   * this call returns. A body, if `exchange.hasRequestBody`, follows in `onBody`.
   */
  onRequest(exchange: Exchange): void;
  /** A part of the request body; the bytes are valid until the call returns. */
  onBody(exchange: Exchange, bytes: Uint8Array, start: number, end: number): void;
  /**
   * At most `bytesMax` bytes of the body are about to be read: a buffer of at most that length to read
   * them into, or null. If any arrive, `onBody` follows at once with this very buffer, from 0, and the
   * connection does not keep it. Not every connection asks.
   */
  bodyBuffer?(exchange: Exchange, bytesMax: number): Uint8Array<ArrayBuffer> | null;
  /** The request body is complete. Not called for a request without one. */
  onBodyEnd(exchange: Exchange): void;
  /** After `writeBody` returned false: the queued output has been sent. */
  onDrain(exchange: Exchange): void;
  /**
   * The exchange ended before its response was complete: the client disconnected, violated the
   * protocol, or missed a deadline. The last call for this exchange; `serial` changes after it.
   */
  onAbort(exchange: Exchange, error: PeerError): void;
}

/**
 * How the end of a response body is known. `length`: announced. `chunked`: it is marked, by chunks in
 * HTTP/1. `eof`: the connection closes after it.
 */
export type ResponseFraming =
  | typeof Framing.none
  | typeof Framing.length
  | typeof Framing.chunked
  | typeof Framing.eof;

/** Another protocol follows on the connection. */
export interface TakenSocket {
  readonly socket: Socket;
  /** Bytes that the peer has already sent. */
  readonly early: Uint8Array;
  /** The peer's FIN has been received; no `onEnd` will follow. */
  readonly hasEnded: boolean;
}

/** The name of a version, for logs. */
export type Protocol = "HTTP/1.0" | "HTTP/1.1" | "HTTP/2";

/** The client's connection, which its exchanges share. */
export interface DownstreamConnection {
  /** The handler's own state for the connection; null at first. */
  context: unknown;
  /** Monotonic milliseconds at which the connection was accepted. */
  readonly openedMs: number;
  /** The connection uses TLS, so the scheme is https. */
  readonly isSecure: boolean;
  peerAddress(): Address;
  /** The user at the other end of a unix socket; null: not known. */
  peerUid(): number | null;
  localAddress(): Address;
  /** Negotiated TLS parameters; null without TLS. Not valid after the connection has ended. */
  tlsFacts(): TlsFacts | null;
}

/** What is known of a request, whether or not it can become an exchange. */
export interface RequestFacts {
  readonly connection: DownstreamConnection;
  /** Number of the exchange among all of this server; 0 when none is in progress. */
  readonly serial: number;
  /**
   * The handler's own state, kept with this object for its next request; null at first. No exchange
   * in progress at the same time shares it.
   */
  keptContext: unknown;
  /** 1 for the first request of a connection. */
  readonly requestIndex: number;
}

/** A request that is refused. With a `serial` it has begun, and `onAbort` follows. */
export interface RefusedRequest extends RequestFacts {
  /** The request line, as far as received; for logs. */
  readonly refusedLine: string;
  /** Monotonic milliseconds at which it began to arrive. */
  readonly refusedSinceMs: number;
}

/**
 * One request and its response. The object is reused for a later request of its connection; a handler
 * that answers later must compare `serial`.
 */
export interface Exchange extends RequestFacts {
  /** Valid during `onRequest`. */
  readonly head: RequestHead;
  /** The handler's own state for this exchange; null at its start. */
  context: unknown;
  /** For logs only. */
  readonly protocol: Protocol;
  /** A client can be sent a body of unknown length and still notice a cut: all but HTTP/1.0. */
  readonly canStream: boolean;
  /**
   * Clients are known to take interim responses for what they are. Some of HTTP/1 take one for the
   * final response.
   */
  readonly takesInterim: boolean;
  /** The method is HEAD: body bytes are discarded. */
  readonly isHead: boolean;
  readonly hasRequestBody: boolean;
  /** All of the request has been received. */
  readonly isRequestComplete: boolean;
  /** Monotonic milliseconds at which the first bytes of the request arrived. */
  readonly receivedMs: number;
  /** Monotonic milliseconds at which the head was complete. */
  readonly startMs: number;
  /** Status of the response, 0 before `beginHead`. */
  readonly status: number;
  /** Bytes of response body written so far, without framing. */
  readonly bodyBytesSent: number;
  /** Bytes of response heads written so far. */
  readonly headBytesSent: number;

  /** Answers with a prepared response. The fastest way. */
  respond(response: StaticResponse): void;
  /**
   * Begins a response: status and reason, and `Date` and `Server` unless `withCommonFields` is false.
   * Append only field lines to the writer, then call `endHead` before returning. 101 accepts the
   * switch of protocols that the head asks for; `takeOver` follows.
   */
  beginHead(status: number, reason?: string, withCommonFields?: boolean): HeadWriter;
  /**
   * Ends the head with the fields that frame the body. `chunked` becomes close-delimited where
   * `canStream` is false. With `none` and with HEAD no body follows, but `contentLength` >= 0 is still
   * announced for HEAD.
   */
  endHead(framing: ResponseFraming, contentLength?: number): void;
  /**
   * Sends or queues a part of the body. False: the client is slow, wait for `onDrain`. More than the
   * announced length is a programmer error and cuts the response off. `trailersMayFollow`: a body of
   * the announced length does not end the response yet.
   */
  writeBody(
    bytes: Uint8Array,
    start: number,
    end: number,
    trailersMayFollow?: boolean,
  ): boolean;
  /** Whether `sendFile` may be called next for `length` bytes; see `Socket.canSendFile`. */
  canSendFile(length: number): boolean;
  /**
   * Sends a part of a body with announced length from an open file. Returns the number of bytes
   * accepted: fewer than `length` means waiting for `onDrain`, -1 that the file is shorter or cannot
   * be read.
   */
  sendFile(fd: number, offset: number, length: number): number;
  /** Completes the response. A body shorter than announced is cut off. */
  endBody(): void;
  /**
   * Completes a response with these trailer field lines (`name: value CRLF` each). HTTP/1 has them
   * after chunks only, HTTP/2 wherever a body was sent that trailers might follow.
   */
  endBodyWithTrailers(lines: Uint8Array): void;
  /**
   * Sends an interim response such as 103; `fields` are complete field lines. Does nothing for
   * HTTP/1.0 clients. False: the client is slow, write no more until `onDrain`.
   */
  writeInterim(status: number, fields: Uint8Array): boolean;
  /**
   * Cuts the response off, because it cannot be completed. The client gets the bytes written so far
   * if it can tell that they are incomplete. In HTTP/1 the connection ends. `onAbort` does not follow.
   */
  abort(): void;
  /**
   * The client must send nothing more for this exchange after its response. In HTTP/1 the connection
   * closes then.
   */
  closeAfterwards(): void;
  /** Declines the body: a client that waits for 100 (Continue) does not get it. */
  declineBody(): void;
  /** Stops `onBody` until `resumeBody`; back-pressure on the client. */
  pauseBody(): void;
  resumeBody(): void;
  /** Another protocol can follow: `takeOver` is allowed. */
  readonly canTakeOver: boolean;
  /**
   * Takes over what carries the exchange, after the output written so far, for another protocol
   * (Upgrade, CONNECT). The exchange is over.
   */
  takeOver(): TakenSocket;
  /** Trailers may follow the request's body received so far, even if it is of the announced length. */
  readonly trailersMayFollow: boolean;
  /** Trailer fields of the request, available from `onBodyEnd`. */
  requestTrailers(): readonly TrailerField[];
}
