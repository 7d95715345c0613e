/** What a server hands to whoever answers requests. */
import type { Address } from "../base/address.ts";
import type { PeerError } from "../base/errors.ts";
import type { Framing } from "../http1/message_head.ts";
import type { TrailerField } from "../http1/trailer_section.ts";
import type { HeadWriter } from "../http1/head_writer.ts";
import type { RequestHead } from "../http1/request_head.ts";
import type { Socket, TlsFacts } from "../net/reactor.ts";
import type { StaticResponse } from "./static_response.ts";

/** Answers requests; one object serves all connections of a server. */
export interface ExchangeHandler {
  /**
   * A head has arrived. Answer at once or later. `exchange.head` and its bytes are valid until this
   * call returns. A body, if `exchange.hasRequestBody`, follows in `onBody`.
   */
  onRequest(exchange: Exchange): void;
  /** A part of the request body; the bytes are valid until the call returns. */
  onBody(exchange: Exchange, bytes: Uint8Array, start: number, end: number): void;
  /** The request body is complete. Not called for a request without one. */
  onBodyEnd(exchange: Exchange): void;
  /** After `writeBody` returned false: the client has taken what was waiting. */
  onDrain(exchange: Exchange): void;
  /**
   * The exchange ended before its response was complete: the client is gone, broke the protocol, or
   * missed a deadline. The last call for this exchange; `serial` changes after it.
   */
  onAbort(exchange: Exchange, error: PeerError): void;
}

/** How the body of a response is framed. `eof`: the connection closes behind it. */
export type ResponseFraming =
  | typeof Framing.none
  | typeof Framing.length
  | typeof Framing.chunked
  | typeof Framing.eof;

/** A socket that has left HTTP. */
export interface TakenSocket {
  readonly socket: Socket;
  /** Bytes that the peer has sent already. */
  readonly early: Uint8Array;
  /** The peer's FIN has been seen; no `onEnd` will follow. */
  readonly hasEnded: boolean;
}

/**
 * One request and its response. The object belongs to a connection and is used again for its next
 * request: whoever answers later keeps `serial` and compares.
 */
export interface Exchange {
  readonly head: RequestHead;
  /** Counts exchanges of all connections of this server; 0 while none is under way. */
  readonly serial: number;
  /** The handler's own state for this exchange; null at its start. */
  context: unknown;
  /** The handler's own state for the connection, kept from exchange to exchange; null at first. */
  connectionContext: unknown;
  /** 1 for the first request of a connection. */
  readonly requestIndex: number;
  /** 0 for an HTTP/1.0 client. */
  readonly minor: 0 | 1;
  /** The method is HEAD: bodies are swallowed. */
  readonly isHead: boolean;
  readonly hasRequestBody: boolean;
  /** All of the request has been received. */
  readonly isRequestComplete: boolean;
  /** Monotonic milliseconds at which the connection was accepted. */
  readonly openedMs: number;
  /** Monotonic milliseconds at which the first bytes of the request came. */
  readonly receivedMs: number;
  /** Monotonic milliseconds at which the head was complete. */
  readonly startMs: number;
  /** Status of the response, 0 before `beginHead`. */
  readonly status: number;
  /** Bytes of response body handed over so far, without framing. */
  readonly bodyBytesSent: number;
  /** Bytes of response heads handed over so far. */
  readonly headBytesSent: number;

  /** Answers with a response that was rendered beforehand. The fastest way. */
  respond(response: StaticResponse): void;
  /**
   * Begins a response: status line, and `Date` and `Server` unless `withCommonFields` is false.
   * Append field lines to the writer, nothing else, then call `endHead` before returning.
   */
  beginHead(status: number, reason?: string, withCommonFields?: boolean): HeadWriter;
  /**
   * Ends the head with the fields that frame the body. `chunked` becomes close-delimited for an
   * HTTP/1.0 client. With `none` and with HEAD no body follows; `contentLength` >= 0 is announced
   * for HEAD all the same.
   */
  endHead(framing: ResponseFraming, contentLength?: number): void;
  /**
   * Sends a part of the body; all of it is taken. False: the client is slow, wait for `onDrain`.
   * More than the announced length is a programmer error and cuts the connection.
   */
  writeBody(bytes: Uint8Array, start: number, end: number): boolean;
  /** True when `sendFile` works on this connection. */
  readonly canSendFile: boolean;
  /**
   * Sends a part of a body with announced length from an open file. Returns how many bytes were
   * taken: fewer than asked mean `onDrain`, -1 that the file is shorter or cannot be read.
   */
  sendFile(fd: number, offset: number, length: number): number;
  /** Completes the response. A body shorter than announced cuts the connection, never a wrong length. */
  endBody(): void;
  /** Completes a chunked response with these trailer field lines (`name: value CRLF` each). */
  endBodyWithTrailers(lines: Uint8Array): void;
  /**
   * An interim response such as 103; `fields` are complete field lines. Nothing for HTTP/1.0 clients.
   * False: the client is slow, write no more of them until `onDrain`.
   */
  writeInterim(status: number, fields: Uint8Array): boolean;
  /**
   * Cuts the connection: the response cannot be completed. The client gets what was written, as far
   * as it can tell that more is missing. `onAbort` does not follow.
   */
  abort(): void;
  /** The connection closes after this response, whatever the client asked for. */
  closeAfterwards(): void;
  /** The body is not wanted: a client that waits for 100 (Continue) does not get it. */
  declineBody(): void;
  /** No `onBody` until `resumeBody`; the client is slowed down. */
  pauseBody(): void;
  resumeBody(): void;
  /**
   * Hands the socket over, after everything written so far, for a protocol that follows HTTP
   * (Upgrade, CONNECT). The exchange is over.
   */
  takeOver(): TakenSocket;
  /** Trailer fields of a chunked request, from `onBodyEnd` on. */
  requestTrailers(): readonly TrailerField[];
  /** The client's bytes are encrypted on their way: https. */
  readonly isSecure: boolean;
  peerAddress(): Address;
  localAddress(): Address;
  /** What the connection's TLS handshake agreed on; null without TLS. Not after the exchange's end. */
  tlsFacts(): TlsFacts | null;
}
