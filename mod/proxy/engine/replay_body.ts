/** The request body so far, kept while it is small so that another peer can be sent it again. */

/** Bodies up to this size can be sent again. */
export const replayBytesMax = 65_536;
const bytesMin = 1024;

export class ReplayBody {
  bytes: Uint8Array = new Uint8Array(0);
  length = 0;
  /** More came than is kept: the request cannot be sent again. */
  isOverflown = false;

  clear(): void {
    this.length = 0;
    this.isOverflown = false;
    // A large buffer would stay with an exchange object that next serves a GET.
    if (this.bytes.length > 4 * bytesMin) this.bytes = new Uint8Array(0);
  }

  append(source: Uint8Array, start: number, end: number): void {
    if (this.isOverflown) return;
    const needed = this.length + end - start;
    if (needed > replayBytesMax) {
      this.isOverflown = true;
      this.bytes = new Uint8Array(0);
      this.length = 0;
      return;
    }
    if (needed > this.bytes.length) {
      const larger = new Uint8Array(Math.max(bytesMin, 2 * needed));
      larger.set(this.bytes.subarray(0, this.length));
      this.bytes = larger;
    }
    this.bytes.set(source.subarray(start, end), this.length);
    this.length = needed;
  }
}
