/** log2 of the distance in bytes between known addresses. */
const strideShift = 6;

interface KnownBuffer {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Addresses of every 64th byte, created on first use. */
  readonly pointers: (Deno.PointerObject | undefined)[];
}

/**
 * Buffers for heavy output, with their addresses. Sending from the middle of any other buffer needs
 * a view, whose creation takes longer than everything else that JavaScript does for a send.
 */
export class OutputBuffers {
  readonly #known: KnownBuffer[] = [];

  make(length: number): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(length);
    this.#known.push({ bytes, pointers: [] });
    return bytes;
  }

  /** The address of byte `start`; null if it is not known. */
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
