import type { HeadSpace, SessionOptions } from "../../../http2/mod.ts";
import type { Reactor } from "../../../net/reactor.ts";
import type { Scratch } from "../../io/scratch.ts";
import type { Dialer } from "../dial.ts";
import type { UpstreamOptions } from "../upstream_pool.ts";
import type { Http2Counters } from "../../exchange/http2_counters.ts";
import type { SharedConnection } from "./shared_connection.ts";
import type { UpstreamStream } from "./upstream_stream.ts";

/** What the shared connections to one peer have in common; implemented by `SharedPool`. */
export interface SharedHost {
  readonly reactor: Reactor;
  readonly scratch: Scratch;
  readonly options: UpstreamOptions;
  readonly sessionOptions: SessionOptions;
  readonly space: HeadSpace;
  readonly dialer: Dialer;
  readonly counters: Http2Counters;
  /** Streams open at the same time on one connection, whatever the peer allows. */
  readonly streamsMax: number;
  /** An object for a stream. */
  takeStream(): UpstreamStream;
  /** The object serves no stream any more. */
  keepStream(stream: UpstreamStream): void;
  /** The connection has no streams: keeps it for others; false: it is not wanted. */
  keep(connection: SharedConnection): boolean;
  /** The peer has answered HTTP_1_1_REQUIRED. */
  requireHttp1(): void;
  /** The connection takes no more streams, or is closed. */
  forget(connection: SharedConnection): void;
}
