/** The queue of frames that a WebSocket has yet to send. */
import type { Socket } from "../../net/reactor.ts";
import { textFrameBytesMax, writeTextFrame } from "../../web_socket/frames.ts";

/** Frames up to this size are joined, so that many are sent with one send(2). */
const joinedBytesMax = 4096;
const chunkBytes = 16_384;
/** Number of sent chunks at the front of the queue after which the array is compacted. */
const sentChunksMax = 256;

/** A chunk that was sent, for the next queue: output mostly leaves at once. */
let spare: Uint8Array | null = null;

export class FrameQueue {
  readonly #chunks: Uint8Array[] = [];
  /** Index of the first unsent chunk, and how many of its bytes were sent. */
  #first = 0;
  #sent = 0;
  /** Bytes used of the last chunk when it joins small frames; 0: it is one large frame. */
  #joined = 0;
  #bytes = 0;

  /** Queued bytes. */
  get length(): number {
    return this.#bytes;
  }

  push(frame: Uint8Array): void {
    if (frame.length === 0) return;
    if (frame.length > joinedBytesMax) {
      this.#bytes += frame.length;
      this.#seal();
      this.#chunks.push(frame);
      return;
    }
    this.#chunkFor(frame.length).set(frame, this.#joined);
    this.#join(this.#joined + frame.length);
  }

  /** Pushes the frame of a text; false: it is too large to be joined. */
  pushText(text: string): boolean {
    const bytesMax = textFrameBytesMax(text.length);
    if (bytesMax > joinedBytesMax) return false;
    this.#join(writeTextFrame(this.#chunkFor(bytesMax), this.#joined, text));
    return true;
  }

  /** The last chunk, with room for so many bytes. */
  #chunkFor(byteCount: number): Uint8Array {
    if (this.#joined === 0 || this.#joined + byteCount > chunkBytes) {
      this.#seal();
      this.#chunks.push(spare ?? new Uint8Array(chunkBytes));
      spare = null;
    }
    return this.#chunks[this.#chunks.length - 1];
  }

  /** The last chunk is used up to `end`. */
  #join(end: number): void {
    this.#bytes += end - this.#joined;
    this.#joined = end;
  }

  /** Writes queued bytes to the socket. Returns how many it accepted. */
  flush(socket: Socket): number {
    const before = this.#bytes;
    while (this.#bytes > 0) {
      const chunk = this.#chunks[this.#first];
      const isTail = this.#first === this.#chunks.length - 1;
      const end = isTail && this.#joined > 0 ? this.#joined : chunk.length;
      const sent = socket.write(chunk, this.#sent, end);
      this.#sent += sent;
      this.#bytes -= sent;
      if (this.#sent < end) break;
      this.#sent = 0;
      this.#first++;
      if (!isTail || this.#joined === 0) continue;
      this.#joined = 0;
      spare = chunk;
    }
    if (this.#first > sentChunksMax || this.#first === this.#chunks.length) this.#compact();
    return before - this.#bytes;
  }

  /** Drops what was sent. */
  #compact(): void {
    // Mostly one, and without `splice` the list keeps its memory.
    if (this.#chunks.length === 1) this.#chunks.pop();
    else this.#chunks.splice(0, this.#first);
    this.#first = 0;
  }

  /** Closes the chunk of joined frames. */
  #seal(): void {
    if (this.#joined === 0) return;
    const last = this.#chunks.length - 1;
    this.#chunks[last] = this.#chunks[last].subarray(0, this.#joined);
    this.#joined = 0;
  }
}
