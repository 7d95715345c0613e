/** One HTTP/2 connection, of a server or a client: bytes in, events out (RFC 9113). */
import { Method } from "../../http/method.ts";
import { ErrorCode } from "../frames/error_code.ts";
import {
  clientPreface,
  frameHeaderBytes,
  FrameType,
  initialTableBytes,
  initialWindowBytes,
  SettingId,
  streamIdMax,
  windowBytesMax,
} from "../frames/constants.ts";
import { FrameFault, FrameReader, type FrameSink } from "../frames/frame_reader.ts";
import { writeUint32 } from "../frames/byte_writer.ts";
import type { HpackEncoder } from "../hpack/encoder.ts";
import { Closed } from "./closed_streams.ts";
import { ControlFrames } from "./control_frames.ts";
import { DataFrames } from "./data_frames.ts";
import { EarlyPriorities } from "./early_priorities.ts";
import { HeadFrames } from "./head_frames.ts";
import type { HeadSpace } from "./head_space.ts";
import type { PeerSettings } from "./peer_settings.ts";
import type { PreparedResponse } from "./prepared_response.ts";
import type { SessionOptions } from "./session_options.ts";
import type { SessionOutput, SessionSink } from "./session_sink.ts";
import { SessionState } from "./session_state.ts";
import type { Stream } from "./stream.ts";

/** First bytes of our PINGs. */
const Ping = { drain: 1, owner: 2 } as const;
const pingPayload = new Uint8Array(8);

export class Session<T extends Stream = Stream> implements FrameSink {
  /** GOAWAY was sent: no new streams, and the connection ends with the last one. */
  isDraining = false;
  readonly #state: SessionState<T>;
  readonly #reader: FrameReader;
  readonly #heads: HeadFrames<T>;
  readonly #data: DataFrames<T>;
  readonly #control: ControlFrames<T>;
  /** Bytes of the client's preface that have arrived. */
  #prefaceBytes = 0;
  #hasSettings = false;

  /** `space` is shared by the sessions of a thread. Call `start` next. */
  constructor(
    options: SessionOptions,
    sink: SessionSink<T>,
    output: SessionOutput,
    space: HeadSpace,
  ) {
    this.#state = new SessionState<T>(options, sink, output, space);
    this.#reader = new FrameReader(this);
    const early = new EarlyPriorities();
    this.#heads = new HeadFrames<T>(this.#state, early);
    this.#data = new DataFrames<T>(this.#state);
    this.#control = new ControlFrames<T>(this.#state, early, (mark) => this.#onPong(mark));
    if (!options.isServer) this.#prefaceBytes = clientPreface.length;
  }

  /** Streams that are open. */
  get streamCount(): number {
    return this.#state.streams.count;
  }

  /** The session has ended by a fault of the peer. */
  get isFailed(): boolean {
    return this.#state.isFailed;
  }

  /** The peer's SETTINGS have arrived. */
  get isSettled(): boolean {
    return this.#hasSettings;
  }

  /** A frame or a field section has begun and is incomplete: a slow peer's deadline runs. */
  get isPartial(): boolean {
    return this.#reader.isPartial || this.#heads.openId !== 0;
  }

  /**
   * Identifies the frame other than DATA, or the field section, that has begun and is incomplete; 0:
   * there is none. The same number means that it is still the same one.
   */
  get partialMark(): number {
    const { openId } = this.#heads;
    if (openId !== 0) return -openId;
    return this.#reader.isHolding ? this.#reader.frameCount + 1 : 0;
  }

  /** The last GOAWAY was sent: no stream above its identifier is accepted. */
  get isLeaving(): boolean {
    return this.#state.acceptedIdMax !== Infinity;
  }

  get peer(): PeerSettings {
    return this.#state.peer;
  }

  /** Puts field blocks together in `HeadSpace.block`, for `writeHead`. */
  get encoder(): HpackEncoder {
    return this.#state.encoder;
  }

  /** Client: a new stream may be opened. */
  get canOpen(): boolean {
    const { isFailed, nextOwnId, peerAcceptedIdMax, streams, peer } = this.#state;
    return !isFailed && !this.isDraining && peerAcceptedIdMax === Infinity &&
      nextOwnId <= streamIdMax && streams.count < peer.streamsMax;
  }

