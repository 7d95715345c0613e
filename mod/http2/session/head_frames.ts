/** HEADERS and CONTINUATION: requests, responses and trailers. */
import { ErrorCode } from "../frames/error_code.ts";
import type { FieldSection } from "../fields/field_section.ts";
import { describeFault } from "../fields/faults.ts";
import { Flag } from "../frames/constants.ts";
import { streamIdAt } from "../frames/frame_reader.ts";
import { defaultUrgency, readPriority } from "../priority/priority_field.ts";
import { Closed } from "./closed_streams.ts";
import type { EarlyPriorities } from "./early_priorities.ts";
import { SectionAssembler } from "./section_assembler.ts";
import type { SessionState } from "./session_state.ts";
import type { Stream } from "./stream.ts";

/** Coded bytes of a section in several frames, as a multiple of what it may decode to. */
const codedFactor = 2;

export class HeadFrames<T extends Stream> {
  readonly #state: SessionState<T>;
  readonly #early: EarlyPriorities;
  readonly #assembler = new SectionAssembler();

  constructor(state: SessionState<T>, early: EarlyPriorities) {
    this.#state = state;
    this.#early = early;
  }

  /** The stream whose section is incomplete; 0 for none. */
  get openId(): number {
    return this.#assembler.streamId;
  }

  /** HEADERS. Returns false when the session has failed; so do the others. */
  onHeaders(flags: number, id: number, bytes: Uint8Array, start: number, end: number): boolean {
    const state = this.#state;
    if (id === 0 || (id & 1) === 0) return state.fail(ErrorCode.protocolError);
    let from = start;
    let to = end;
    if ((flags & Flag.padded) !== 0) {
      if (from === to) return state.fail(ErrorCode.frameSizeError);
      const padBytes = bytes[from++];
      to -= padBytes;
      if (to < from) return state.fail(ErrorCode.protocolError);
      if (padBytes > to - from && !state.guard.allows("paddings", state.nowMs)) {
        return state.calm("paddings");
      }
    }
    let dependsOnItself = false;
    if ((flags & Flag.priority) !== 0) {
      if (to - from < 5) return state.fail(ErrorCode.frameSizeError);
      dependsOnItself = streamIdAt(bytes, from) === id;
      from += 5;
    }
    const ends = (flags & Flag.endStream) !== 0;
    if ((flags & Flag.endHeaders) !== 0) {
      return this.#onSection(id, ends, dependsOnItself, bytes, from, to);
    }
    this.#assembler.begin(id, ends, dependsOnItself, bytes, from, to);
    return true;
  }

  onContinuation(
    flags: number,
    id: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): boolean {
    const state = this.#state;
    const assembler = this.#assembler;
    if (id === 0 || id !== assembler.streamId) return state.fail(ErrorCode.protocolError);
    if (++assembler.continuations > state.guard.continuationsMax) {
      return state.calm("continuationsMax");
    }
    if (assembler.length + end - start > codedFactor * state.options.limits.headBytesMax) {
      return state.calm("listBytes");
    }
    assembler.append(bytes, start, end);
    const isLast = (flags & Flag.endHeaders) !== 0;
    if (start === end && !isLast && !state.guard.allows("emptyFrames", state.nowMs)) {
      return state.calm("emptyFrames");
    }
    if (!isLast) return true;
    const { endsStream, dependsOnItself, bytes: coded, length } = assembler;
    assembler.clear();
    return this.#onSection(id, endsStream, dependsOnItself, coded, 0, length);
  }

