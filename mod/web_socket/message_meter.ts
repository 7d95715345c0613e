/** Measures messages without keeping them, and compares each with one that was sent. */
import { fragmentsMax, type MessageSink } from "./message_sink.ts";
import { Utf8Check } from "./utf8_check.ts";

/** Gets each message: its bytes, and whether it is the same as the one that was sent. */
export type MeteredMessage = (isText: boolean, byteCount: number, isEcho: boolean) => void;

/** For frames that are not masked: those of a server. */
export class MessageMeter implements MessageSink {
  isOpen = false;
  length = 0;
  readonly #sent: Uint8Array;
  readonly #sentText: boolean;
  readonly #onMessage: MeteredMessage;
  readonly #utf8 = new Utf8Check();
  #isText = false;
  #isValid = true;
  #isEcho = true;
  #fragments = 0;

  /** `sent`: the message to compare with, text if `sentText`. */
  constructor(sent: Uint8Array, sentText: boolean, onMessage: MeteredMessage) {
    this.#sent = sent;
    this.#sentText = sentText;
    this.#onMessage = onMessage;
  }

  begin(isText: boolean): void {
    this.isOpen = true;
    this.length = 0;
    this.#isText = isText;
    this.#isValid = true;
    this.#isEcho = isText === this.#sentText;
    this.#fragments = 0;
    this.#utf8.reset();
  }

  beginFragment(): boolean {
    return ++this.#fragments <= fragmentsMax;
  }

  append(bytes: Uint8Array, at: number, end: number): void {
    if (this.#isEcho) this.#isEcho = this.#continuesEcho(bytes, at, end);
    if (this.#isText && this.#isValid) this.#isValid = this.#utf8.take(bytes, at, end);
    this.length += end - at;
  }

  #continuesEcho(bytes: Uint8Array, at: number, end: number): boolean {
    const sent = this.#sent;
    let from = this.length;
    if (from + end - at > sent.length) return false;
    for (let i = at; i < end; i++) if (bytes[i] !== sent[from++]) return false;
    return true;
  }

  check(): boolean {
    return this.#isValid;
  }

  end(): boolean {
    this.isOpen = false;
    if (this.#isText && !(this.#isValid && this.#utf8.isComplete)) return false;
    const { length } = this;
    this.length = 0;
    this.#onMessage(this.#isText, length, this.#isEcho && length === this.#sent.length);
    return true;
  }

  drop(): void {
    this.isOpen = false;
    this.length = 0;
    this.#isValid = true;
  }
}
