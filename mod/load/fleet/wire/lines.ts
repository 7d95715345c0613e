/** Messages as lines of JSON: one end writes them, the other takes them apart again. */

/** Longer than a report of a day, whose seconds take 300 bytes each. */
export const lineBytesMax = 64 * 1024 * 1024;

const encoder = new TextEncoder();
const lineFeed = 10;

/** A message as a line. */
export function encodeLine(message: unknown): Uint8Array<ArrayBuffer> {
  return encoder.encode(`${JSON.stringify(message)}\n`);
}

/** Splits bytes that come in pieces into lines, each without its line feed. */
export class LineReader {
  readonly #onLine: (line: string) => void;
  readonly #bytesMax: number;
  #pieces: Uint8Array[] = [];
  #bytes = 0;

  constructor(onLine: (line: string) => void, bytesMax: number = lineBytesMax) {
    this.#onLine = onLine;
    this.#bytesMax = bytesMax;
  }

  /** False when a line is too long: the rest of the stream makes no sense. */
  take(bytes: Uint8Array): boolean {
    let from = 0;
    for (let end = bytes.indexOf(lineFeed); end >= 0; end = bytes.indexOf(lineFeed, from)) {
      this.#onLine(this.#finish(bytes.subarray(from, end)));
      from = end + 1;
    }
    const rest = bytes.subarray(from);
    if (rest.length > 0) this.#pieces.push(rest);
    this.#bytes += rest.length;
    return this.#bytes <= this.#bytesMax;
  }

  #finish(last: Uint8Array): string {
    const decoder = new TextDecoder();
    const parts = this.#pieces.map((piece) => decoder.decode(piece, { stream: true }));
    this.#pieces = [];
    this.#bytes = 0;
    return parts.join("") + decoder.decode(last);
  }
}
