/** Sockets read per batch before the first callback runs; see `Poller.readAhead`. */
export const readAheadMax = 32;
/** Bytes per socket in a batch: enough for nearly every request and many responses. */
export const readAheadBytes = 2048;
/** Bytes of a single read: at most so much waits in memory for the slow peer of each connection. */
const largeBytes = 65536;
/**
 * Bytes of a read from a peer that fills each read, while its connection is not paused: fewer
 * wake-ups, and fewer writes to pass the bytes on (10 % less CPU for an upload).
 */
const largestBytes = 262_144;

/**
 * The read buffer shared by all sockets of a reactor: space for one largest read at 0, followed by
 * the slots for reading ahead. A single array, so that users need only one view of it.
 */
export class ReadBuffers {
  readonly bytes = new Uint8Array(largestBytes + readAheadMax * readAheadBytes);
  readonly largeBytes = largeBytes;
  readonly largestBytes = largestBytes;
  readonly largePointer: Deno.PointerObject = Deno.UnsafePointer.of(this.bytes)!;
  /** Created once: a view for each call would cost more than the call. */
  readonly #slotPointers = Array.from(
    { length: readAheadMax },
    (_, slot) => Deno.UnsafePointer.offset(this.largePointer, this.slotStart(slot))!,
  );

  slotStart(slot: number): number {
    return largestBytes + slot * readAheadBytes;
  }

  slotPointer(slot: number): Deno.PointerObject {
    return this.#slotPointers[slot];
  }
}
