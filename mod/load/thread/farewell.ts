/** Connections that say goodbye after the run, before its reactor stops. */
export class Farewell {
  #count = 0;
  #onDone: (() => void) | null = null;

  /** A connection waits for its peer; it ends the wait itself if the peer does not. */
  begin(): void {
    this.#count++;
  }

  end(): void {
    if (--this.#count === 0) this.#onDone?.();
  }

  /** Calls `onDone` once no connection waits: at once, or later. */
  whenDone(onDone: () => void): void {
    this.#onDone = onDone;
    if (this.#count === 0) onDone();
  }
}
