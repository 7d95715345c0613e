import { ByteWriter, writeUint32 } from "./byte_writer.ts";
import { Flag, frameHeaderBytes, FrameType } from "./constants.ts";

/** Builds frames one after the other in a buffer that is reused; it grows as needed. */
export class FrameWriter extends ByteWriter {
  /** The header of a frame with `length` bytes of payload. */
  header(length: number, type: number, flags: number, streamId: number): void {
    this.reserve(frameHeaderBytes);
    writeFrameHeader(this.bytes, this.length, length, type, flags, streamId);
    this.length += frameHeaderBytes;
  }

  /** HEADERS, and CONTINUATION for what exceeds `frameBytesMax` (RFC 9113 6.10). */
  headers(
    streamId: number,
    block: Uint8Array,
    start: number,
    end: number,
    endStream: boolean,
    frameBytesMax: number,
  ): void {
    let at = start;
    let type: number = FrameType.headers;
    let flags: number = endStream ? Flag.endStream : 0;
    do {
      const length = Math.min(end - at, frameBytesMax);
      if (at + length === end) flags |= Flag.endHeaders;
      this.header(length, type, flags, streamId);
      this.copy(block, at, at + length);
      at += length;
      type = FrameType.continuation;
      flags = 0;
    } while (at < end);
  }

  rstStream(streamId: number, code: number): void {
    this.header(4, FrameType.rstStream, 0, streamId);
    this.uint32(code);
  }

  /** `pairs`: identifier and value of each setting. */
  settings(pairs: readonly (readonly [id: number, value: number])[]): void {
    this.header(6 * pairs.length, FrameType.settings, 0, 0);
    this.reserve(6 * pairs.length);
    for (const [id, value] of pairs) {
      this.bytes[this.length++] = id >> 8;
      this.bytes[this.length++] = id;
      this.uint32(value);
    }
  }

  settingsAck(): void {
    this.header(0, FrameType.settings, Flag.ack, 0);
  }

  /** `[start, start + 8)` of `payload` is the opaque data. */
  ping(isAck: boolean, payload: Uint8Array, start: number): void {
    this.header(8, FrameType.ping, isAck ? Flag.ack : 0, 0);
    this.copy(payload, start, start + 8);
  }

  goaway(lastId: number, code: number): void {
    this.header(8, FrameType.goaway, 0, 0);
    this.uint32(lastId);
    this.uint32(code);
  }

  /** `increment`: 1 to 2^31-1. */
  windowUpdate(streamId: number, increment: number): void {
    this.header(4, FrameType.windowUpdate, 0, streamId);
    this.uint32(increment);
  }

  /** `value`: a priority field value such as `u=3, i` (RFC 9218 7.1), as bytes. */
  priorityUpdate(streamId: number, value: Uint8Array): void {
    this.header(4 + value.length, FrameType.priorityUpdate, 0, 0);
    this.uint32(streamId);
    this.copy(value, 0, value.length);
  }
}

/** Writes the 9 bytes of a frame header at `at`. */
export function writeFrameHeader(
  bytes: Uint8Array,
  at: number,
  length: number,
  type: number,
  flags: number,
  streamId: number,
): void {
  bytes[at] = length >> 16;
  bytes[at + 1] = length >> 8;
  bytes[at + 2] = length;
  bytes[at + 3] = type;
  bytes[at + 4] = flags;
  writeUint32(bytes, at + 5, streamId);
}
