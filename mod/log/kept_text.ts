/** Texts of peers as bytes, kept until their line is written. Making strings of them costs more. */

/** Larger buffers are not kept for the next record. */
const keptBytesMax = 4096;
const initialBytes = 512;
/** Room after the last text, which a copy by whole words may read. */
const spareBytes = 4;
const highBits = 0x80808080 | 0;

/** Three bytes above one of the text. */
const blanks = 0x20202000;

/**
 * A high bit appears where a byte is below 0x20, above 0x7c, a quote or a backslash. A borrow or a
 * carry may set another one, but only above such a byte.
 */
function marksOf(word: number): number {
  return word | (word - 0x20202020) | (word + 0x03030303) |
    ((word ^ 0x22222222) - 0x01010101) | ((word ^ 0x5c5c5c5c) - 0x01010101);
}

/** The texts of one record; reused for each. */
export class TextKeeper {
  bytes = new Uint8Array(initialBytes);
  words = new DataView(this.bytes.buffer);
  #length = 0;

  /** Forgets all texts. */
  clear(): void {
    this.#length = 0;
    if (this.bytes.length > keptBytesMax) this.#replace(new Uint8Array(initialBytes));
  }

  /** Copies `[start, end)` of the bytes that `source` is a view of into `text`. */
  keep(text: KeptText, source: DataView, start: number, end: number): void {
    const at = this.#length;
    const count = end - start;
    if (at + count + spareBytes > this.bytes.length) this.#grow(at + count + spareBytes);
    const { words } = this;
    const whole = count & ~3;
    let marks = 0;
    for (let i = 0; i < whole; i += 4) {
      const word = source.getInt32(start + i, true);
      words.setInt32(at + i, word, true);
      marks |= marksOf(word);
    }
    for (let i = whole; i < count; i++) {
      const byte = source.getUint8(start + i);
      words.setUint8(at + i, byte);
      marks |= marksOf(blanks | byte);
    }
    text.start = at;
    text.end = this.#length = at + count;
    text.isPlain = (marks & highBits) === 0;
  }

  #grow(needed: number): void {
    const larger = new Uint8Array(Math.max(needed, 2 * this.bytes.length));
    larger.set(this.bytes.subarray(0, this.#length));
    this.#replace(larger);
  }

  #replace(bytes: Uint8Array<ArrayBuffer>): void {
    this.bytes = bytes;
    this.words = new DataView(bytes.buffer);
  }
}

/** One text of a keeper, valid until the keeper is cleared: one byte is one character. */
export class KeptText {
  readonly keeper: TextKeeper;
  start = 0;
  end = 0;
  /** No log escapes any byte of it. All are ASCII, so that eight at a time are never a NaN. */
  isPlain = false;

  constructor(keeper: TextKeeper) {
    this.keeper = keeper;
  }

  /** The offset of a byte in the keeper; -1 if the text does not have it. */
  find(byte: number): number {
    const { bytes } = this.keeper;
    for (let at = this.start; at < this.end; at++) if (bytes[at] === byte) return at;
    return -1;
  }
}
