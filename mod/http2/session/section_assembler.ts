const noBytes = new Uint8Array(0);

/** A field section that comes in HEADERS and CONTINUATION, until it is whole (RFC 9113 4.3). */
export class SectionAssembler {
  /** The stream whose section is open; 0 for none. No other frame may come between. */
  streamId = 0;
  endsStream = false;
  /** HEADERS said that the stream depends on itself. */
  dependsOnItself = false;
  continuations = 0;
  bytes = noBytes;
  length = 0;

  begin(
    streamId: number,
    endsStream: boolean,
    dependsOnItself: boolean,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void {
    this.streamId = streamId;
    this.endsStream = endsStream;
    this.dependsOnItself = dependsOnItself;
    this.continuations = 0;
    this.length = 0;
    this.append(bytes, start, end);
  }

  append(bytes: Uint8Array, start: number, end: number): void {
    const needed = this.length + end - start;
    if (needed > this.bytes.length) {
      const larger = new Uint8Array(Math.max(1024, 2 * needed));
      larger.set(this.bytes.subarray(0, this.length));
      this.bytes = larger;
    }
    this.bytes.set(bytes.subarray(start, end), this.length);
    this.length = needed;
  }

  /** The section was decoded or is not wanted. */
  clear(): void {
    this.streamId = 0;
    this.bytes = noBytes;
    this.length = 0;
  }
}
