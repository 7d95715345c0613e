/** Frames without fields and data: settings, windows, resets, pings, priorities, GOAWAY. */
import { ErrorCode } from "../frames/error_code.ts";
import { Flag, FrameType, streamIdMax, windowBytesMax } from "../frames/constants.ts";
import { streamIdAt, uint32At } from "../frames/frame_reader.ts";
import { readPriority } from "../priority/priority_field.ts";
import type { EarlyPriorities } from "./early_priorities.ts";
import type { SessionState } from "./session_state.ts";
import type { Stream } from "./stream.ts";

/** Every method returns false when the session has failed. */
export class ControlFrames<T extends Stream> {
  readonly #state: SessionState<T>;
  readonly #early: EarlyPriorities;
  readonly #onPong: (mark: number) => void;

  /** `onPong` is called with the first byte of our PING that the peer has answered. */
  constructor(state: SessionState<T>, early: EarlyPriorities, onPong: (mark: number) => void) {
    this.#state = state;
    this.#early = early;
    this.#onPong = onPong;
  }

  onFrame(
    type: number,
    flags: number,
    id: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): boolean {
    switch (type) {
      case FrameType.settings:
        return this.#onSettings(flags, id, bytes, start, end);
      case FrameType.windowUpdate:
        return this.#onWindowUpdate(id, bytes, start, end);
      case FrameType.rstStream:
        return this.#onReset(id, bytes, start, end);
      case FrameType.ping:
        return this.#onPing(flags, id, bytes, start, end);
      case FrameType.priority:
        return this.#onPriority(id, bytes, start, end);
      case FrameType.priorityUpdate:
        return this.#onPriorityUpdate(id, bytes, start, end);
      case FrameType.goaway:
        return this.#onGoaway(id, bytes, start, end);
      case FrameType.pushPromise:
        // Clients never send it, and servers not after our SETTINGS_ENABLE_PUSH=0.
        return this.#state.fail(ErrorCode.protocolError);
    }
    return this.#allows("strayFrames");
  }

  #onSettings(flags: number, id: number, bytes: Uint8Array, start: number, end: number): boolean {
    const state = this.#state;
    if (id !== 0) return state.fail(ErrorCode.protocolError);
    if ((flags & Flag.ack) !== 0) {
      if (start !== end) return state.fail(ErrorCode.frameSizeError);
      state.onAcknowledged();
      return this.#allows("strayFrames");
    }
    if (!this.#allows("settings")) return false;
    const { peer, sender } = state;
    const windowBefore = peer.windowBytes;
    const error = peer.read(bytes, start, end);
    if (error !== 0) return state.fail(error);
    state.encoder.limitTable(peer.tableBytesMax);
    const { frames } = state.space;
    frames.clear();
    frames.settingsAck();
    if (!this.#answer()) return false;
    const change = peer.windowBytes - windowBefore;
    if (change !== 0) {
      // RFC 9113 6.9.2: open streams get the difference, and may end up below 0.
      for (const stream of state.streams.all() as T[]) {
        if (!sender.adjust(stream, change)) return state.fail(ErrorCode.flowControlError);
      }
    }
    state.sink.onSettings();
    sender.flush();
    return !state.isFailed;
  }

  #onWindowUpdate(id: number, bytes: Uint8Array, start: number, end: number): boolean {
    const state = this.#state;
    if (end - start !== 4) return state.fail(ErrorCode.frameSizeError);
    if (!this.#allows("windowUpdates")) return false;
    const increment = streamIdAt(bytes, start);
    const { sender } = state;
    if (id === 0) {
      if (increment === 0) return state.fail(ErrorCode.protocolError);
      sender.window += increment;
      if (sender.window > windowBytesMax) return state.fail(ErrorCode.flowControlError);
    } else {
      const stream = state.find(id);
      // Updates for a stream that has just been closed are normal.
      if (stream === null) return !state.isIdle(id) || state.fail(ErrorCode.protocolError);
      if (increment === 0) return state.faultStream(stream, ErrorCode.protocolError);
      if (!sender.adjust(stream, increment)) {
        return state.faultStream(stream, ErrorCode.flowControlError);
      }
    }
    sender.flush();
    return !state.isFailed;
  }

  #onReset(id: number, bytes: Uint8Array, start: number, end: number): boolean {
    const state = this.#state;
    if (end - start !== 4) return state.fail(ErrorCode.frameSizeError);
    if (id === 0 || state.isIdle(id)) return state.fail(ErrorCode.protocolError);
    const stream = state.find(id);
    if (stream === null) return this.#allows("strayFrames");
    return state.resetByPeer(stream, uint32At(bytes, start));
  }

