/** Addresses are known for every so many bytes. */
const strideShift = 6;

interface KnownBuffer {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Of every 64th byte; each is made when it is first asked for. */
  readonly pointers: (Deno.PointerObject | undefined)[];
}

/**
 * Buffers that much output is written from, with their addresses. Sending from the middle of any
 * other one needs a view of it, which takes longer than all else that is done for a send in
 * JavaScript.
 */
export class OutputBuffers {
  readonly #known: KnownBuffer[] = [];

  make(length: number): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(length);
    this.#known.push({ bytes, pointers: [] });
    return bytes;
  }

  /** The address of byte `start`; null where it is not known. */
  pointerTo(bytes: Uint8Array, start: number): Deno.PointerObject | null {
    for (let i = 0; i < this.#known.length; i++) {
      const each = this.#known[i];
      if (each.bytes === bytes) return pointerWithin(each, start);
    }
    return null;
  }
}

function pointerWithin({ bytes, pointers }: KnownBuffer, start: number): Deno.PointerObject | null {
  const index = start >> strideShift;
  if (index << strideShift !== start) return null;
  return pointers[index] ??= Deno.UnsafePointer.offset(Deno.UnsafePointer.of(bytes)!, start)!;
}
