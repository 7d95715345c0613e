/** What happens on the session of a connection, passed on to its lanes. */
import type { ResponseHead } from "../../../http/mod.ts";
import {
  describeFault,
  ErrorCode,
  errorName,
  type FailureReason,
  type SessionSink,
} from "../../../http2/mod.ts";
import type { StreamConnection } from "./stream_connection.ts";
import type { LaneStream } from "./stream_lane.ts";

export class StreamEvents implements SessionSink<LaneStream> {
  /** The stream that is about to open. */
  opening: LaneStream | null = null;
  readonly #connection: StreamConnection;
  /** Streams above it were turned away by a GOAWAY. */
  #acceptedIdMax = Infinity;
  /** Why the next stream is reset, when its message is malformed. */
  #fault: string | null = null;

  constructor(connection: StreamConnection) {
    this.#connection = connection;
  }

  makeStream(): LaneStream {
    return this.opening!;
  }

  onRequest(): void {}

  onRefused(): void {}

  onResponse({ lane }: LaneStream, head: ResponseHead, ends: boolean): void {
    lane.takeHead(head);
    if (ends) lane.complete(this.#connection.nowMs);
  }

  onData(stream: LaneStream, bytes: Uint8Array, start: number, end: number): void {
    stream.lane.takeBody(bytes, start, end);
    this.#connection.consumed(stream, end - start);
  }

  onEnd({ lane }: LaneStream): void {
    lane.complete(this.#connection.nowMs);
  }

  onReset(stream: LaneStream, code: number, byPeer: boolean): void {
    const { lane, id } = stream;
    const connection = this.#connection;
    const fault = this.#fault;
    this.#fault = null;
    // `onFailure` follows, or this side has ended the connection.
    if (connection.isOver || connection.hasFailed) return;
    if (id > this.#acceptedIdMax) lane.move(connection.nowMs);
    else if (!byPeer) lane.fail("protocol", fault ?? errorName(code), connection.nowMs);
    else lane.reset(errorName(code), code === ErrorCode.refusedStream, connection.nowMs);
  }

  onClosed(): void {}

  onMalformed(_streamId: number, fault: number): void {
    this.#fault = describeFault(fault).name;
  }

  onWritable({ lane }: LaneStream): void {
    this.#connection.upload(lane);
  }

  onSettings(): void {
    this.#connection.settle();
  }

  onPong(): void {}

  onGoaway(lastId: number, code: number): void {
    this.#acceptedIdMax = lastId;
    this.#connection.goaway(code);
  }

  onFailure(code: number, reason: FailureReason): void {
    this.#connection.failed(reason === "protocol" ? errorName(code) : reason);
  }
}
