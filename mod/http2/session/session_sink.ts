import type { RequestHead } from "../../http/request_head.ts";
import type { ResponseHead } from "../../http/response_head.ts";
import type { TrailerField } from "../../http/trailers.ts";
import type { GuardReason } from "../guard/guard.ts";
import type { Stream } from "./stream.ts";

/** Where a session's frames go. */
export interface SessionOutput {
  /** Sends `[start, end)`, or queues a copy. */
  write(bytes: Uint8Array, start: number, end: number): void;
  /** Output waits for a slow peer: no DATA is written until `Session.flush`. */
  readonly isBlocked: boolean;
}

/** Why a session failed: a guard's limit, or what the peer did. */
export type FailureReason = GuardReason | "protocol" | "preface";

/** What happens on a connection. Heads and bytes are valid until the call returns. */
export interface SessionSink<T extends Stream> {
  /** An object for a stream that is about to open; it may have served an earlier stream. */
  makeStream(): T;
  /** Server: a request; its body follows unless `ends`. */
  onRequest(stream: T, head: RequestHead, isHttps: boolean, ends: boolean): void;
  /**
   * Server: a request that is well formed and too large, of whose head nothing is known. Answer with
   * the status of `describeFault(fault)`, or reset the stream.
   */
  onRefused(stream: T, fault: number, ends: boolean): void;
  /** Client: a response; interim ones (1xx) come before the final one. */
  onResponse(stream: T, head: ResponseHead, ends: boolean): void;
  /** A part of the body. Call `Session.consumed` when it has been passed on. */
  onData(stream: T, bytes: Uint8Array, start: number, end: number): void;
  /** The peer has sent all: after `onData`, or at once after a head that did not end the stream. */
  onEnd(stream: T, trailers: readonly TrailerField[]): void;
  /**
   * The stream has ended before its time, by the peer or by a fault of the peer. For a client,
   * REFUSED_STREAM means that the request was not processed (RFC 9113 8.7).
   */
  onReset(stream: T, code: number, byPeer: boolean): void;
  /** The session knows the stream no more, so that the object may be used again. */
  onClosed(stream: T): void;
  /** A malformed message has reset its stream; for logs. `fault`: a `Fault`. */
  onMalformed(streamId: number, fault: number): void;
  /** `Session.writeData` did not take everything, and may take more now. */
  onWritable(stream: T): void;
  /** The peer's settings have arrived; again after each change. */
  onSettings(): void;
  /** The peer answered the PING of `Session.ping`. */
  onPong(): void;
  /** The peer accepts no streams above `lastId`; those of ours are reset next. */
  onGoaway(lastId: number, code: number): void;
  /** GOAWAY was sent for a fault of the peer, and every stream reset: close after the output. */
  onFailure(code: number, reason: FailureReason): void;
}