  /** Sends what the connection begins with: a client's preface, SETTINGS, the connection's window. */
  start(): void {
    const { options, output, space, credit } = this.#state;
    const { frames } = space;
    frames.clear();
    if (!options.isServer) frames.copy(clientPreface, 0, clientPreface.length);
    frames.settings(ourSettings(options));
    const increment = options.connectionWindowBytes - initialWindowBytes;
    if (increment > 0) {
      frames.windowUpdate(0, increment);
      credit.window += increment;
    }
    output.write(frames.bytes, 0, frames.length);
  }

  /** Bytes from the peer. `nowMs`: monotonic time, for the guard. */
  receive(bytes: Uint8Array, start: number, end: number, nowMs: number): void {
    const state = this.#state;
    state.nowMs = nowMs;
    if (state.isFailed) return;
    let at = start;
    while (this.#prefaceBytes < clientPreface.length && at < end) {
      if (bytes[at++] === clientPreface[this.#prefaceBytes++]) continue;
      state.fail(ErrorCode.protocolError, "preface");
      return;
    }
    state.updates.beginRead();
    this.#reader.read(bytes, at, end);
    state.updates.endRead();
  }

  /** Client: opens a stream for a request, whose head must be written before another is opened. */
  open(requestMethod: Method): T {
    if (!this.canOpen) throw new Error("Cannot open a stream: see Session.canOpen");
    const state = this.#state;
    const stream = state.openStream(state.nextOwnId);
    state.nextOwnId += 2;
    stream.requestMethod = requestMethod;
    return stream;
  }

  /**
   * Sends a head or trailers: the field block `[start, end)`, which `encoder` made for this
   * connection, in the order of the blocks. `ends`: nothing follows.
   */
  writeHead(stream: T, block: Uint8Array, start: number, end: number, ends: boolean): void {
    if (stream.localClosed) return;
    this.#state.sender.writeBlock(stream, block, start, end, ends);
  }

  /**
   * Sends as much of `[start, end)` as the windows and the output allow, with END_STREAM if `ends`
   * and all of it was taken. Returns how many bytes were taken; `onWritable` follows when it was not
   * all. Empty and `ends`: ends the stream at once.
   */
  writeData(stream: T, bytes: Uint8Array, start: number, end: number, ends: boolean): number {
    if (stream.localClosed) return end - start;
    return this.#state.sender.writeData(stream, bytes, start, end, ends);
  }

  /** Sends a whole prepared response in one write; false when windows or output do not allow it. */
  writePrepared(stream: T, response: PreparedResponse): boolean {
    const { sender, output } = this.#state;
    if (stream.localClosed) return true;
    // A new size of the table has to be in the next block (RFC 7541 4.2), which is made for all.
    if (this.encoder.hasNewSize) return false;
    const { bytes, bodyBytes, dataAt } = response;
    if (bodyBytes > 0) {
      if (!sender.canSend(stream, bodyBytes)) return false;
      writeUint32(bytes, dataAt + frameHeaderBytes - 4, stream.id);
      sender.noteSent(stream, bodyBytes);
    }
    writeUint32(bytes, frameHeaderBytes - 4, stream.id);
    output.write(bytes, 0, bytes.length);
    this.#state.onLocalEnd(stream);
    return true;
  }

  /** Streams have something to send and wait for their turn, or for the connection's window. */
  get hasWaiting(): boolean {
    return this.#state.sender.order.count > 0;
  }

  /** Sets the urgency of a stream, unless its peer has given one (RFC 9218 8). */
  suggestUrgency(stream: T, urgency: number): void {
    if (!stream.isPrioritized) this.#state.sender.order.reprioritize(stream, urgency);
  }

  /** The owner has passed on `count` bytes of the stream's body: the peer may send as many more. */
  consumed(stream: T, count: number): void {
    if (stream.id === 0) return;
    this.#state.credit.release(stream, count);
    this.#state.updates.announce(stream);
  }

  /** Ends a stream of which the owner wants no more. `onReset` does not follow. */
  reset(stream: T, code: number): void {
    if (stream.id === 0) return;
    this.#state.writeReset(stream.id, code);
    this.#state.close(stream, Closed.resetByUs);
  }

  /** The output has room again: streams that wait may send. */
  flush(): void {
    this.#state.sender.flush();
  }

  /**
   * Server: announces the end in two steps (RFC 9113 6.8). Streams that the client opened before it
   * heard of it are still accepted until it has answered a PING, or until `drainNow`.
   */
  drain(): void {
    if (this.isDraining || this.isFailed) return;
    this.isDraining = true;
    this.#state.writeGoaway(streamIdMax, ErrorCode.noError);
    this.#ping(Ping.drain);
  }

  /** Server: the second step. Client: tells the server that it is leaving. */
  drainNow(): void {
    const state = this.#state;
    if (state.acceptedIdMax !== Infinity || this.isFailed) return;
    this.isDraining = true;
    state.acceptedIdMax = state.lastPeerId;
    state.writeGoaway(state.lastPeerId, ErrorCode.noError);
  }

  /** Asks the peer for a sign of life: `onPong` follows. */
  ping(): void {
    this.#ping(Ping.owner);
  }

  /** The transport has ended: every stream is reported as reset with `code`. */
  end(code: number): void {
    this.#reader.stop();
    this.#state.isFailed = true;
    this.#state.endStreams(code);
  }

  /** Ends the session for a reason of the owner's, such as a deadline: GOAWAY, then as `end`. */
  fail(code: number): void {
    if (this.isFailed) return;
    this.#state.writeGoaway(this.#state.lastPeerId, code);
    this.end(code);
  }

  /** The streams that are open. */
  streams(): T[] {
    return this.#state.streams.all() as T[];
  }

  onFrame(
    type: number,
    flags: number,
    streamId: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): boolean {
    if (this.#heads.openId !== 0 && type !== FrameType.continuation) return this.#refuse();
    if (!this.#hasSettings) {
      if (type !== FrameType.settings || (flags & 1) !== 0) return this.#refuse();
      this.#hasSettings = true;
    }
    if (type === FrameType.headers) {
      return this.#heads.onHeaders(flags, streamId, bytes, start, end);
    }
    if (type === FrameType.continuation) {
      return this.#heads.onContinuation(flags, streamId, bytes, start, end);
    }
    return this.#control.onFrame(type, flags, streamId, bytes, start, end);
  }

  onDataStart(streamId: number, flags: number, length: number, padBytes: number): boolean {
    if (this.#heads.openId !== 0 || !this.#hasSettings) return this.#refuse();
    return this.#data.begin(streamId, flags, length, padBytes);
  }

  onDataPart(bytes: Uint8Array, start: number, end: number): boolean {
    return this.#data.part(bytes, start, end);
  }

  onDataEnd(): boolean {
    return this.#data.end();
  }

  onFrameFault(fault: FrameFault): void {
    this.#state.fail(
      fault === FrameFault.tooLarge ? ErrorCode.frameSizeError : ErrorCode.protocolError,
    );
  }

  #refuse(): false {
    return this.#state.fail(ErrorCode.protocolError);
  }

  #onPong(mark: number): void {
    if (mark === Ping.drain && this.isDraining) this.drainNow();
    else if (mark === Ping.owner) this.#state.sink.onPong();
  }

  #ping(mark: number): void {
    const { output, space } = this.#state;
    pingPayload[0] = mark;
    space.frames.clear();
    space.frames.ping(false, pingPayload, 0);
    output.write(space.frames.bytes, 0, space.frames.length);
  }
}

function ourSettings(options: SessionOptions): readonly (readonly [number, number])[] {
  const { isServer, tableBytesMax, streamWindowBytes } = options;
  const pairs: (readonly [number, number])[] = [];
  if (tableBytesMax !== initialTableBytes) pairs.push([SettingId.headerTableSize, tableBytesMax]);
  if (isServer) pairs.push([SettingId.maxConcurrentStreams, options.streamsMax]);
  else pairs.push([SettingId.enablePush, 0]);
  const windowBytes = Math.min(streamWindowBytes, windowBytesMax);
  if (windowBytes !== initialWindowBytes) pairs.push([SettingId.initialWindowSize, windowBytes]);
  pairs.push([SettingId.maxHeaderListSize, options.limits.headBytesMax]);
  if (isServer && options.allowsConnect) pairs.push([SettingId.enableConnectProtocol, 1]);
  pairs.push([SettingId.noRfc7540Priorities, 1]);
  return pairs;
}
