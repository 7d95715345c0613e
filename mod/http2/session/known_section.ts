import { KnownBytes } from "../../http/known_bytes.ts";
import type { HpackDecoder } from "../hpack/decoder.ts";
import type { LineArea } from "../hpack/line_area.ts";

/** Longer blocks hold literals, which seldom stay the same. */
const rememberedBytesMax = 128;
/** After this many new blocks in a row, only one in this many is remembered. */
const patience = 16;

/**
 * Recognises the block of a head that equals the one before it, of the same connection: as long as
 * the table has not changed and nothing else was decoded meanwhile, the head is still there. Clients
 * that repeat a request send such blocks one after the other, and get such answers.
 */
export class KnownSection {
  readonly #known = new KnownBytes(rememberedBytesMax);
  #decoder: HpackDecoder | null = null;
  #tableRevision = 0;
  #sections = 0;
  #variant = 0;
  #newCount = 0;

  /**
   * Whether `[start, end)` decodes to the head that was decoded last. `variant`: a number for what the
   * head depends on beside the block.
   */
  isAgain(
    decoder: HpackDecoder,
    area: LineArea,
    variant: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): boolean {
    const isAgain = decoder === this.#decoder && area.sections === this.#sections &&
      variant === this.#variant &&
      decoder.table.revision === this.#tableRevision && this.#known.equals(bytes, start, end);
    if (isAgain) this.#newCount = 0;
    return isAgain;
  }

  /** The block `[start, end)` was decoded without a fault; `revisionBefore`: of the table. */
  remember(
    decoder: HpackDecoder,
    revisionBefore: number,
    area: LineArea,
    variant: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void {
    this.#decoder = null;
    // When every block differs, avoid the cost of copying each one.
    if (++this.#newCount > patience && this.#newCount % patience !== 0) return;
    // A block that changes the table has to be decoded each time.
    if (decoder.sizeUpdates > 0 || decoder.table.revision !== revisionBefore) return;
    if (end - start > rememberedBytesMax) return;
    this.#decoder = decoder;
    this.#tableRevision = revisionBefore;
    this.#sections = area.sections;
    this.#variant = variant;
    this.#known.remember(bytes, start, end);
  }
}
