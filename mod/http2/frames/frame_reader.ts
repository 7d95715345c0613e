import { Flag, frameBytesMin, frameHeaderBytes, FrameType } from "./constants.ts";

const noBytes = new Uint8Array(0);

/** Takes what a `FrameReader` finds. Every method returns false to stop reading for good. */
export interface FrameSink {
  /** A whole frame other than DATA; the bytes are valid until the call returns. */
  onFrame(
    type: number,
    flags: number,
    streamId: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): boolean;
  /**
   * A DATA frame begins. `length`: its payload, which counts for flow control. `padBytes`: padding at
   * its end, the pad length field not included.
   */
  onDataStart(streamId: number, flags: number, length: number, padBytes: number): boolean;
  /** A part of the data, without padding. */
  onDataPart(bytes: Uint8Array, start: number, end: number): boolean;
  /** The last byte of the DATA frame has arrived. */
  onDataEnd(): boolean;
  /** A frame larger than we accept, or padding that is larger than its frame. Reading stops. */
  onFrameFault(fault: FrameFault, type: number): void;
}

export const FrameFault = { tooLarge: 1, padding: 2 } as const;
export type FrameFault = typeof FrameFault[keyof typeof FrameFault];

/**
 * Finds frames in the bytes of one connection. DATA is passed on as it arrives, without copying; any
 * other frame is passed on whole, and copied only when it arrives in several reads.
 */
export class FrameReader {
  /** Counts the frames that were begun, or passed on whole; wraps around. */
  frameCount = 0;
  #stopped = false;
  /** The beginning of a frame that is incomplete: its header, then its payload unless it is DATA. */
  #held = noBytes;
  #heldBytes = 0;
  /** Bytes of the current DATA frame still to come, without padding. */
  #dataLeft = 0;
  #padLeft = 0;
  #inData = false;
  readonly #sink: FrameSink;

  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  /** A frame has begun and is incomplete. */
  get isPartial(): boolean {
    return this.#heldBytes > 0 || this.#inData;
  }

  /** The same for frames other than DATA. */
  get isHolding(): boolean {
    return this.#heldBytes > 0;
  }

  /** Ends reading: bytes that arrive from now on are dropped. */
  stop(): void {
    this.#stopped = true;
    this.#held = noBytes;
  }

