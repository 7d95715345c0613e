/** What happens on the streams of a shared connection, passed on to their exchanges. */
import { PeerError } from "../../../base/errors.ts";
import type { ResponseHead } from "../../../http/response_head.ts";
import type { TrailerField } from "../../../http/trailers.ts";
import {
  describeFault,
  ErrorCode,
  errorName,
  type FailureReason,
  type SessionSink,
} from "../../../http2/mod.ts";
import type { Http2Counters } from "../../exchange/http2_counters.ts";
import type { UpstreamStream } from "./upstream_stream.ts";

/** The connection that owns the streams. */
export interface EventOwner {
  readonly counters: Http2Counters;
  /** Why streams end together; null: each has a reason of its own. */
  readonly endError: PeerError | null;
  /** The peer accepts no more streams. */
  readonly isLeaving: boolean;
  /** The stream that is being opened. */
  readonly opening: UpstreamStream | null;
  onAnswer(): void;
  onSettings(): void;
  /** Whether the connection had served others before this exchange began. */
  servedBefore(stream: UpstreamStream): boolean;
  onStreamClosed(stream: UpstreamStream): void;
  /** The peer accepts no more streams. */
  leave(): void;
  /** The peer wants requests over HTTP/1.1. */
  requireHttp1(): void;
  /** GOAWAY was sent for a fault of the peer. */
  onSessionFailure(error: PeerError): void;
}

export class StreamEvents implements SessionSink<UpstreamStream> {
  readonly #owner: EventOwner;
  /** Of the message that resets its stream next; 0: it was well formed. */
  #fault = 0;
  /** Streams above it were refused by GOAWAY, not by a reset. */
  #acceptedIdMax = Infinity;

  constructor(owner: EventOwner) {
    this.#owner = owner;
  }

  makeStream(): UpstreamStream {
    this.#owner.counters.streams++;
    this.#owner.counters.requests++;
    return this.#owner.opening!;
  }

  onResponse(stream: UpstreamStream, head: ResponseHead, ends: boolean): void {
    this.#owner.onAnswer();
    stream.receiveHead(head, ends);
  }

  onData(stream: UpstreamStream, bytes: Uint8Array, start: number, end: number): void {
    stream.receive(bytes, start, end);
  }

  onEnd(stream: UpstreamStream, trailers: readonly TrailerField[]): void {
    stream.receiveEnd(trailers);
  }

  onMalformed(_streamId: number, fault: number): void {
    this.#fault = fault;
  }

  onReset(stream: UpstreamStream, code: number, byPeer: boolean): void {
    const owner = this.#owner;
    const fault = this.#fault;
    this.#fault = 0;
    if (owner.endError !== null) {
      stream.wasReused = owner.servedBefore(stream);
      return stream.fail(owner.endError);
    }
    const isByGoaway = byPeer && stream.id > this.#acceptedIdMax;
    if (!isByGoaway) owner.counters.noteReset(code, byPeer);
    if (byPeer) {
      if (code === ErrorCode.http11Required) owner.requireHttp1();
      return stream.fail(resetError(code, owner.isLeaving));
    }
    const phrase = fault === 0 ? `peer caused ${errorName(code)}` : describeFault(fault).phrase;
    stream.fail(new PeerError("EPROTO", "upstream", phrase));
  }

  onClosed(stream: UpstreamStream): void {
    this.#owner.counters.streams--;
    this.#owner.onStreamClosed(stream);
  }

  onWritable(stream: UpstreamStream): void {
    stream.onWritable();
  }

  onGoaway(lastId: number, code: number): void {
    this.#acceptedIdMax = lastId;
    this.#owner.counters.goaways++;
    if (code === ErrorCode.http11Required) this.#owner.requireHttp1();
    this.#owner.leave();
  }

  onFailure(code: number, reason: FailureReason): void {
    const isPlain = reason === "protocol" || reason === "preface";
    const text = `HTTP/2 connection ended: ${errorName(code)}${isPlain ? "" : ` (${reason})`}`;
    this.#owner.onSessionFailure(new PeerError("EPROTO", "upstream", text));
  }

  onSettings(): void {
    this.#owner.onSettings();
  }

  onPong(): void {}
  /** Only of servers' sessions. */
  onRequest(): void {}
  onRefused(): void {}
}

/** A stream that was refused, by itself or by GOAWAY, was not processed (RFC 9113 8.7). */
function resetError(code: number, isLeaving: boolean): PeerError {
  if (code === ErrorCode.http11Required) {
    return new PeerError("EVERSION", "upstream", "peer requires HTTP/1.1");
  }
  if (code !== ErrorCode.refusedStream) {
    return new PeerError("ECONNRESET", "upstream", `peer reset the stream: ${errorName(code)}`);
  }
  const phrase = isLeaving ? "peer is closing the connection" : "peer refused the stream";
  return new PeerError("ECONNRESET", "upstream", phrase, true);
}
