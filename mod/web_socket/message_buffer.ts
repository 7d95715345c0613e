/** Joins the fragments of one WebSocket message (RFC 6455 section 5.4). */
import { latin1 } from "../http/latin1.ts";
import { decodeText } from "./frames.ts";
import { fragmentsMax, type MessageSink } from "./message_sink.ts";

/** Initial size of the buffer for a message that does not arrive in one read. */
const bufferBytesMin = 4096;
const empty = new Uint8Array(0);
/** For messages that arrive in one read, and are over before the next one: all readers share it. */
const shared = new Uint8Array(16_384);

/** Gets each whole message. The payload is the receiver's own. */
export interface MessageReceiver {
  onText(text: string): void;
  onBinary(payload: Uint8Array<ArrayBuffer>): void;
}

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
  /** All bytes of the message, ORed: below 0x80 it is ASCII. */
  #seen = 0;
  readonly #receiver: MessageReceiver;

  constructor(receiver: MessageReceiver) {
    this.#receiver = receiver;
  }

  begin(isText: boolean): void {
    this.isOpen = true;
    this.isText = isText;
    this.length = 0;
    this.#fragments = 0;
    this.#checked = 0;
    this.#seen = 0;
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
    const isWhole = this.length === 0 && needed === expected;
    if (isWhole && needed <= shared.length) this.#bytes = shared;
    else if (needed > this.#bytes.length) this.#grow(needed, this.length + expected);
    this.#seen |= unmask(bytes, at, end, mask, phase, this.#bytes, this.length);
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
    if (!this.isText) {
      this.#receiver.onBinary(this.#take());
      return true;
    }
    const text = this.#text();
    this.drop();
    if (text === null) return false;
    this.#receiver.onText(text);
    return true;
  }

  /** Null: it is not UTF-8. */
  #text(): string | null {
    if (this.#seen < 0x80) return latin1(this.#bytes, 0, this.length);
    return decodeText(this.#bytes.subarray(0, this.length));
  }

  /** Returns the whole message, in a buffer of its own, and resets. */
  #take(): Uint8Array<ArrayBuffer> {
    const { length } = this;
    const isOwn = length === this.#bytes.length && this.#bytes !== shared;
    const whole = isOwn ? this.#bytes : this.#bytes.slice(0, length);
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

/** Section 5.3: byte i is XORed with byte i modulo 4 of the key. Returns the results, ORed. */
export function unmask(
  source: Uint8Array,
  start: number,
  end: number,
  mask: Uint8Array,
  phase: number,
  target: Uint8Array,
  at: number,
): number {
  let seen = 0;
  for (let i = start; i < end; i++) {
    const byte = source[i] ^ mask[phase++ & 3];
    seen |= byte;
    target[at++] = byte;
  }
  return seen;
}
