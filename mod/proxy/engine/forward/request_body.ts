/**
 * A request's body on its way to the upstream: framed, at the peer's pace, and kept for another
 * attempt as far as it may be.
 *
 * It is streamed, and its first 64 KB are kept while that is all there is; or, with
 * `request_buffer`, it is collected first and sent when it is there.
 */
import type { ClientConnection } from "../../../conn/client_connection.ts";
import type { Exchange } from "../../../conn/exchange.ts";
import {
  chunkEnd,
  chunkSizeBytesMax,
  Framing,
  type HeadWriter,
  lastChunk,
  writeChunkSize,
} from "../../../http1/mod.ts";
import type { RequestBufferPlan } from "../../upstream_plan.ts";
import { BodyStore } from "./body_store.ts";
import { chunkedLine } from "./request_forwarding.ts";

/** Bodies up to this size can be sent again without a buffer. */
const replayBytesMax = 65_536;
const replay: RequestBufferPlan = { memoryBytes: replayBytesMax, fileBytes: 0, folder: null };
const chunkLine = new Uint8Array(chunkSizeBytesMax);

export class RequestBody {
  readonly #store = new BodyStore();
  #x: Exchange | null = null;
  #plan: RequestBufferPlan = replay;
  #isChunked = false;
  /** Bytes of the store that the attempt under way was sent. */
  #sentBytes = 0;
  #isPaused = false;
  /** Bytes that have come. */
  receivedBytes = 0;
  /** All of it has come. */
  isComplete = true;
  /** It is being read whole before anybody is sent it. */
  isCollecting = false;
  /** Every byte that came is kept. */
  isKept = true;

  begin(x: Exchange, buffer: RequestBufferPlan | null): void {
    const { framing, contentLength } = x.head;
    this.#x = x;
    this.#isChunked = framing === Framing.chunked;
    this.#plan = buffer ?? replay;
    this.#sentBytes = this.receivedBytes = 0;
    this.#isPaused = false;
    this.isComplete = false;
    this.isKept = true;
    // Known to be too large: then it is streamed from its first byte on.
    this.isCollecting = buffer !== null &&
      !(framing === Framing.length && contentLength > this.#bytesMax);
    if (buffer !== null && !this.isCollecting) this.#plan = replay;
  }

  /**
   * Takes bytes from the client and sends them on. Throws what a file's call throws. While
   * `isCollecting` nothing is sent; it ends here when more comes than may be kept.
   */
  take(client: ClientConnection | null, bytes: Uint8Array, start: number, end: number): void {
    this.receivedBytes += end - start;
    if (this.isCollecting) return this.#collect(bytes, start, end);
    const isBehind = this.#sentBytes < this.#store.length;
    if (isBehind) {
      // What is kept goes first; the client has been told to wait, and this is the last of it.
      this.#append(bytes, start, end);
      return;
    }
    if (this.isKept) this.#keep(bytes, start, end);
    if (client !== null && !this.#write(client, bytes, start, end)) this.#pause();
  }

  /** The client has sent all of it. */
  complete(client: ClientConnection | null): void {
    this.isComplete = true;
    this.isCollecting = false;
    if (client !== null && this.#sentBytes >= this.#store.length) this.#finish(client);
  }

  /**
   * Completes the head of a body that was collected: now its length is known, unless there is more
   * of it than could be kept.
   */
  frame(head: HeadWriter): void {
    if (!this.#isChunked) return;
    this.#isChunked = !this.isComplete;
    // The line goes before the empty one that ends the head.
    head.length -= 2;
    if (this.isComplete) head.numberField("content-length", this.receivedBytes);
    else head.copy(chunkedLine, 0, chunkedLine.length);
    head.lineEnd();
  }

  /** Sends what there is to a peer, from the start. Throws what a file's call throws. */
  sendTo(client: ClientConnection): void {
    this.#sentBytes = 0;
    this.#pump(client);
  }

  /** The peer has taken what was waiting. Throws what a file's call throws. */
  drained(client: ClientConnection): void {
    if (this.#sentBytes < this.#store.length) this.#pump(client);
    else if (!this.isComplete) this.#resume();
  }

  /** Frees what is kept. */
  clear(): void {
    this.#store.clear();
    this.#x = null;
    this.isComplete = this.isKept = true;
    this.isCollecting = false;
  }

  get #bytesMax(): number {
    return this.#plan.memoryBytes + this.#plan.fileBytes;
  }

  #collect(bytes: Uint8Array, start: number, end: number): void {
    this.#append(bytes, start, end);
    if (this.#store.length <= this.#bytesMax) return;
    // From here on it is streamed, once, behind what is kept.
    this.isCollecting = this.isKept = false;
    this.#pause();
  }

  /** Keeps bytes that are being sent, while they are few. */
  #keep(bytes: Uint8Array, start: number, end: number): void {
    if (this.#store.length + end - start > this.#bytesMax) {
      this.isKept = false;
      this.#store.clear();
    } else {
      this.#append(bytes, start, end);
    }
    this.#sentBytes = this.#store.length;
  }

  #append(bytes: Uint8Array, start: number, end: number): void {
    const { memoryBytes, fileBytes, folder } = this.#plan;
    this.#store.append(bytes, start, end, fileBytes === 0 ? Infinity : memoryBytes, folder);
  }

  #pump(client: ClientConnection): void {
    const store = this.#store;
    let isAccepted = true;
    while (this.#sentBytes < store.length) {
      store.read(this.#sentBytes);
      this.#sentBytes += store.end - store.start;
      isAccepted = this.#write(client, store.bytes, store.start, store.end);
      if (!isAccepted && this.#sentBytes < store.length) return;
    }
    if (!this.isKept) {
      store.clear();
      this.#sentBytes = 0;
    }
    if (this.isComplete) this.#finish(client);
    else if (isAccepted) this.#resume();
    else this.#pause();
  }

  #write(client: ClientConnection, bytes: Uint8Array, start: number, end: number): boolean {
    if (!this.#isChunked) return client.write(bytes, start, end);
    const lineEnd = writeChunkSize(chunkLine, 0, end - start);
    client.write(chunkLine, 0, lineEnd);
    client.write(bytes, start, end);
    return client.write(chunkEnd, 0, chunkEnd.length);
  }

  #finish(client: ClientConnection): void {
    if (this.#isChunked) client.write(lastChunk, 0, lastChunk.length);
  }

  #pause(): void {
    this.#isPaused = true;
    this.#x!.pauseBody();
  }

  #resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#x!.resumeBody();
  }
}
