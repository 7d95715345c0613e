/** DATA: flow control and content-length on the way to the owner. */
import type { TrailerField } from "../../http/trailers.ts";
import { ErrorCode } from "../frames/error_code.ts";
import { Flag } from "../frames/constants.ts";
import { Closed } from "./closed_streams.ts";
import type { SessionState } from "./session_state.ts";
import type { Stream } from "./stream.ts";

const noTrailers: readonly TrailerField[] = [];

export class DataFrames<T extends Stream> {
  readonly #state: SessionState<T>;
  /** The stream of the current frame; null when its data is dropped. */
  #stream: T | null = null;
  #id = 0;
  #ends = false;

  constructor(state: SessionState<T>) {
    this.#state = state;
  }

  /** As `FrameSink.onDataStart`. */
  begin(id: number, flags: number, length: number, padBytes: number): boolean {
    const state = this.#state;
    this.#stream = null;
    this.#id = id;
    this.#ends = (flags & Flag.endStream) !== 0;
    if (id === 0 || state.isIdle(id)) return state.fail(ErrorCode.protocolError);
    if (!state.credit.take(length)) return state.fail(ErrorCode.flowControlError);
    const dataBytes = length - padBytes - ((flags & Flag.padded) !== 0 ? 1 : 0);
    if (dataBytes === 0 && !this.#ends && !state.guard.allows("emptyFrames", state.nowMs)) {
      return state.calm("emptyFrames");
    }
    if (padBytes > dataBytes && !state.guard.allows("paddings", state.nowMs)) {
      return state.calm("paddings");
    }
    const stream = state.find(id);
    if (stream === null) return this.#beginLate(id);
    if (stream.remoteClosed) return state.faultStream(stream, ErrorCode.streamClosed);
    stream.receiveWindow -= length;
    if (stream.receiveWindow < 0) return state.faultStream(stream, ErrorCode.flowControlError);
    // A response's head comes before its body.
    if (!stream.hasHead) return state.faultStream(stream, ErrorCode.protocolError);
    if (stream.contentLeft >= 0) {
      stream.contentLeft -= dataBytes;
      if (stream.contentLeft < 0 || (this.#ends && stream.contentLeft > 0)) {
        return state.faultStream(stream, ErrorCode.protocolError);
      }
    }
    stream.isEnding = this.#ends;
    this.#stream = stream;
    return true;
  }

  /** DATA for a stream that is closed (RFC 9113 5.1). */
  #beginLate(id: number): boolean {
    const state = this.#state;
    const cause = state.closed.find(id);
    if (cause === Closed.ended) return state.fail(ErrorCode.streamClosed);
    if (cause === Closed.resetByPeer) return state.faultUnopened(id, ErrorCode.streamClosed);
    if (state.guard.allows("strayFrames", state.nowMs)) return true;
    return state.calm("strayFrames");
  }

  part(bytes: Uint8Array, start: number, end: number): boolean {
    const state = this.#state;
    const stream = this.#current();
    if (stream === null) return true;
    state.credit.hold(stream, end - start);
    state.sink.onData(stream, bytes, start, end);
    return !state.isFailed;
  }

  end(): boolean {
    const state = this.#state;
    const stream = this.#current();
    this.#stream = null;
    if (stream === null || !this.#ends) {
      state.updates.announce(stream);
      return !state.isFailed;
    }
    stream.remoteClosed = true;
    state.updates.announce(null);
    state.sink.onEnd(stream, noTrailers);
    state.endRemote(stream, this.#id);
    return !state.isFailed;
  }

  /** The frame's stream, unless it has ended since the frame began. */
  #current(): T | null {
    const stream = this.#stream;
    return stream !== null && stream.id === this.#id ? stream : null;
  }
}
