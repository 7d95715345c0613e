/** The body of one request on a stream: passed on as it arrives, or kept while the handler pauses. */
import type { TrailerField } from "../../http/trailers.ts";
import { Inbox } from "../io/inbox.ts";

const noBytes = new Uint8Array(0);
const noTrailers: readonly TrailerField[] = [];

/** Takes what a request's body consists of. */
export interface BodyReceiver {
  onBodyPart(bytes: Uint8Array, start: number, end: number): void;
  onBodyComplete(): void;
}

/** One per exchange. The window of the stream bounds what it keeps. */
export class RequestInput {
  isPaused = false;
  /** Other bodies come first. */
  isHeld = false;
  /** The receiver has got all of it. */
  isComplete = false;
  /** The last byte has arrived, and the trailers. */
  hasEnded = false;
  trailers: readonly TrailerField[] = noTrailers;
  #inbox: Inbox | null = null;
  readonly #receiver: BodyReceiver;

  constructor(receiver: BodyReceiver) {
    this.#receiver = receiver;
  }

  begin(hasBody: boolean): void {
    this.isPaused = this.isHeld = this.hasEnded = false;
    this.isComplete = !hasBody;
    this.trailers = noTrailers;
    this.#inbox = null;
  }

  /** Bytes that wait for the handler. */
  get queuedBytes(): number {
    return this.#inbox === null ? 0 : this.#inbox.length;
  }

  /** More of the body can arrive, and the handler waits for it. */
  get isExpecting(): boolean {
    return !this.isComplete && !this.hasEnded && !this.isPaused && !this.isHeld;
  }

  receive(bytes: Uint8Array, start: number, end: number): void {
    if (!this.isPaused && !this.isHeld && this.queuedBytes === 0) {
      return this.#receiver.onBodyPart(bytes, start, end);
    }
    (this.#inbox ??= new Inbox()).append(bytes, start, end);
  }

  end(trailers: readonly TrailerField[]): void {
    this.hasEnded = true;
    this.trailers = trailers;
    this.#settle();
  }

  resume(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    this.#passOn();
  }

  /** Its turn has come. */
  release(): void {
    this.isHeld = false;
    this.#passOn();
  }

  #passOn(): void {
    if (this.isPaused || this.isHeld) return;
    const inbox = this.#inbox;
    if (inbox !== null && inbox.length > 0) {
      const { bytes, start, end } = inbox;
      this.#inbox = null;
      this.#receiver.onBodyPart(bytes, start, end);
    }
    this.#settle();
  }

  /** A copy of what waits; another protocol gets it. */
  takeQueued(): Uint8Array {
    const inbox = this.#inbox;
    this.#inbox = null;
    return inbox === null ? noBytes : inbox.bytes.slice(inbox.start, inbox.end);
  }

  /** What waits is not wanted. */
  discard(): void {
    this.#inbox = null;
    this.isPaused = false;
    this.isComplete = true;
  }

  #settle(): void {
    if (!this.hasEnded || this.isComplete || this.queuedBytes > 0) return;
    if (this.isPaused || this.isHeld) return;
    this.isComplete = true;
    this.#receiver.onBodyComplete();
  }
}
