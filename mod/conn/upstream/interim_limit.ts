/** Limits the interim responses (1xx) that an upstream may send before the final one. */

/** Allows for 102 (Processing) every few seconds. */
const countMax = 256;
const bytesMax = 65_536;

/** One per connection, reset for each request. */
export class InterimLimit {
  #count = 0;

  begin(): void {
    this.#count = 0;
  }

  /** Counts one; `receivedBytes`: the total of all so far. False: too many, or too long. */
  take(receivedBytes: number): boolean {
    return ++this.#count <= countMax && receivedBytes <= bytesMax;
  }
}
