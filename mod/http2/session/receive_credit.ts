import { initialWindowBytes } from "../frames/constants.ts";
import type { SessionOptions } from "./session_options.ts";
import type { Stream } from "./stream.ts";

/**
 * What we let the peer send (RFC 9113 5.2): windows of the connection and of its streams.
 *
 * A stream gets credit back as its consumer takes bytes. The connection gets it back at once, so that
 * a stream whose consumer is slow holds up itself alone, until the bytes held for all streams near
 * their limit: window and held bytes together never exceed `heldBytesMax`.
 */
export class ReceiveCredit {
  /** Bytes that the peer may send on the connection. */
  window: number = initialWindowBytes;
  heldBytes = 0;
  readonly #options: SessionOptions;
  #isAcknowledged = false;

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  /**
   * The window of a new stream. Until the peer has acknowledged our SETTINGS it may use the larger one
   * of what it assumed before and what they say.
   */
  get streamWindow(): number {
    const { streamWindowBytes } = this.#options;
    return this.#isAcknowledged
      ? streamWindowBytes
      : Math.max(initialWindowBytes, streamWindowBytes);
  }

  /** The peer has acknowledged our SETTINGS: the windows of `streams` are what they say. */
  acknowledge(streams: readonly Stream[]): void {
    const before = this.streamWindow;
    this.#isAcknowledged = true;
    const change = this.streamWindow - before;
    for (const stream of streams) stream.receiveWindow += change;
  }

  /** DATA of `length` bytes arrives; false when the connection's window is too small for it. */
  take(length: number): boolean {
    this.window -= length;
    return this.window >= 0;
  }

  /** `count` bytes are passed to the owner of the stream. */
  hold(stream: Stream, count: number): void {
    stream.heldBytes += count;
    this.heldBytes += count;
    this.#options.held.now += count;
  }

  /** The owner has passed on `count` of the bytes that it got, all that it has at most. */
  release(stream: Stream, count: number): void {
    const released = Math.min(count, stream.heldBytes);
    stream.heldBytes -= released;
    this.heldBytes -= released;
    this.#options.held.now -= released;
  }

  /** The increment to announce for the connection; 0 while it is not worth a frame. */
  connectionIncrement(): number {
    const { connectionWindowBytes, heldBytesMax, held } = this.#options;
    if (held.now > held.max && this.heldBytes > 0) return 0;
    const goal = Math.min(connectionWindowBytes, heldBytesMax - this.heldBytes);
    if (2 * (goal - this.window) < connectionWindowBytes) return 0;
    const increment = goal - this.window;
    this.window = goal;
    return increment;
  }

  /** The increment to announce for a stream; 0 while it is not worth a frame. */
  streamIncrement(stream: Stream): number {
    const goal = this.#options.streamWindowBytes - stream.heldBytes;
    const increment = goal - stream.receiveWindow;
    if (2 * increment < this.#options.streamWindowBytes) return 0;
    stream.receiveWindow = goal;
    return increment;
  }
}
