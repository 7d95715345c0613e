/**
 * A request's body on its way to the upstream: framed, sent at the peer's pace, and kept for
 * another attempt as far as allowed.
 *
 * It is streamed, and up to 64 KB are kept while that is the whole body so far. With
 * `request_buffer` it is collected first and sent when it is complete.
 */
import type { UpstreamExchange } from "../../../conn/upstream/upstream_exchange.ts";
import type { Exchange } from "../../../conn/exchange/exchange.ts";
import type { RequestFraming } from "../../../conn/upstream/request_output.ts";
import { Framing } from "../../../http/mod.ts";
import type { RequestBufferPlan } from "../../plan/upstream_plan.ts";
import type { ClientBody } from "../clients/client_body.ts";
import { BodyStore } from "./body_store.ts";

/** Bodies up to this size can be sent again without `request_buffer`. */
const replayBytesMax = 65_536;
const replay: RequestBufferPlan = { memoryBytes: replayBytesMax, fileBytes: 0, folder: null };

export class RequestBody {
  readonly #store = new BodyStore();
  #exchange: Exchange | null = null;
  #plan: RequestBufferPlan = replay;
  /** Bytes of the store sent in the current attempt. */
  #sentBytes = 0;
  #isPaused = false;
  /** Trailer field lines of a complete body; null: none. */
  #trailers: Uint8Array | null = null;
  /** Bytes received from the client. */
  receivedBytes = 0;
  /** The whole body has been received. */
  isComplete = true;
  /** The body is being read completely before it is sent to any peer. */
  isCollecting = false;
  /** Every byte received so far is kept. */
  isKept = true;
  /** How the forwarded head announces the body; `none`: no body. */
  framing: RequestFraming = Framing.none;
  /** The length to announce: 0 for an announced empty body, -1 for none. */
  contentLength = -1;

  /**
   * Starts with the client's body; null if the request has none, whatever the client sends. Without
   * a body, `announcesNothing` makes the head announce a length of 0.
   */
  begin(
    body: ClientBody | null,
    buffer: RequestBufferPlan | null,
    announcesNothing = false,
  ): void {
    this.framing = body === null ? Framing.none : body.framing;
    this.contentLength = body === null ? -1 : body.contentLength;
    if (this.framing === Framing.none && announcesNothing) this.contentLength = 0;
    if (body === null || this.framing === Framing.none) return;
    const { framing, contentLength } = this;
    this.#exchange = body.exchange;
    this.#plan = buffer ?? replay;
    this.#sentBytes = this.receivedBytes = 0;
    this.#isPaused = false;
    this.isComplete = false;
    this.#trailers = null;
    this.isKept = true;
    // A body known to be too large is streamed from its first byte.
    this.isCollecting = buffer !== null &&
      !(framing === Framing.length && contentLength > this.#bytesMax);
    if (buffer !== null && !this.isCollecting) this.#plan = replay;
  }

  /**
   * Accepts bytes from the client and sends them on. Throws errors of file calls. While
   * `isCollecting`, nothing is sent; collecting ends here when more arrives than may be kept.
   */
  take(connection: UpstreamExchange | null, bytes: Uint8Array, start: number, end: number): void {
    this.receivedBytes += end - start;
    if (this.isCollecting) return this.#collect(bytes, start, end);
    const isBehind = this.#sentBytes < this.#store.length;
    if (isBehind) {
      // Kept bytes go first. The client is already paused; these are its last bytes for now.
      this.#append(bytes, start, end);
      return;
    }
    if (this.isKept) this.#keep(bytes, start, end);
    if (connection === null) return;
    const { trailersMayFollow } = this.#exchange!;
    if (!connection.writeBody(bytes, start, end, trailersMayFollow)) this.#pause();
  }

  /** The client has sent the whole body, and trailers whose lines are sent on, or null. */
  complete(connection: UpstreamExchange | null, trailers: Uint8Array | null): void {
    this.isComplete = true;
    this.#trailers = trailers;
    if (this.isCollecting) this.#measure();
    if (connection !== null && this.#sentBytes >= this.#store.length) {
      connection.endBody(this.#trailers);
    }
  }

  /**
   * Sends what has been received to a peer, from the start, after the head. Throws errors of file
   * calls.
   */
  sendTo(connection: UpstreamExchange): void {
    if (this.framing === Framing.none) return;
    this.#sentBytes = 0;
    this.#pump(connection);
  }

  /** The peer has accepted the queued bytes. Throws errors of file calls. */
  drained(connection: UpstreamExchange): void {
    if (this.#sentBytes < this.#store.length) this.#pump(connection);
    else if (!this.isComplete) this.#resume();
  }

  /** Frees what is kept. */
  clear(): void {
    this.#store.clear();
    this.#exchange = this.#trailers = null;
    this.framing = Framing.none;
    this.contentLength = -1;
    this.isComplete = this.isKept = true;
    this.isCollecting = false;
  }

  get #bytesMax(): number {
    return this.#plan.memoryBytes + this.#plan.fileBytes;
  }

  /** A fully collected body has a known length, however the client framed it; trailers need chunks. */
  #measure(): void {
    this.isCollecting = false;
    if (this.#trailers !== null) this.framing = Framing.chunked;
    else this.framing = this.receivedBytes > 0 ? Framing.length : Framing.none;
    this.contentLength = this.receivedBytes;
  }

  #collect(bytes: Uint8Array, start: number, end: number): void {
    this.#append(bytes, start, end);
    if (this.#store.length <= this.#bytesMax) return;
    // From here on the body is streamed, once, after what is kept.
    this.isCollecting = this.isKept = false;
    this.#pause();
  }

  /** Keeps bytes that are being sent, until they exceed the limit. */
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

  #pump(connection: UpstreamExchange): void {
    const store = this.#store;
    const mayFollow = this.isComplete ? this.#trailers !== null : this.#exchange!.trailersMayFollow;
    let isAccepted = true;
    while (this.#sentBytes < store.length) {
      store.read(this.#sentBytes);
      this.#sentBytes += store.end - store.start;
      isAccepted = connection.writeBody(store.bytes, store.start, store.end, mayFollow);
      if (!isAccepted && this.#sentBytes < store.length) return;
    }
    if (!this.isKept) {
      store.clear();
      this.#sentBytes = 0;
    }
    if (this.isComplete) connection.endBody(this.#trailers);
    else if (isAccepted) this.#resume();
    else this.#pause();
  }

  #pause(): void {
    this.#isPaused = true;
    this.#exchange!.pauseBody();
  }

  #resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#exchange!.resumeBody();
  }
}
