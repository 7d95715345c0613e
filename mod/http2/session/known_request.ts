import { KnownBytes } from "../../http/known_bytes.ts";
import type { HpackDecoder } from "../hpack/decoder.ts";
import type { LineArea } from "../hpack/line_area.ts";

/** Longer blocks hold literals, which seldom stay the same. */
const rememberedBytesMax = 128;

/**
 * Recognises a request's block that equals the one before it, of the same connection: as long as the
 * table has not changed and nothing else was decoded meanwhile, the head is still there. Clients that
 * repeat a request send such blocks one after the other.
 */
export class KnownRequest {
  readonly #known = new KnownBytes(rememberedBytesMax);
  #decoder: HpackDecoder | null = null;
  #tableRevision = 0;
  #sections = 0;
  #ends = false;

  /** Whether `[start, end)` decodes to the head that was decoded last. */
  isAgain(
    decoder: HpackDecoder,
    area: LineArea,
    ends: boolean,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): boolean {
    return decoder === this.#decoder && area.sections === this.#sections && ends === this.#ends &&
      decoder.table.revision === this.#tableRevision && this.#known.equals(bytes, start, end);
  }

  /** The block `[start, end)` was decoded without a fault; `revisionBefore`: of the table. */
  remember(
    decoder: HpackDecoder,
    revisionBefore: number,
    area: LineArea,
    ends: boolean,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void {
    this.#decoder = null;
    // A block that changes the table has to be decoded each time.
    if (decoder.sizeUpdates > 0 || decoder.table.revision !== revisionBefore) return;
    if (end - start > rememberedBytesMax) return;
    this.#decoder = decoder;
    this.#tableRevision = revisionBefore;
    this.#sections = area.sections;
    this.#ends = ends;
    this.#known.remember(bytes, start, end);
  }
}
