/** The frames that a WebSocket sends, and those that wait for a slow client. */
import type { Socket } from "../../net/reactor.ts";

/** Smaller frames are joined, so that many of them leave in one send(2). */
const joinedBytesMax = 4096;
const chunkBytes = 16_384;
/** Chunks at the front of the queue that have been sent before the array is shortened. */
const sentChunksMax = 256;

export class FrameQueue {
  readonly #chunks: Uint8Array[] = [];
  /** First chunk that waits, and how much of it was sent. */
  #first = 0;
  #sent = 0;
  /** Used bytes of the last chunk when it joins small frames; 0: it is one large frame. */
  #joined = 0;
  #bytes = 0;

  /** Bytes that wait. */
  get length(): number {
    return this.#bytes;
  }

  push(frame: Uint8Array): void {
    if (frame.length === 0) return;
    this.#bytes += frame.length;
    if (frame.length > joinedBytesMax) {
      this.#seal();
      this.#chunks.push(frame);
      return;
    }
    if (this.#joined === 0 || this.#joined + frame.length > chunkBytes) {
      this.#seal();
      this.#chunks.push(new Uint8Array(chunkBytes));
    }
    this.#chunks[this.#chunks.length - 1].set(frame, this.#joined);
    this.#joined += frame.length;
  }

  /** Offers the socket what waits. Returns the number of bytes that it took. */
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
      if (isTail) this.#joined = 0;
    }
    if (this.#first > sentChunksMax || this.#first === this.#chunks.length) {
      this.#chunks.splice(0, this.#first);
      this.#first = 0;
    }
    return before - this.#bytes;
  }

  /** The chunk of joined frames takes no more. */
  #seal(): void {
    if (this.#joined === 0) return;
    const last = this.#chunks.length - 1;
    this.#chunks[last] = this.#chunks[last].subarray(0, this.#joined);
    this.#joined = 0;
  }
}
