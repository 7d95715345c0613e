/** Texts as bytes, without an array of its own for each. */
const encoder = new TextEncoder();
const bytesFirst = 16 * 1024;

export class TextBuffer {
  /** Holds the last text; replaced by a larger one when a text needs it. */
  bytes: Uint8Array<ArrayBuffer> = new Uint8Array(bytesFirst);

  /** Puts `text` in UTF-8 at the beginning of `bytes`; returns its length in bytes. */
  encode(text: string): number {
    const { read, written } = encoder.encodeInto(text, this.bytes);
    if (read === text.length) return written;
    const whole = encoder.encode(text);
    this.bytes = new Uint8Array(2 * whole.length);
    this.bytes.set(whole);
    return whole.length;
  }
}
