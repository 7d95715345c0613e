import { KnownBytes } from "../../http/mod.ts";

/**
 * The head of the last response, used to recognise the next one if it is identical.
 *
 * A server under test sends the same head repeatedly; only its Date changes, once a second. Comparing it
 * word by word costs a fifth of parsing it, and equal bytes mean the same to the parser.
 */
export class ResponseTemplate {
  /** Head and body. */
  totalBytes = 0;
  status = 0;
  keepAlive = false;
  readonly #head = new KnownBytes(512);
  #missCount = 0;

  /**
   * Keeps a response's head, unless heads keep changing. `totalBytes` must follow from the head.
   */
  learn(
    bytes: Uint8Array,
    start: number,
    headEnd: number,
    totalBytes: number,
    status: number,
    keepAlive: boolean,
  ): void {
    this.#missCount++;
    // Heads with a request number in them never repeat: check only occasionally.
    if (this.#missCount > 64 && (this.#missCount & 255) !== 0) return;
    this.#head.remember(bytes, start, headEnd);
    this.totalBytes = totalBytes;
    this.status = status;
    this.keepAlive = keepAlive;
  }

  /** Whether a response with this head and its whole body begins at `start`, which is a multiple of 4. */
  matches(bytes: Uint8Array, words: Int32Array, start: number, end: number): boolean {
    if (end - start < this.totalBytes || !this.#head.isAt(bytes, words, start, end)) return false;
    this.#missCount = 0;
    return true;
  }
}
