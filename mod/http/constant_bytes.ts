import { latin1Bytes } from "./latin1.ts";

/** Text of ours that is written into many heads, ready to be copied four bytes at a time. */
export class ConstantBytes {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The same bytes, followed by zeros up to a multiple of four. */
  readonly words: DataView<ArrayBuffer>;

  /** Throws TypeError for a character above 255. */
  constructor(text: string) {
    const padded = new Uint8Array((text.length + 3) & ~3);
    padded.set(latin1Bytes(text));
    this.bytes = padded.subarray(0, text.length);
    this.words = new DataView(padded.buffer);
  }

  get length(): number {
    return this.bytes.length;
  }
}
