/** Joins the fragments of one WebSocket message (RFC 6455 section 5.4). */
import { fragmentsMax, type MessageSink } from "./message_sink.ts";

/** Initial size of the buffer for a message that does not arrive in one read. */
const bufferBytesMin = 4096;
const empty = new Uint8Array(0);

/** Collects unmasked payload in one buffer that doubles as it grows, so joining takes linear time. */
export class MessageBuffer implements MessageSink {
  isOpen = false;
  isText = false;
  length = 0;
  #bytes = empty;
  #fragments = 0;
  /** Number of bytes of text that have been validated. */
  #checked = 0;
  #decoder: TextDecoder | null = null;
  readonly #onMessage: (isText: boolean, payload: Uint8Array<ArrayBuffer>) => void;

  /** `onMessage` gets each whole message, and decides whether its text is valid. */
  constructor(onMessage: (isText: boolean, payload: Uint8Array<ArrayBuffer>) => void) {
    this.#onMessage = onMessage;
  }

  begin(isText: boolean): void {
    this.isOpen = true;
    this.isText = isText;
    this.length = 0;
    this.#fragments = 0;
    this.#checked = 0;
  }

  beginFragment(): boolean {
    return ++this.#fragments <= fragmentsMax;
  }

  /** Memory is not allocated before bytes arrive: declaring a large frame costs a client nothing. */
  append(
    bytes: Uint8Array,
    at: number,
    end: number,
    mask: Uint8Array,
    phase: number,
    expected: number,
  ): void {
    const needed = this.length + end - at;
    if (needed > this.#bytes.length) this.#grow(needed, this.length + expected);
    unmask(bytes, at, end, mask, phase, this.#bytes, this.length);
    this.length = needed;
  }

  check(): boolean {
    if (!this.isText || this.#checked === this.length) return true;
    this.#decoder ??= new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    try {
      this.#decoder.decode(this.#bytes.subarray(this.#checked, this.length), { stream: true });
    } catch (error) {
      if (error instanceof TypeError) return false;
      throw error;
    }
    this.#checked = this.length;
    return true;
  }

  end(): boolean {
    this.#onMessage(this.isText, this.#take());
    return true;
  }

  /** Returns the whole message, in a buffer of its own, and resets. */
  #take(): Uint8Array<ArrayBuffer> {
    const { length } = this;
    const whole = length === this.#bytes.length ? this.#bytes : this.#bytes.slice(0, length);
    this.drop();
    return whole;
  }

  drop(): void {
    this.isOpen = false;
    this.length = 0;
    this.#bytes = empty;
    this.#decoder = null;
  }

  #grow(needed: number, expected: number): void {
    const doubled = Math.max(bufferBytesMin, 2 * this.#bytes.length);
    const larger = new Uint8Array(Math.max(needed, Math.min(expected, doubled)));
    larger.set(this.#bytes.subarray(0, this.length));
    this.#bytes = larger;
  }
}

/** Section 5.3: byte i is XORed with byte i modulo 4 of the key. */
export function unmask(
  source: Uint8Array,
  start: number,
  end: number,
  mask: Uint8Array,
  phase: number,
  target: Uint8Array,
  at: number,
): void {
  for (let i = start; i < end; i++) target[at++] = source[i] ^ mask[phase++ & 3];
}
