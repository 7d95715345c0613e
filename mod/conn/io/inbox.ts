/** Initial size; most heads that arrive in pieces are smaller. */
const bytesMin = 2048;

/** Shared by all empty inboxes, because a view for each would take 200 bytes per connection. */
const empty = new Uint8Array(0);

/** Received but unprocessed bytes: a partial head, a pipelined request, a paused body. */
export class Inbox {
  bytes: Uint8Array = empty;
  start = 0;
  end = 0;

  get length(): number {
    return this.end - this.start;
  }

  append(source: Uint8Array, start: number, end: number): void {
    const more = end - start;
    if (this.end + more > this.bytes.length) this.#makeRoom(more);
    this.bytes.set(
      start === 0 && end === source.length ? source : source.subarray(start, end),
      this.end,
    );
    this.end += more;
  }

  /** Removes `[start, position)`. An empty inbox frees its buffer, which most connections never need. */
  consumeTo(position: number): void {
    this.start = position;
    if (this.start < this.end) return;
    this.bytes = empty;
    this.start = this.end = 0;
  }

  #makeRoom(more: number): void {
    const waiting = this.length;
    const target = waiting + more <= this.bytes.length
      ? this.bytes
      : new Uint8Array(Math.max(bytesMin, 2 * (waiting + more)));
    target.set(this.bytes.subarray(this.start, this.end));
    this.bytes = target;
    this.start = 0;
    this.end = waiting;
  }
}
