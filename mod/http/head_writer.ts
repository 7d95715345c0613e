import { classes, COLON, CR, LF, SP, TOKEN, VALUE } from "./char_class.ts";
import type { ConstantBytes } from "./constant_bytes.ts";
import { KnownLines } from "./known_lines.ts";
import { LineMarks } from "./line_marks.ts";
import type { MessageHead } from "./message_head.ts";

/** Up to this many bytes a loop is faster than creating the view that `set` needs. */
const loopBytesMax = 32;
/** The same for a loop over words: 27 ns for 100 bytes, where `set` takes 45 ns and leaves garbage. */
const wordLoopBytesMax = 160;
/** Room after the output, into which the copy of a last word may reach. */
const spareBytes = 4;
/** Views of the output are made for every length that is a multiple of this. */
const viewStepBits = 6;

/** Bytes that can be read four at a time. */
export interface WordSource {
  readonly bytes: Uint8Array;
  /** A view of `bytes`. */
  words(): DataView;
}

/**
 * Builds field lines and heads in one reused buffer.
 *
 * Field lines (`name: value CRLF`) are how both versions pass fields on: HTTP/1 sends them as they
 * are, and a version with another syntax translates them when the head ends.
 *
 * The buffer doubles up to `bytesMax`; a write beyond that throws RangeError, so set the limit
 * above anything a peer can make us write (the head limits plus our own fields).
 */
export class HeadWriter {
  /** The output is in `[0, length)`. Growing replaces the buffer: read this again after writing. */
  bytes: Uint8Array<ArrayBuffer>;
  length = 0;
  /** Lines that came as never indexed and must stay so on their way (RFC 7541 7.1.3). */
  readonly neverIndexed = new LineMarks();
  /** Lines that are copies of fields of HTTP/2; noted only where `isWanted` is set after `clear`. */
  readonly known = new KnownLines();
  readonly #bytesMax: number;
  #words: DataView<ArrayBuffer>;
  /** Views of the first bytes by their length in steps; made on first use. */
  #views: (Uint8Array<ArrayBuffer> | undefined)[] = [];

  constructor(initialBytes = 1024, bytesMax = 256 * 1024) {
    this.bytes = new Uint8Array(initialBytes + spareBytes);
    this.#words = new DataView(this.bytes.buffer);
    this.#bytesMax = bytesMax;
  }

  clear(): void {
    this.length = 0;
    this.neverIndexed.clear();
    this.known.clear();
  }

  /** Ensures room for `count` more bytes. */
  reserve(count: number): void {
    const needed = this.length + count;
    if (needed > this.bytes.length - spareBytes) this.#grow(needed);
  }

  #grow(needed: number): void {
    if (needed > this.#bytesMax) {
      throw new RangeError(`Cannot grow a head: needs ${needed} bytes, limit ${this.#bytesMax}`);
    }
    const room = Math.min(this.#bytesMax, Math.max(needed, 2 * this.bytes.length));
    const grown = new Uint8Array(room + spareBytes);
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
    this.#words = new DataView(grown.buffer);
    this.#views = [];
  }

  /**
   * The output and up to 63 bytes after it, which mean nothing. Making a view of the output alone
   * would cost more than copying it; this one is kept.
   */
  view(): Uint8Array<ArrayBuffer> {
    const step = (this.length + (1 << viewStepBits) - 1) >> viewStepBits;
    return this.#views[step] ??= this.bytes.subarray(0, step << viewStepBits);
  }

  /** Writes our own text unchecked. Throws TypeError for a character above 255. */
  ascii(text: string): void {
    const count = text.length;
    this.reserve(count);
    const bytes = this.bytes;
    const at = this.length;
    let seen = 0;
    for (let i = 0; i < count; i++) {
      const code = text.charCodeAt(i);
      seen |= code;
      bytes[at + i] = code;
    }
    // A wider character would lose its high byte and could become a line end.
    if (seen > 0xff) throw new TypeError("Cannot write text to a head: it is not Latin-1");
    this.length = at + count;
  }

