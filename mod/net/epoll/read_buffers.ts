/** Sockets that are read before the first of them is told; see `Poller.readAhead`. */
export const readAheadMax = 32;
/** Room for each of them: nearly every request, and many an answer. */
export const readAheadBytes = 2048;
/** Room for one read of any socket. Larger reads were not measured to be faster. */
const largeBytes = 65536;

/**
 * What all sockets of a reactor read into: room for one large read at 0, and slots behind it for
 * reading ahead. One array, so that whoever keeps a view of it needs only one.
 */
export class ReadBuffers {
  readonly bytes = new Uint8Array(largeBytes + readAheadMax * readAheadBytes);
  readonly largeBytes = largeBytes;
  readonly largePointer: Deno.PointerObject = Deno.UnsafePointer.of(this.bytes)!;
  /** Made once: a view for each call would cost more than the call. */
  readonly #slotPointers = Array.from(
    { length: readAheadMax },
    (_, slot) => Deno.UnsafePointer.offset(this.largePointer, this.slotStart(slot))!,
  );

  slotStart(slot: number): number {
    return largeBytes + slot * readAheadBytes;
  }

  slotPointer(slot: number): Deno.PointerObject {
    return this.#slotPointers[slot];
  }
}
