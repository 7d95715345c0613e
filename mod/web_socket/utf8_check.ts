/** Whether bytes are UTF-8 (RFC 3629), at any split and without keeping them. */
export class Utf8Check {
  /** Continuation bytes that the current character still needs. */
  #needed = 0;
  /** What the next continuation byte must be between: surrogates and overlong forms are refused. */
  #least = 0x80;
  #most = 0xbf;

  reset(): void {
    this.#needed = 0;
    this.#least = 0x80;
    this.#most = 0xbf;
  }

  /** No character is incomplete. */
  get isComplete(): boolean {
    return this.#needed === 0;
  }

  /** False: `[start, end)`, after what came before, is not UTF-8. */
  take(bytes: Uint8Array, start: number, end: number): boolean {
    for (let at = start; at < end; at++) {
      const byte = bytes[at];
      if (this.#needed === 0) {
        if (byte >= 0x80 && !this.#begin(byte)) return false;
        continue;
      }
      if (byte < this.#least || byte > this.#most) return false;
      this.#needed--;
      this.#least = 0x80;
      this.#most = 0xbf;
    }
    return true;
  }

  /** The first byte of a character of several. */
  #begin(byte: number): boolean {
    if (byte < 0xc2 || byte > 0xf4) return false;
    this.#needed = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
    if (byte === 0xe0) this.#least = 0xa0;
    else if (byte === 0xed) this.#most = 0x9f;
    else if (byte === 0xf0) this.#least = 0x90;
    else if (byte === 0xf4) this.#most = 0x8f;
    return true;
  }
}