  /** Writes `[start, end)` of `source`. */
  copy(source: Uint8Array, start: number, end: number): void {
    const count = end - start;
    this.reserve(count);
    const bytes = this.bytes;
    const at = this.length;
    if (count <= loopBytesMax) {
      for (let i = 0; i < count; i++) bytes[at + i] = source[start + i];
    } else {
      bytes.set(source.subarray(start, end), at);
    }
    this.length = at + count;
  }

  /** Writes the whole of a constant. */
  constant(source: ConstantBytes): void {
    const { words, length } = source;
    this.reserve(length);
    const at = this.length;
    for (let i = 0; i < length; i += 4) this.#words.setInt32(at + i, words.getInt32(i));
    this.length = at + length;
  }

  /** Writes `[start, end)` of the bytes of a head, or of something else with a view of words. */
  copyOf(from: WordSource, start: number, end: number): void {
    const count = end - start;
    if (count > wordLoopBytesMax) return this.copy(from.bytes, start, end);
    this.reserve(count);
    const source = from.words();
    const at = this.length;
    const whole = count & ~3;
    for (let i = 0; i < whole; i += 4) this.#words.setInt32(at + i, source.getInt32(start + i));
    for (let i = whole; i < count; i++) this.bytes[at + i] = from.bytes[start + i];
    this.length = at + count;
  }

  /** Writes an integer from 0 to 2^53-1 in decimal. */
  number(value: number): void {
    if (!(value >= 0)) throw new RangeError(`Cannot write a number: value is ${value}`);
    let digits = 1;
    for (let bound = 10; value >= bound; bound *= 10) digits++;
    this.reserve(digits);
    let at = this.length + digits;
    this.length = at;
    let rest = value;
    for (; rest > 0x7fffffff; rest = Math.floor(rest / 10)) this.bytes[--at] = 0x30 + rest % 10;
    // Integer arithmetic, which nearly every length allows, takes a fraction of the time.
    let small = rest | 0;
    do {
      const tenth = (small / 10) | 0;
      this.bytes[--at] = 0x30 + (small - tenth * 10);
      small = tenth;
    } while (small > 0);
  }

  /**
   * A field line. Throws TypeError for a name that is not a token, or a value with a control byte,
   * a line end or a character beyond Latin-1, whatever its origin.
   */
  field(name: string, value: string): void {
    if (!isToken(name)) {
      throw new TypeError(`Cannot write a field: name is ${JSON.stringify(name)}`);
    }
    for (let i = 0; i < value.length; i++) {
      const code = value.charCodeAt(i);
      if (code > 0xff || (classes[code] & VALUE) === 0) {
        throw new TypeError(`Cannot write a field: value of ${name} has U+${code.toString(16)}`);
      }
    }
    this.ascii(name);
    this.#separator();
    this.ascii(value);
    this.lineEnd();
  }

  /** A field line with a numeric value; `start` is its name with `: `. */
  numberField(start: ConstantBytes, value: number): void {
    this.constant(start);
    this.number(value);
    this.lineEnd();
  }

  /** The field line at `index` of a parsed head, byte for byte. */
  copyField(head: MessageHead, index: number): void {
    this.copyOf(head, head.fields[4 * index], head.fields[4 * index + 3]);
    this.lineEnd();
  }

  /** CRLF: ends a line, or the head. */
  lineEnd(): void {
    this.reserve(2);
    this.bytes[this.length++] = CR;
    this.bytes[this.length++] = LF;
  }

  #separator(): void {
    this.reserve(2);
    this.bytes[this.length++] = COLON;
    this.bytes[this.length++] = SP;
  }
}

function isToken(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0xff || (classes[code] & TOKEN) === 0) return false;
  }
  return text.length > 0;
}
