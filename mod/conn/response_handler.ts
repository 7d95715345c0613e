/** Events of a response on an upstream connection. */
import type { PeerError } from "../base/errors.ts";
import type { ClientConnection } from "./client_connection.ts";

/** Receives a response; one handler per proxied exchange, or one for all. */
export interface ResponseHandler {
  /** An interim response (1xx except 101), in `client.head`. */
  onInterim(client: ClientConnection): void;
  /** The final head; `client.head` is valid until the call returns. */
  onResponse(client: ClientConnection): void;
  onResponseBody(client: ClientConnection, bytes: Uint8Array, start: number, end: number): void;
  /** The response is complete. Call `release`, which keeps the connection if possible, or `discard`. */
  onResponseEnd(client: ClientConnection): void;
  /** After `writeBody` returned false: the queued output has been sent. */
  onRequestDrain(client: ClientConnection): void;
  /**
   * The exchange failed and the connection is closed. `client.receivedBytes`: whether part of a
   * response was received; `client.wasReused`: the peer may just have closed an idle connection.
   */
  onFailure(client: ClientConnection, error: PeerError): void;
}
