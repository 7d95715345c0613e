/** Finds the events in the bytes of a text/event-stream (HTML standard, section 9.2.6). */

/** An event is kept nowhere, but one that never ends is no event: what `hayate serve` takes, too. */
export const eventBytesMax = 16 * 1024 * 1024;
/** A longer identifier is not sent back: servers refuse requests with such a field. */
const idBytesMax = 4096;
/** The longest field name that means something, and a byte more to tell longer ones apart. */
const nameBytesMax = 6;

const lf = 0x0a, cr = 0x0d, space = 0x20, colon = 0x3a;
const byteOrderMark = [0xef, 0xbb, 0xbf];

const Part = {
  /** The beginning of the stream, where a byte order mark is skipped. */
  mark: 0,
  /** A line's name, up to its colon. */
  name: 1,
  /** Behind the colon: one blank is skipped. */
  blank: 2,
  value: 3,
} as const;

const Field = { other: 0, data: 1, id: 2, retry: 3 } as const;
type Field = typeof Field[keyof typeof Field];

const noId = new Uint8Array(0);

/** Counts events at any split of the bytes; of what they say only `id` and `retry` are kept. */
export class EventParser {
  /** The value of the last `id` that ended with a blank line; empty: none, or not to be sent. */
  lastId: Uint8Array = noId;
  /** The last `retry` in milliseconds; -1: none. */
  retryMs = -1;
  readonly #keepsIds: boolean;
  #part: typeof Part[keyof typeof Part] = Part.mark;
  #markLength = 0;
  #afterCr = false;
  /** Bytes of the current line's name, as far as they are kept. */
  readonly #name = new Uint8Array(nameBytesMax);
  #nameLength = 0;
  #field: Field = Field.other;
  /** The line has at least one byte. */
  #hasBytes = false;
  /** Bytes since the last blank line. */
  #eventBytes = 0;
  #hasData = false;
  /** The value of the current `id` line, and the identifier that the next blank line makes current. */
  readonly #id: number[] = [];
  #isIdValid = true;
  #pendingId: Uint8Array | null = null;
  /** The value of the current `retry` line; -1: it has no digits, NaN: not only digits. */
  #retry = -1;

  /** `keepsIds`: `lastId` is needed. */
  constructor(keepsIds: boolean) {
    this.#keepsIds = keepsIds;
  }

  /** Ready for the next stream. `lastId` and `retryMs` outlive a stream, as in an EventSource. */
  reset(): void {
    this.#part = Part.mark;
    this.#markLength = 0;
    this.#afterCr = false;
    this.#eventBytes = 0;
    this.#hasData = false;
    this.#pendingId = null;
    this.#beginLine();
  }

  /** How many events `[start, end)` has completed; -1: one is longer than `eventBytesMax`. */
  read(bytes: Uint8Array, start: number, end: number): number {
    let events = 0;
    let lineStart = start;
    for (let at = start; at < end; at++) {
      const byte = bytes[at];
      if (byte !== lf && byte !== cr) {
        this.#afterCr = false;
        if (this.#part === Part.value && this.#field <= Field.data) continue;
        this.#take(byte);
        continue;
      }
      this.#eventBytes += at + 1 - lineStart;
      lineStart = at + 1;
      // The line feed of CR LF, in any split.
      if (byte === lf && this.#afterCr) this.#afterCr = false;
      else {
        this.#afterCr = byte === cr;
        if (this.#endLine()) events++;
      }
      if (this.#eventBytes > eventBytesMax) return -1;
    }
    this.#eventBytes += end - lineStart;
    return this.#eventBytes > eventBytesMax ? -1 : events;
  }

  #take(byte: number): void {
    if (this.#part === Part.mark) {
      if (byte === byteOrderMark[this.#markLength]) {
        if (++this.#markLength === byteOrderMark.length) this.#part = Part.name;
        return;
      }
      // What looked like a mark is the beginning of a name that means nothing.
      if (this.#markLength > 0) this.#nameLength = nameBytesMax;
      this.#part = Part.name;
    }
    this.#hasBytes = true;
    if (this.#part === Part.name) return this.#takeName(byte);
    if (this.#part === Part.blank) {
      this.#part = Part.value;
      if (byte === space) return;
    }
    if (this.#field === Field.id) this.#takeId(byte);
    else if (this.#field === Field.retry) this.#takeDigit(byte);
  }

  #takeName(byte: number): void {
    if (byte === colon) {
      this.#field = this.#fieldOfName();
      this.#part = Part.blank;
    } else if (this.#nameLength < nameBytesMax) this.#name[this.#nameLength++] = byte;
  }

  /** A NUL makes the whole identifier void; other control characters cannot be sent back. */
  #takeId(byte: number): void {
    if (!this.#keepsIds) return;
    const isSendable = byte >= space && byte !== 0x7f || byte === 0x09;
    if (byte === 0) this.#isIdValid = false;
    else if (!isSendable || this.#id.length >= idBytesMax) this.#id.length = idBytesMax + 1;
    else this.#id.push(byte);
  }

  #takeDigit(byte: number): void {
    const digit = byte - 0x30;
    if (digit < 0 || digit > 9) this.#retry = NaN;
    // Beyond a day it makes no difference.
    else this.#retry = Math.min(86_400_000, Math.max(0, this.#retry) * 10 + digit);
    if (Number.isNaN(this.#retry)) this.#field = Field.other;
  }

  /** True when a blank line has ended an event. */
  #endLine(): boolean {
    if (this.#part === Part.mark && this.#markLength > 0) this.#hasBytes = true;
    if (this.#part === Part.name) this.#field = this.#fieldOfName();
    const isBlank = !this.#hasBytes;
    if (!isBlank) this.#apply();
    this.#part = Part.name;
    this.#beginLine();
    return isBlank && this.#endEvent();
  }

  #apply(): void {
    if (this.#field === Field.data) this.#hasData = true;
    else if (this.#field === Field.retry && this.#retry >= 0) this.retryMs = this.#retry;
    else if (this.#field === Field.id && this.#keepsIds && this.#isIdValid) {
      this.#pendingId = this.#id.length > idBytesMax ? noId : Uint8Array.from(this.#id);
    }
  }

  #endEvent(): boolean {
    if (this.#pendingId !== null) this.lastId = this.#pendingId;
    const isEvent = this.#hasData;
    this.#pendingId = null;
    this.#hasData = false;
    this.#eventBytes = 0;
    return isEvent;
  }

  #beginLine(): void {
    this.#nameLength = 0;
    this.#field = Field.other;
    this.#hasBytes = false;
    this.#id.length = 0;
    this.#isIdValid = true;
    this.#retry = -1;
  }

  #fieldOfName(): Field {
    if (this.#isName("data")) return Field.data;
    if (this.#isName("id")) return Field.id;
    return this.#isName("retry") ? Field.retry : Field.other;
  }

  #isName(name: string): boolean {
    if (this.#nameLength !== name.length) return false;
    for (let i = 0; i < name.length; i++) if (this.#name[i] !== name.charCodeAt(i)) return false;
    return true;
  }
}