  #onSection(
    id: number,
    ends: boolean,
    dependsOnItself: boolean,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): boolean {
    const state = this.#state;
    const stream = state.find(id);
    if (stream !== null) {
      if (dependsOnItself) {
        if (!this.#skip(bytes, start, end)) return false;
        return state.faultStream(stream, ErrorCode.protocolError);
      }
      return state.options.isServer || stream.hasHead
        ? this.#onTrailers(stream, ends, bytes, start, end)
        : this.#onResponse(stream, ends, bytes, start, end);
    }
    if (!state.isIdle(id)) return this.#onLateSection(id, bytes, start, end);
    if (!state.options.isServer) return state.fail(ErrorCode.protocolError);
    state.lastPeerId = id;
    if (id > state.acceptedIdMax) return this.#skip(bytes, start, end);
    return this.#onRequest(id, ends, dependsOnItself, bytes, start, end);
  }

  #onRequest(
    id: number,
    ends: boolean,
    dependsOnItself: boolean,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): boolean {
    const state = this.#state;
    const { decoder, space } = state;
    const section = space.request;
    const variant = ends ? 1 : 0;
    const isKnown = space.knownRequest.isAgain(decoder, space.area, variant, bytes, start, end);
    const { revision } = decoder.table;
    if (!isKnown && !this.#decode(section, bytes, start, end)) return false;
    if (dependsOnItself) return state.faultUnopened(id, ErrorCode.protocolError);
    if (state.streams.count >= state.options.streamsMax) {
      return state.faultUnopened(id, ErrorCode.refusedStream);
    }
    if (!isKnown) {
      if (!section.conclude(ends)) return this.#onFaultyRequest(id, ends, section.fault);
      space.knownRequest.remember(decoder, revision, space.area, variant, bytes, start, end);
    }
    const { head } = section;
    const stream = state.openStream(id);
    stream.hasHead = true;
    stream.remoteClosed = ends;
    stream.requestMethod = head.method;
    stream.contentLeft = head.contentLength;
    stream.priority = this.#early.take(id);
    stream.isPrioritized = stream.priority >= 0;
    if (!stream.isPrioritized) {
      const field = head.find("priority");
      stream.isPrioritized = field >= 0;
      stream.priority = field < 0
        ? defaultUrgency
        : readPriority(head.bytes, head.fields[4 * field + 2], head.fields[4 * field + 3]);
    }
    state.sink.onRequest(stream, head, section.isHttps, ends);
    return !state.isFailed;
  }

  #onFaultyRequest(id: number, ends: boolean, fault: number): boolean {
    const state = this.#state;
    if (describeFault(fault).status === 400) {
      state.sink.onMalformed(id, fault);
      return state.faultUnopened(id, ErrorCode.protocolError);
    }
    // Whether it is answered or reset, it was for nothing.
    if (!state.guard.allows("resets", state.nowMs)) return state.calm("resets");
    const stream = state.openStream(id);
    stream.hasHead = true;
    stream.remoteClosed = ends;
    state.sink.onRefused(stream, fault, ends);
    return !state.isFailed;
  }

  #onResponse(stream: T, ends: boolean, bytes: Uint8Array, start: number, end: number): boolean {
    const state = this.#state;
    const { decoder, space } = state;
    const section = space.response;
    const { id, requestMethod } = stream;
    const variant = 2 * requestMethod + (ends ? 1 : 0);
    const { revision } = decoder.table;
    if (!space.knownResponse.isAgain(decoder, space.area, variant, bytes, start, end)) {
      if (!this.#decode(section, bytes, start, end)) return false;
      if (!section.conclude(ends, requestMethod)) return this.#onMalformed(stream, section);
      space.knownResponse.remember(decoder, revision, space.area, variant, bytes, start, end);
    }
    const { head } = section;
    if (head.status >= 200) {
      stream.hasHead = true;
      stream.remoteClosed = ends;
      stream.contentLeft = section.contentBytes(requestMethod);
    }
    state.sink.onResponse(stream, head, ends);
    if (ends) state.endRemote(stream, id);
    return !state.isFailed;
  }

  #onTrailers(stream: T, ends: boolean, bytes: Uint8Array, start: number, end: number): boolean {
    const state = this.#state;
    const section = state.space.trailers;
    const { id } = stream;
    if (!this.#decode(section, bytes, start, end)) return false;
    if (stream.remoteClosed) return state.faultStream(stream, ErrorCode.streamClosed);
    // RFC 9113 8.1: trailers end the stream.
    if (!ends || stream.contentLeft > 0) return state.faultStream(stream, ErrorCode.protocolError);
    if (!section.conclude()) return this.#onMalformed(stream, section);
    stream.remoteClosed = true;
    state.sink.onEnd(stream, section.trailers);
    state.endRemote(stream, id);
    return !state.isFailed;
  }

  #onMalformed(stream: T, section: FieldSection): boolean {
    const state = this.#state;
    state.sink.onMalformed(stream.id, section.fault);
    return state.faultStream(stream, ErrorCode.protocolError);
  }

  /** A section for a stream that is closed (RFC 9113 5.1). */
  #onLateSection(id: number, bytes: Uint8Array, start: number, end: number): boolean {
    const state = this.#state;
    const cause = state.closed.find(id);
    if (cause === Closed.resetByUs || !state.options.isServer) {
      if (!state.guard.allows("strayFrames", state.nowMs)) return state.calm("strayFrames");
      return this.#skip(bytes, start, end);
    }
    // Identifiers only go up (5.1.1): one below the last was never opened, or is closed.
    return state.fail(cause === Closed.unknown ? ErrorCode.protocolError : ErrorCode.streamClosed);
  }

  /** Decodes a section that is not used, to keep the table in step. */
  #skip(bytes: Uint8Array, start: number, end: number): boolean {
    return this.#decode(this.#state.space.trailers, bytes, start, end);
  }

  #decode(section: FieldSection, bytes: Uint8Array, start: number, end: number): boolean {
    const state = this.#state;
    const { decoder } = state;
    section.begin();
    const code = decoder.decode(bytes, start, end, section);
    if (code !== 0) {
      return state.fail(code, code === ErrorCode.enhanceYourCalm ? "listBytes" : "protocol");
    }
    if (decoder.sizeUpdates > 0 && !state.guard.allows("tableSizes", state.nowMs)) {
      return state.calm("tableSizes");
    }
    return true;
  }
}