  #onPing(flags: number, id: number, bytes: Uint8Array, start: number, end: number): boolean {
    const state = this.#state;
    if (id !== 0) return state.fail(ErrorCode.protocolError);
    if (end - start !== 8) return state.fail(ErrorCode.frameSizeError);
    if ((flags & Flag.ack) !== 0) {
      this.#onPong(bytes[start]);
      return this.#allows("strayFrames");
    }
    if (!this.#allows("pings")) return false;
    const { frames } = state.space;
    frames.clear();
    frames.ping(true, bytes, start);
    return this.#answer();
  }

  /** Deprecated (RFC 9113 5.3), so only checked: h2spec and RFC 7540 ask for that. */
  #onPriority(id: number, bytes: Uint8Array, start: number, end: number): boolean {
    const state = this.#state;
    if (id === 0) return state.fail(ErrorCode.protocolError);
    if (!this.#allows("priorities")) return false;
    const code = end - start !== 5
      ? ErrorCode.frameSizeError
      : streamIdAt(bytes, start) === id
      ? ErrorCode.protocolError
      : 0;
    if (code === 0) return true;
    const stream = state.find(id);
    if (stream !== null) return state.faultStream(stream, code);
    // A stream that is idle cannot be reset (RFC 9113 6.4).
    return state.isIdle(id) ? state.fail(code) : state.faultUnopened(id, code);
  }

  #onPriorityUpdate(id: number, bytes: Uint8Array, start: number, end: number): boolean {
    const state = this.#state;
    if (id !== 0 || !state.options.isServer) return state.fail(ErrorCode.protocolError);
    if (end - start < 4) return state.fail(ErrorCode.frameSizeError);
    if (!this.#allows("priorities")) return false;
    const target = streamIdAt(bytes, start);
    if ((target & 1) === 0) return state.fail(ErrorCode.protocolError);
    const priority = readPriority(bytes, start + 4, end);
    const stream = state.find(target);
    if (stream !== null) {
      stream.isPrioritized = true;
      state.sender.order.reprioritize(stream, priority);
    } else if (state.isIdle(target)) this.#early.set(target, priority);
    return true;
  }

  #onGoaway(id: number, bytes: Uint8Array, start: number, end: number): boolean {
    const state = this.#state;
    if (id !== 0) return state.fail(ErrorCode.protocolError);
    if (end - start < 8) return state.fail(ErrorCode.frameSizeError);
    const lastId = streamIdAt(bytes, start);
    const code = uint32At(bytes, start + 4);
    if (state.options.isServer) {
      // It means our pushed streams, of which there are none: the client opens no more streams.
      state.sink.onGoaway(streamIdMax, code);
      return this.#allows("strayFrames");
    }
    // RFC 9113 6.8: a later GOAWAY may only lower it.
    if (lastId > state.peerAcceptedIdMax) return state.fail(ErrorCode.protocolError);
    state.peerAcceptedIdMax = lastId;
    state.sink.onGoaway(lastId, code);
    for (const stream of state.streams.all() as T[]) {
      if (stream.id > lastId) state.resetByPeer(stream, ErrorCode.refusedStream);
    }
    return !state.isFailed;
  }

  #allows(name: "settings" | "pings" | "priorities" | "windowUpdates" | "strayFrames"): boolean {
    const state = this.#state;
    return state.guard.allows(name, state.nowMs) || state.calm(name);
  }

  /** Writes the answer in `space.frames`, unless too many wait for a peer that does not read. */
  #answer(): boolean {
    const { guard, output, space } = this.#state;
    if (!guard.allowsAnswer(output.isBlocked)) return this.#state.calm("waitingAnswersMax");
    output.write(space.frames.bytes, 0, space.frames.length);
    return true;
  }
}
