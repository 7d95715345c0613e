/** How many interim responses (1xx) an upstream may send before the final one. */

/** 102 (Processing) comes every few seconds. */
const countMax = 256;
const bytesMax = 65_536;

/** One for each connection, started over with each of its requests. */
export class InterimLimit {
  #count = 0;

  begin(): void {
    this.#count = 0;
  }

  /** Counts one; `receivedBytes` are those of all so far. False: too many, or too long. */
  take(receivedBytes: number): boolean {
    return ++this.#count <= countMax && receivedBytes <= bytesMax;
  }
}
