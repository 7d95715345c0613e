/** What an upstream connection reports of a response. */
import type { PeerError } from "../base/errors.ts";
import type { ClientConnection } from "./client_connection.ts";

/** Who wants the response; one object per proxied exchange, or one for all. */
export interface ResponseHandler {
  /** An interim response (1xx but 101) that `client.head` describes. */
  onInterim(client: ClientConnection): void;
  /** The final head; `client.head` is valid until the call returns. */
  onResponse(client: ClientConnection): void;
  onResponseBody(client: ClientConnection, bytes: Uint8Array, start: number, end: number): void;
  /** The response is complete. Call `release` (the connection is kept if it can be) or `discard`. */
  onResponseEnd(client: ClientConnection): void;
  /** After `writeBody` returned false: the peer has taken what was waiting. */
  onRequestDrain(client: ClientConnection): void;
  /**
   * The exchange failed; the connection is gone. `client.receivedBytes` says whether anything of a
   * response had come, `client.wasReused` whether the peer may simply have closed an idle connection.
   */
  onFailure(client: ClientConnection, error: PeerError): void;
}
