import { classes, CR, hexValue, HTAB, LF, SEMICOLON, SP, VALUE } from "../http/char_class.ts";
import { Framing } from "../http/message_head.ts";
import type { TrailerField } from "../http/trailers.ts";
import { Fault } from "./faults.ts";
import type { BodyLimits } from "./limits.ts";
import { TrailerSection } from "./trailer_section.ts";

/** What the next byte of a chunked body is (RFC 9112 7.1). */
const State = {
  sizeFirst: 0,
  size: 1,
  sizeBlank: 2,
  extension: 3,
  sizeLineFeed: 4,
  data: 5,
  dataReturn: 6,
  dataLineFeed: 7,
  trailer: 8,
} as const;

/** Most hex digits in a chunk size, leading zeros included: those of a 64-bit number. */
const sizeDigitsMax = 16;
const noTrailers: readonly TrailerField[] = [];

/**
 * Finds the data of one body in the bytes of its connection, without copying.
 *
 *     while (at < end && !decoder.done) {
 *       at = decoder.step(bytes, at, end);
 *       if (at < 0) break; // a fault
 *       if (decoder.dataEnd > decoder.dataStart) use(bytes, decoder.dataStart, decoder.dataEnd);
 *     }
 *
 * Bytes from `at` on belong to the next message once `done` is true.
 */
export class BodyDecoder {
  /** The data found by the last `step`, as offsets into its `bytes`; may be empty. */
  dataStart = 0;
  dataEnd = 0;
  /** The body is complete. True right after `reset` if there is no body. */
  done = true;
  /** Bytes of data found since `reset`. */
  dataBytes = 0;
  #framing: Framing = Framing.none;
  #state: number = State.sizeFirst;
  /** Bytes of data still to come: of the body, or of the current chunk. */
  #remaining = 0;
  #digitCount = 0;
  #extensionBytes = 0;
  #limits: BodyLimits | null = null;
  #trailerSection: TrailerSection | null = null;

  /** Begins a body. `contentLength` is used only with `Framing.length`. */
  reset(framing: Framing, contentLength: number, limits: BodyLimits): void {
    this.#framing = framing;
    this.#limits = limits;
    this.#state = State.sizeFirst;
    this.#remaining = framing === Framing.length ? contentLength : 0;
    this.#digitCount = 0;
    this.#extensionBytes = 0;
    this.#trailerSection = null;
    this.dataStart = this.dataEnd = 0;
    this.dataBytes = 0;
    this.done = framing === Framing.none || (framing === Framing.length && contentLength === 0);
  }

  /** The trailer fields, once `done`, without those that RFC 9110 6.5.1 forbids. */
  get trailers(): readonly TrailerField[] {
    return this.#trailerSection === null ? noTrailers : this.#trailerSection.fields;
  }

  /** Bytes of data still expected: of a body with a length, or of the current chunk. */
  get remaining(): number {
    return this.#remaining;
  }

  /** How many of the next bytes are data for certain; 0 where that is not known. */
  get dataAhead(): number {
    const isInData = this.#framing === Framing.length || this.#state === State.data;
    return isInData ? this.#remaining : 0;
  }

  /**
   * Consumes bytes from `[start, end)`, which must not be empty, up to the end of the first run of
   * data. Returns the offset to continue from (> start unless `done`), or a `Fault` (< 0), after
   * which the connection cannot be reused.
   */
  step(bytes: Uint8Array, start: number, end: number): number {
    this.dataStart = this.dataEnd = start;
    if (this.done) return start;
    if (this.#framing === Framing.chunked) return this.#stepChunked(bytes, start, end);
    return this.#takeData(start, end);
  }

  /**
   * Call when the peer has closed. True if that completes the body, false if the body is truncated.
   */
  finishAtEof(): boolean {
    if (this.#framing === Framing.eof) this.done = true;
    return this.done;
  }

  #takeData(start: number, end: number): number {
    let dataEnd = end;
    if (this.#framing !== Framing.eof) {
      if (this.#remaining < end - start) dataEnd = start + this.#remaining;
      this.#remaining -= dataEnd - start;
      if (this.#remaining === 0) {
        if (this.#framing === Framing.length) this.done = true;
        else this.#state = State.dataReturn;
      }
    }
    this.dataStart = start;
    this.dataEnd = dataEnd;
    this.dataBytes += dataEnd - start;
    return dataEnd;
  }

  #stepChunked(bytes: Uint8Array, start: number, end: number): number {
    for (let at = start; at < end;) {
      const state = this.#state;
      if (state === State.data) return this.#takeData(at, end);
      if (state === State.trailer) return this.#takeTrailer(bytes, at, end);
      const fault = state <= State.sizeLineFeed
        ? this.#takeSizeByte(bytes[at], state)
        : this.#takeDataEnd(bytes[at], state);
      if (fault !== 0) return fault;
      at++;
    }
    this.dataStart = this.dataEnd = end;
    return end;
  }

  /** One byte of `chunk-size [chunk-ext] CRLF`. A bare LF is never a line end here. */
  #takeSizeByte(byte: number, state: number): number {
    switch (state) {
      case State.sizeFirst:
      case State.size: {
        const digit = hexValue[byte];
        if (digit >= 0) return this.#takeDigit(digit);
        if (state === State.sizeFirst) return Fault.chunkSize;
        return this.#endSize(byte);
      }
      case State.sizeBlank:
        // White space is allowed only before a semicolon: `5 CRLF` is refused (RFC 9112 7.1.1).
        if (byte === SEMICOLON) this.#state = State.extension;
        else if (byte !== SP && byte !== HTAB) return Fault.chunkSize;
        return this.#countExtension();
      case State.extension:
        if (byte === CR) {
          this.#state = State.sizeLineFeed;
          return 0;
        }
        return (classes[byte] & VALUE) === 0 ? Fault.chunkSize : this.#countExtension();
      default:
        if (byte !== LF) return Fault.chunkSize;
        this.#beginData();
        return 0;
    }
  }

  #takeDigit(digit: number): number {
    this.#remaining = this.#remaining * 16 + digit;
    if (++this.#digitCount > sizeDigitsMax || this.#remaining > Number.MAX_SAFE_INTEGER) {
      return Fault.chunkSize;
    }
    this.#state = State.size;
    return 0;
  }

  #endSize(byte: number): number {
    if (byte === CR) {
      this.#state = State.sizeLineFeed;
      return 0;
    }
    if (byte === SEMICOLON) this.#state = State.extension;
    else if (byte === SP || byte === HTAB) this.#state = State.sizeBlank;
    else return Fault.chunkSize;
    return this.#countExtension();
  }

  /** Counts every byte between a chunk size and its line end against the limit. */
  #countExtension(): number {
    return ++this.#extensionBytes > this.#limits!.chunkExtensionBytesMax
      ? Fault.chunkExtensionTooLong
      : 0;
  }

  #beginData(): void {
    this.#digitCount = 0;
    if (this.#remaining > 0) {
      this.#state = State.data;
    } else {
      this.#state = State.trailer;
      this.#trailerSection = new TrailerSection(this.#limits!);
    }
  }

  #takeDataEnd(byte: number, state: number): number {
    if (byte !== (state === State.dataReturn ? CR : LF)) return Fault.chunkEnd;
    this.#state = state === State.dataReturn ? State.dataLineFeed : State.sizeFirst;
    return 0;
  }

  #takeTrailer(bytes: Uint8Array, at: number, end: number): number {
    const section = this.#trailerSection!;
    const next = section.take(bytes, at, end);
    if (next < 0) return next;
    this.done = section.done;
    this.dataStart = this.dataEnd = next;
    return next;
  }
}
