/** Reads one line of an access log: when it was, the method and the target. */
import { readClock, readTime } from "./log_time.ts";

const SP = 0x20, QUOTE = 0x22, BACKSLASH = 0x5c, BRACKET = 0x5b, BRACE = 0x7b, TAB = 9;
/** `31/Jan/2026:12:00:00 +0100` */
const clockBytes = 26;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Names that logs of JSON and LTSV have for the same thing. */
const timeNames = ["time", "ts", "timestamp", "@timestamp", "time_local", "time_iso8601", "msec"];
const methodNames = ["method", "request_method", "req_method"];
const targetNames = ["target", "uri", "request_uri", "path", "url"];

export class LogLine {
  timeMs = 0;
  /** How finely the time is known: a second, or a millisecond. */
  stepMs = 1000;
  /** Method and target are parts of `bytes`, valid until the next line is read. */
  bytes: Uint8Array = new Uint8Array(0);
  methodStart = 0;
  methodEnd = 0;
  targetStart = 0;
  targetEnd = 0;
  /** The last clock that was read: most lines repeat it. */
  readonly #clock = new Uint8Array(clockBytes);
  #clockMs = NaN;

  /** False: the line has no time, or no request that can be sent. */
  read(bytes: Uint8Array, start: number, end: number): boolean {
    if (bytes[start] === BRACE) return this.#readJson(decoder.decode(bytes.subarray(start, end)));
    const open = this.#findClock(bytes, start, end);
    if (open < 0) return false;
    // An LTSV line has a tab where a combined one has a blank.
    if (bytes[open + clockBytes + 2] === TAB) {
      return this.#readLtsv(decoder.decode(bytes.subarray(start, end)));
    }
    this.timeMs = this.#clockMs;
    this.stepMs = 1000;
    return this.#readQuoted(bytes, open + clockBytes, end);
  }

  /** Where `[`, a clock and `]` begin; -1: nowhere. */
  #findClock(bytes: Uint8Array, start: number, end: number): number {
    for (let at = start; at + clockBytes + 1 < end; at++) {
      if (bytes[at] !== BRACKET || bytes[at + 3] !== 0x2f || bytes[at + 7] !== 0x2f) continue;
      if (this.#takeClock(bytes, at + 1)) return at;
    }
    return -1;
  }

  #takeClock(bytes: Uint8Array, start: number): boolean {
    const clock = this.#clock;
    let isSame = true;
    for (let index = 0; index < clockBytes; index++) {
      if (clock[index] === bytes[start + index]) continue;
      isSame = false;
      clock[index] = bytes[start + index];
    }
    if (!isSame) this.#clockMs = readClock(decoder.decode(clock));
    return !Number.isNaN(this.#clockMs);
  }

  /** `"GET /path HTTP/1.1"` in what follows the time. */
  #readQuoted(bytes: Uint8Array, start: number, end: number): boolean {
    let open = start;
    while (open < end && bytes[open] !== QUOTE) open++;
    let close = open + 1, hasEscape = false;
    for (; close < end && bytes[close] !== QUOTE; close++) {
      if (bytes[close] !== BACKSLASH) continue;
      hasEscape = true;
      close++;
    }
    if (close >= end) return false;
    if (!hasEscape) return this.#takeRequest(bytes, open + 1, close);
    const plain = unescaped(bytes.subarray(open + 1, close));
    return this.#takeRequest(plain, 0, plain.length);
  }

  #takeRequest(bytes: Uint8Array, start: number, end: number): boolean {
    let methodEnd = start;
    while (methodEnd < end && bytes[methodEnd] !== SP) methodEnd++;
    let targetEnd = end;
    while (targetEnd > methodEnd && bytes[targetEnd - 1] !== SP) targetEnd--;
    // HTTP/0.9 has no version behind the target, and nothing that could be sent again.
    if (targetEnd <= methodEnd + 1) return false;
    return this.#take(bytes, start, methodEnd, methodEnd + 1, targetEnd - 1);
  }

  #take(
    bytes: Uint8Array,
    methodStart: number,
    methodEnd: number,
    targetStart: number,
    targetEnd: number,
  ): boolean {
    this.bytes = bytes;
    this.methodStart = methodStart;
    this.methodEnd = methodEnd;
    this.targetStart = targetStart;
    this.targetEnd = targetEnd;
    if (methodEnd === methodStart || targetEnd === targetStart) return false;
    for (let at = methodStart; at < methodEnd; at++) if (!isMethodByte(bytes[at])) return false;
    for (let at = targetStart; at < targetEnd; at++) {
      // As servers do: RFC 9112 3.2 allows no blank, control character or fragment.
      if (bytes[at] <= SP || bytes[at] === 0x7f || bytes[at] === 0x23) return false;
    }
    return bytes[targetStart] === 0x2f;
  }

  #readJson(text: string): boolean {
    try {
      return this.#takeFields(JSON.parse(text) as Record<string, unknown>);
    } catch (error) {
      if (error instanceof SyntaxError) return false;
      throw error;
    }
  }

  #readLtsv(text: string): boolean {
    const fields: Record<string, string> = {};
    for (const field of text.split("\t")) {
      const colon = field.indexOf(":");
      if (colon > 0) fields[field.slice(0, colon)] = field.slice(colon + 1);
    }
    return this.#takeFields(fields);
  }

  #takeFields(fields: Readonly<Record<string, unknown>>): boolean {
    const first = (names: readonly string[]) => names.find((name) => name in fields);
    const time = readTime(fields[first(timeNames) ?? ""]);
    if (time === null) return false;
    this.timeMs = time.ms;
    this.stepMs = time.stepMs;
    const request = fields["request"];
    if (typeof request === "string") {
      const bytes = encoder.encode(request);
      return this.#takeRequest(bytes, 0, bytes.length);
    }
    const method = fields[first(methodNames) ?? ""], target = fields[first(targetNames) ?? ""];
    if (typeof method !== "string" || typeof target !== "string") return false;
    const bytes = encoder.encode(`${method} ${target}`);
    const methodEnd = encoder.encode(method).length;
    return this.#take(bytes, 0, methodEnd, methodEnd + 1, bytes.length);
  }
}

/** Letters, and the hyphen of methods such as VERSION-CONTROL. */
function isMethodByte(byte: number): boolean {
  return (byte >= 0x41 && byte <= 0x5a) || byte === 0x2d;
}

/** `\x22` is a byte, and `\"` and `\\` are what follows, as Apache, nginx and h2o write them. */
function unescaped(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(bytes.length);
  let length = 0;
  for (let at = 0; at < bytes.length; at++) {
    if (bytes[at] !== BACKSLASH || at + 1 === bytes.length) {
      out[length++] = bytes[at];
      continue;
    }
    const code = bytes[at + 1] === 0x78
      ? parseInt(decoder.decode(bytes.subarray(at + 2, at + 4)), 16)
      : NaN;
    out[length++] = Number.isNaN(code) ? bytes[at + 1] : code;
    at += Number.isNaN(code) ? 1 : 3;
  }
  return out.subarray(0, length);
}
