import { classes, COLON, CR, HTAB, LF, SP, TOKEN, VALUE } from "../http/char_class.ts";
import { Fault } from "./faults.ts";
import { latin1 } from "../http/latin1.ts";
import { isForbiddenTrailer, type TrailerField } from "../http/trailers.ts";
import type { BodyLimits } from "./limits.ts";

/** What the next byte of a trailer section is. */
const State = { lineStart: 0, line: 1, lineFeed: 2, lastLineFeed: 3 } as const;

/**
 * The trailer section of one chunked body (RFC 9112 7.1.2). Sections are small and rare, so the
 * bytes are copied line by line and the fields become text.
 */
export class TrailerSection {
  readonly fields: TrailerField[] = [];
  done = false;
  #limits: BodyLimits;
  #line: number[] = [];
  #state: number = State.lineStart;
  #byteCount = 0;
  #fieldCount = 0;

  constructor(limits: BodyLimits) {
    this.#limits = limits;
  }

  /** Consumes bytes up to the end of the section. Returns the offset after them, or a fault. */
  take(bytes: Uint8Array, start: number, end: number): number {
    for (let at = start; at < end; at++) {
      const fault = this.#takeByte(bytes[at]);
      if (fault !== 0) return fault;
      if (this.done) return at + 1;
    }
    return end;
  }

  #takeByte(byte: number): number {
    if (++this.#byteCount > this.#limits.trailerBytesMax) return Fault.trailerTooLong;
    switch (this.#state) {
      case State.lineStart:
        if (byte === CR) {
          this.#state = State.lastLineFeed;
          return 0;
        }
        if ((classes[byte] & TOKEN) === 0) return Fault.trailer;
        if (++this.#fieldCount > this.#limits.trailerFieldsMax) return Fault.trailerTooLong;
        this.#line.length = 0;
        this.#line.push(byte);
        this.#state = State.line;
        return 0;
      case State.line:
        if (byte === CR) this.#state = State.lineFeed;
        else if ((classes[byte] & VALUE) === 0) return Fault.trailer;
        else this.#line.push(byte);
        return 0;
      case State.lineFeed:
        if (byte !== LF) return Fault.trailer;
        this.#state = State.lineStart;
        return this.#endLine();
      default:
        if (byte !== LF) return Fault.trailer;
        this.done = true;
        return 0;
    }
  }

  #endLine(): number {
    const line = Uint8Array.from(this.#line);
    let nameEnd = 0;
    while (nameEnd < line.length && (classes[line[nameEnd]] & TOKEN) !== 0) nameEnd++;
    if (nameEnd === line.length || line[nameEnd] !== COLON) return Fault.trailer;
    const name = latin1(line, 0, nameEnd);
    if (isForbiddenTrailer(name.toLowerCase())) return 0;
    let start = nameEnd + 1;
    let end = line.length;
    while (start < end && (line[start] === SP || line[start] === HTAB)) start++;
    while (end > start && (line[end - 1] === SP || line[end - 1] === HTAB)) end--;
    this.fields.push({ name, value: latin1(line, start, end) });
    return 0;
  }
}
