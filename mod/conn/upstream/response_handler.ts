/** Events of a response from a peer. */
import type { PeerError } from "../../base/errors.ts";
import type { UpstreamExchange } from "./upstream_exchange.ts";

/** Receives a response; one handler per proxied exchange, or one for all. */
export interface ResponseHandler {
  /** An interim response (1xx except 101), in `upstream.head`. */
  onInterim(upstream: UpstreamExchange): void;
  /** The final head; `upstream.head` is valid until the call returns. */
  onResponse(upstream: UpstreamExchange): void;
  onResponseBody(
    upstream: UpstreamExchange,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void;
  /** The response is complete. Call `release` or `discard`. */
  onResponseEnd(upstream: UpstreamExchange): void;
  /** After `writeBody` returned false: the queued output has been sent. */
  onRequestDrain(upstream: UpstreamExchange): void;
  /**
   * The exchange failed and is over. `upstream.receivedBytes`: whether part of a
   * response was received; `upstream.wasReused`: the peer may just have closed an idle connection.
   */
  onFailure(upstream: UpstreamExchange, error: PeerError): void;
}