  /** Reads all of `[start, end)`. */
  read(bytes: Uint8Array, start: number, end: number): void {
    let at = start;
    while (at < end && !this.#stopped) {
      if (this.#inData) at = this.#readData(bytes, at, end);
      else if (this.#heldBytes > 0) at = this.#complete(bytes, at, end);
      else at = this.#readFrame(bytes, at, end);
    }
  }

  /** A frame at `at`: handled when it is whole or DATA, else held. Returns the offset after it. */
  #readFrame(bytes: Uint8Array, at: number, end: number): number {
    const available = end - at;
    if (available < frameHeaderBytes) return this.#hold(bytes, at, end, frameHeaderBytes);
    const length = bytes[at] << 16 | bytes[at + 1] << 8 | bytes[at + 2];
    const type = bytes[at + 3];
    if (length > frameBytesMin) return this.#fail(FrameFault.tooLarge, type, end);
    if (type === FrameType.data) {
      const isPadded = (bytes[at + 4] & Flag.padded) !== 0;
      // The pad length is needed to know where the data ends.
      if (isPadded && length > 0 && available === frameHeaderBytes) {
        return this.#hold(bytes, at, end, frameHeaderBytes + 1);
      }
      return this.#beginData(bytes, at, end, length, isPadded);
    }
    const whole = frameHeaderBytes + length;
    if (available < whole) return this.#hold(bytes, at, end, whole);
    this.#passOn(bytes, at, at + whole);
    return at + whole;
  }

  #passOn(bytes: Uint8Array, at: number, end: number): void {
    this.frameCount = (this.frameCount + 1) & 0x3fffffff;
    const goesOn = this.#sink.onFrame(
      bytes[at + 3],
      bytes[at + 4],
      streamIdAt(bytes, at + 5),
      bytes,
      at + frameHeaderBytes,
      end,
    );
    if (!goesOn) this.stop();
  }

  #beginData(
    bytes: Uint8Array,
    at: number,
    end: number,
    length: number,
    isPadded: boolean,
  ): number {
    const from = at + frameHeaderBytes;
    let padBytes = 0;
    if (isPadded) {
      if (length > 0) padBytes = bytes[from];
      if (padBytes >= length) return this.#fail(FrameFault.padding, FrameType.data, end);
    }
    this.frameCount = (this.frameCount + 1) & 0x3fffffff;
    this.#inData = true;
    this.#padLeft = padBytes;
    this.#dataLeft = length - padBytes - (isPadded ? 1 : 0);
    if (!this.#sink.onDataStart(streamIdAt(bytes, at + 5), bytes[at + 4], length, padBytes)) {
      this.stop();
      return end;
    }
    return this.#readData(bytes, from + (isPadded ? 1 : 0), end);
  }

  #readData(bytes: Uint8Array, at: number, end: number): number {
    const dataEnd = Math.min(end, at + this.#dataLeft);
    if (dataEnd > at) {
      this.#dataLeft -= dataEnd - at;
      if (!this.#sink.onDataPart(bytes, at, dataEnd)) {
        this.stop();
        return end;
      }
    }
    const padEnd = Math.min(end, dataEnd + this.#padLeft);
    this.#padLeft -= padEnd - dataEnd;
    if (this.#dataLeft === 0 && this.#padLeft === 0) {
      this.#inData = false;
      if (!this.#sink.onDataEnd()) this.stop();
    }
    return padEnd;
  }

  /** Adds to the held frame as much as it needs; handles it when that is enough. */
  #complete(bytes: Uint8Array, at: number, end: number): number {
    const held = this.#heldBytes;
    const whole = this.#wholeBytes();
    const next = Math.min(end, at + whole - held);
    this.#hold(bytes, at, next, whole);
    if (this.#heldBytes < whole) return next;
    // With its header complete the frame may turn out to be longer, too large, or DATA.
    const buffer = this.#held;
    const length = this.#heldBytes;
    this.#held = noBytes;
    this.#heldBytes = 0;
    this.#readFrame(buffer, 0, length);
    return next;
  }

  /** Bytes of the held frame that are needed before the next decision. */
  #wholeBytes(): number {
    const held = this.#held;
    if (this.#heldBytes < frameHeaderBytes) return frameHeaderBytes;
    // DATA is only held for its pad length.
    if (held[3] === FrameType.data) return frameHeaderBytes + 1;
    return frameHeaderBytes + (held[0] << 16 | held[1] << 8 | held[2]);
  }

  #hold(bytes: Uint8Array, at: number, end: number, room: number): number {
    if (this.#held.length < room) {
      const larger = new Uint8Array(room);
      larger.set(this.#held.subarray(0, this.#heldBytes));
      this.#held = larger;
    }
    if (at < end) this.#held.set(bytes.subarray(at, end), this.#heldBytes);
    this.#heldBytes += end - at;
    return end;
  }

  #fail(fault: FrameFault, type: number, end: number): number {
    this.stop();
    this.#sink.onFrameFault(fault, type);
    return end;
  }
}

/** The 31 bits of a stream identifier at `at`; the reserved bit is ignored (RFC 9113 4.1). */
export function streamIdAt(bytes: Uint8Array, at: number): number {
  return (bytes[at] & 0x7f) << 24 | bytes[at + 1] << 16 | bytes[at + 2] << 8 | bytes[at + 3];
}

/** The 32 bits at `at`, without sign. */
export function uint32At(bytes: Uint8Array, at: number): number {
  return (bytes[at] << 24 | bytes[at + 1] << 16 | bytes[at + 2] << 8 | bytes[at + 3]) >>> 0;
}
