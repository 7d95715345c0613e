/** Events of a response on an upstream connection. */
import type { PeerError } from "../../base/errors.ts";
import type { UpstreamConnection } from "./upstream_connection.ts";

/** Receives a response; one handler per proxied exchange, or one for all. */
export interface ResponseHandler {
  /** An interim response (1xx except 101), in `connection.head`. */
  onInterim(connection: UpstreamConnection): void;
  /** The final head; `connection.head` is valid until the call returns. */
  onResponse(connection: UpstreamConnection): void;
  onResponseBody(
    connection: UpstreamConnection,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void;
  /** The response is complete. Call `release`, which keeps the connection if possible, or `discard`. */
  onResponseEnd(connection: UpstreamConnection): void;
  /** After `writeBody` returned false: the queued output has been sent. */
  onRequestDrain(connection: UpstreamConnection): void;
  /**
   * The exchange failed and the connection is closed. `connection.receivedBytes`: whether part of a
   * response was received; `connection.wasReused`: the peer may just have closed an idle connection.
   */
  onFailure(connection: UpstreamConnection, error: PeerError): void;
}
