import type { Session } from "../../http2/mod.ts";
import type { DownstreamConnection } from "../exchange/exchange.ts";
import type { Http2Host } from "../exchange/server_host.ts";
import type { QueuedOutput } from "../exchange/http2_queued_output.ts";
import type { StreamExchange } from "./stream_exchange.ts";

/** What an exchange needs of its connection. */
export interface StreamOwner extends DownstreamConnection {
  readonly host: Http2Host;
  readonly session: Session<StreamExchange>;
  /** What the streams have queued for the client. */
  readonly queued: QueuedOutput;
  /** Output waits for a slow client. */
  readonly isBlocked: boolean;
  /** The body that had a slot has arrived, or is not wanted. */
  onBodyOver(exchange: StreamExchange): void;
  /** Output of a stream is queued. */
  onStreamBlocked(): void;
  /** The handler has completed its response; some of it may be queued. */
  onResponseDone(exchange: StreamExchange): void;
  /** All of a completed response was sent. */
  onOutputEnd(exchange: StreamExchange): void;
  /** The response does not fit its head: a programmer error. */
  onUnfit(exchange: StreamExchange): void;
  /** Resets a stream whose exchange has ended for its handler. */
  resetStream(exchange: StreamExchange, code: number): void;
}
