import {
  Flag,
  frameHeaderBytes,
  FrameType,
  initialWindowBytes,
  windowBytesMax,
  writableFrameBytes,
  writtenFrameBytesMax,
} from "../frames/constants.ts";
import { writeFrameHeader } from "../frames/frame_writer.ts";
import type { Guard } from "../guard/guard.ts";
import { incrementalBit } from "../priority/priority_field.ts";
import { SendOrder } from "../priority/send_order.ts";
import type { HeadSpace } from "./head_space.ts";
import type { PeerSettings } from "./peer_settings.ts";
import type { SessionOutput } from "./session_sink.ts";
import type { Stream } from "./stream.ts";

/** What an incremental stream sends before another one has its turn. */
const turnBytes = writtenFrameBytesMax;
/** DATA that a window makes smaller than this counts as tiny. */
const tinyBytes = 256;

/** What the sender needs of its session. */
export interface SenderHost<T extends Stream> {
  readonly space: HeadSpace;
  readonly output: SessionOutput;
  readonly peer: PeerSettings;
  readonly guard: Guard;
  readonly nowMs: number;
  /** The stream may send more of what `writeData` did not take. */
  onWritable(stream: T): void;
  /** END_STREAM was sent. */
  onLocalEnd(stream: T): void;
  /** The peer's window is opened by a few bytes at a time, too often. */
  onTinyWindows(): void;
}

/** The sending side of a session: DATA within the peer's windows, in the order of priorities. */
export class Sender<T extends Stream> {
  readonly order = new SendOrder<T>();
  /** Bytes of DATA that the peer lets us send on the connection. */
  window: number = initialWindowBytes;
  readonly #host: SenderHost<T>;
  /** The stream whose turn it is, while `flush` runs. */
  #turn: T | null = null;
  /** What is left of its turn. */
  #turnLeft = 0;

  constructor(host: SenderHost<T>) {
    this.#host = host;
  }

  /** Sends a field block as HEADERS. */
  writeBlock(stream: T, block: Uint8Array, start: number, end: number, ends: boolean): void {
    const { space, peer, output } = this.#host;
    const { frames } = space;
    const frameMax = writableFrameBytes(peer.frameBytesMax);
    const length = end - start;
    frames.clear();
    if (length <= frameMax) {
      const flags = Flag.endHeaders | (ends ? Flag.endStream : 0);
      frames.header(length, FrameType.headers, flags, stream.id);
      output.write(frames.bytes, 0, frames.length);
      output.write(block, start, end);
    } else {
      frames.headers(stream.id, block, start, end, ends, frameMax);
      output.write(frames.bytes, 0, frames.length);
    }
    if (ends) this.#host.onLocalEnd(stream);
  }

  /**
   * Sends as much of `[start, end)` as the windows, the output and other streams allow, with
   * END_STREAM if `ends` and all of it was taken. Returns how many bytes were. When some were not,
   * `onWritable` follows as soon as there is room.
   */
  writeData(stream: T, bytes: Uint8Array, start: number, end: number, ends: boolean): number {
    const taken = this.#roomFor(stream, end - start);
    const limit = start + taken;
    const endsNow = ends && limit === end;
    if (taken > 0 || endsNow) this.#writeFrames(stream, bytes, start, limit, endsNow);
    if (limit < end) this.#wait(stream);
    else if (endsNow) this.#host.onLocalEnd(stream);
    return taken;
  }

  /** Whether `count` bytes of DATA can be sent at once, in one frame. */
  canSend(stream: T, count: number): boolean {
    return count <= this.window && count <= stream.sendWindow && this.order.count === 0 &&
      !this.#host.output.isBlocked;
  }

  /** DATA of `count` bytes was written by somebody else. */
  noteSent(stream: T, count: number): void {
    this.window -= count;
    stream.sendWindow -= count;
    this.#host.guard.noteDataSent(count);
  }

  /** Lets streams that wait send, the most urgent first. Call it when the output has room again. */
  flush(): void {
    if (this.#turn !== null) return;
    const { output } = this.#host;
    while (this.window > 0 && !output.isBlocked) {
      const stream = this.order.peek();
      if (stream === null) break;
      this.order.remove(stream);
      this.#turn = stream;
      const yields = (stream.priority & incrementalBit) !== 0 && this.order.count > 0;
      this.#turnLeft = yields ? turnBytes : windowBytesMax;
      this.#host.onWritable(stream);
    }
    this.#turn = null;
  }

  /** The stream's window has changed by `change`; false when it is larger than allowed. */
  adjust(stream: T, change: number): boolean {
    stream.sendWindow += change;
    if (stream.sendWindow > windowBytesMax) return false;
    if (stream.isStalled && stream.sendWindow > 0) {
      stream.isStalled = false;
      this.order.add(stream);
    }
    return true;
  }

  /** The stream is closed. */
  forget(stream: T): void {
    this.order.remove(stream);
    stream.isStalled = false;
  }

  #roomFor(stream: T, wanted: number): number {
    if (wanted === 0 || this.#host.output.isBlocked) return 0;
    const isTurn = this.#turn === stream;
    if (!isTurn && this.order.count > 0) return 0;
    const windows = Math.min(this.window, stream.sendWindow);
    const room = Math.max(0, Math.min(wanted, windows));
    if (room > 0 && room < tinyBytes && room < wanted) {
      const { guard, nowMs } = this.#host;
      if (!guard.allows("tinyWindows", nowMs)) {
        this.#host.onTinyWindows();
        return 0;
      }
    }
    if (!isTurn) return room;
    const taken = Math.min(room, this.#turnLeft);
    this.#turnLeft -= taken;
    return taken;
  }

  #wait(stream: T): void {
    // The output may have ended the session.
    if (stream.id === 0) return;
    if (stream.sendWindow <= 0) stream.isStalled = true;
    // One that is not incremental keeps its place until it is done (RFC 9218 10).
    else if (this.#turn === stream && (stream.priority & incrementalBit) === 0) {
      this.order.addFirst(stream);
    } else this.order.add(stream);
  }

  #writeFrames(stream: T, bytes: Uint8Array, start: number, end: number, ends: boolean): void {
    const { space, peer, output, guard } = this.#host;
    const frameMax = writableFrameBytes(peer.frameBytesMax);
    const header = space.frames;
    let at = start;
    do {
      const length = Math.min(end - at, frameMax);
      const isLast = at + length === end;
      header.clear();
      header.reserve(frameHeaderBytes);
      const flags = isLast && ends ? Flag.endStream : 0;
      writeFrameHeader(header.bytes, 0, length, FrameType.data, flags, stream.id);
      output.write(header.bytes, 0, frameHeaderBytes);
      if (length > 0) output.write(bytes, at, at + length);
      at += length;
      guard.noteDataSent(length);
    } while (at < end);
    this.window -= end - start;
    stream.sendWindow -= end - start;
  }
}
