/** Up to this many bytes a loop costs less than the view that `set` needs. */
const loopBytesMax = 64;

/** A remembered run of bytes, to recognise the same bytes elsewhere. */
export class KnownBytes {
  /** 0 when nothing is remembered. */
  length = 0;
  #bytes: Uint8Array<ArrayBuffer>;
  #words: Int32Array;

  /** The buffer grows as needed. */
  constructor(initialBytes: number) {
    this.#bytes = new Uint8Array(initialBytes);
    this.#words = new Int32Array(this.#bytes.buffer);
  }

  remember(bytes: Uint8Array, start: number, end: number): void {
    const length = end - start;
    if (length > this.#bytes.length) {
      this.#bytes = new Uint8Array((length + 1023) & ~1023);
      this.#words = new Int32Array(this.#bytes.buffer);
    }
    if (length <= loopBytesMax) {
      for (let i = 0; i < length; i++) this.#bytes[i] = bytes[start + i];
    } else {
      this.#bytes.set(bytes.subarray(start, end));
    }
    this.length = length;
  }

  /** Whether `[start, end)` of `bytes` are the remembered bytes, byte by byte. */
  equals(bytes: Uint8Array, start: number, end: number): boolean {
    if (end - start !== this.length) return false;
    const known = this.#bytes;
    for (let at = start; at < end; at++) if (bytes[at] !== known[at - start]) return false;
    return true;
  }

  /**
   * Whether the remembered bytes are at `start` of `bytes`. `words` is a 32-bit view of `bytes`.
   * False if `start` is not a multiple of 4.
   */
  isAt(bytes: Uint8Array, words: Int32Array, start: number, end: number): boolean {
    const { length } = this;
    if (length === 0 || end - start < length || (start & 3) !== 0) return false;
    const known = this.#words;
    const offset = start >> 2;
    const count = length >> 2;
    for (let i = 0; i < count; i++) if (words[offset + i] !== known[i]) return false;
    for (let i = count << 2; i < length; i++) {
      if (bytes[start + i] !== this.#bytes[i]) return false;
    }
    return true;
  }
}

const noWords = new Int32Array(0);

/** `bytes` as 32-bit words; empty if they are not aligned to a word. */
export function wordsOf(bytes: Uint8Array): Int32Array {
  if ((bytes.byteOffset & 3) !== 0) return noWords;
  return new Int32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >> 2);
}
