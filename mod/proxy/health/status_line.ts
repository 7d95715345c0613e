/** Reads the status of an HTTP response from its first line, which may arrive in any pieces. */

/** Longer than any legitimate status line. */
const lineBytesMax = 512;

export class StatusLine {
  #text = "";

  /** The status once the line is complete; 0 before that; -1 when it is not a status line. */
  take(bytes: Uint8Array, start: number, end: number): number {
    for (let at = start; at < end; at++) {
      if (bytes[at] === 0x0a) return this.#judge();
      this.#text += String.fromCharCode(bytes[at]);
      if (this.#text.length > lineBytesMax) return -1;
    }
    return 0;
  }

  #judge(): number {
    const match = /^HTTP\/\d+\.\d+ ([1-5]\d\d)( .*)?\r?$/.exec(this.#text);
    return match === null ? -1 : Number(match[1]);
  }
}
