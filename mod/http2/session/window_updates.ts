import type { HeadSpace } from "./head_space.ts";
import type { ReceiveCredit } from "./receive_credit.ts";
import type { SessionOutput } from "./session_sink.ts";
import type { Stream } from "./stream.ts";

/** What announcing needs of its session. */
export interface CreditHost {
  readonly space: HeadSpace;
  readonly output: SessionOutput;
  readonly credit: ReceiveCredit;
  readonly isFailed: boolean;
}

/**
 * Announces what the peer may send again. The frames for all that one read has brought leave together
 * at its end: a body that is passed on while it is read costs one write, not one for each frame.
 */
export class WindowUpdates<T extends Stream> {
  readonly #host: CreditHost;
  /** Streams that may have credit to announce at the end of the read. */
  readonly #due: T[] = [];
  #isReading = false;
  #isDue = false;

  constructor(host: CreditHost) {
    this.#host = host;
  }

  /** Bytes of the peer are being read: announcements wait for `endRead`. */
  beginRead(): void {
    this.#isReading = true;
  }

  endRead(): void {
    this.#isReading = false;
    if (this.#isDue) this.#write();
  }

  /** The peer may send more on `stream`; null: on the connection alone. */
  announce(stream: T | null): void {
    this.#isDue = true;
    if (stream !== null && !stream.isCreditDue) {
      stream.isCreditDue = true;
      this.#due.push(stream);
    }
    if (!this.#isReading) this.#write();
  }

  #write(): void {
    const { space, output, credit, isFailed } = this.#host;
    const { frames } = space;
    this.#isDue = false;
    frames.clear();
    for (let stream = this.#due.pop(); stream !== undefined; stream = this.#due.pop()) {
      stream.isCreditDue = false;
      if (stream.id === 0 || stream.remoteClosed || isFailed) continue;
      const increment = credit.streamIncrement(stream);
      if (increment > 0) frames.windowUpdate(stream.id, increment);
    }
    if (isFailed) return;
    const shared = credit.connectionIncrement();
    if (shared > 0) frames.windowUpdate(0, shared);
    if (frames.length > 0) output.write(frames.bytes, 0, frames.length);
  }
}
