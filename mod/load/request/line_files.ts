/** The files of `{line:FILE}`. */
import { exitCodes, StartError, systemReason } from "../../base/errors.ts";
import type { LinesPlan } from "./values.ts";

/** Where in a request a line is put; it decides what may be in it. */
export type LinePlace = "path" | "field" | "body";

const fileBytesMax = 256 * 1024 * 1024;
const LF = 10, CR = 13;

/** Reads each file once for each kind of place. */
export class LineFiles {
  readonly #known = new Map<string, LinesPlan>();
  readonly #locate: (path: string) => string;

  /** `locate`: where a file lies that the user has named. */
  constructor(locate: (path: string) => string = (path) => path) {
    this.#locate = locate;
  }

  /** The lines of a file without the empty ones. Throws `StartError`. */
  read(path: string, place: LinePlace): LinesPlan {
    const key = `${place} ${path}`;
    const known = this.#known.get(key) ?? splitLines(readBytes(this.#locate(path)), path, place);
    this.#known.set(key, known);
    return known;
  }
}

function splitLines(bytes: Uint8Array, path: string, place: LinePlace): LinesPlan {
  const source = place === "path" ? escapeForPath(bytes) : bytes;
  const starts: number[] = [];
  const kept = new Uint8Array(new SharedArrayBuffer(source.length));
  let length = 0;
  for (let at = 0, line = 1; at < source.length; line++) {
    const feed = source.indexOf(LF, at);
    const next = feed < 0 ? source.length : feed + 1;
    let end = feed < 0 ? source.length : feed;
    if (end > at && source[end - 1] === CR) end--;
    if (place === "field") checkField(source, at, end, `${path}:${line}`);
    if (end > at) {
      starts.push(length);
      for (; at < end; at++) kept[length++] = source[at];
    }
    at = next;
  }
  if (starts.length === 0) throw new StartError(`${path}: no line in it`, exitCodes.failed);
  const shared = new Int32Array(new SharedArrayBuffer(4 * (starts.length + 1)));
  shared.set(starts);
  shared[starts.length] = length;
  return { bytes: kept.subarray(0, length), starts: shared };
}

/** A field's value has no control characters (RFC 9110 5.5). */
function checkField(bytes: Uint8Array, start: number, end: number, where: string): void {
  for (let at = start; at < end; at++) {
    const byte = bytes[at];
    if ((byte < 0x20 && byte !== 9) || byte === 0x7f) {
      throw new StartError(`${where}: control characters are not allowed in a field`, 2);
    }
  }
}

/** Blanks, `#` and what is not printable ASCII cannot be in a path: they are sent as %XX. */
function escapeForPath(bytes: Uint8Array): Uint8Array {
  const isPlain = (byte: number) => byte > 0x20 && byte < 0x7f && byte !== 0x23;
  const isEnd = (byte: number) => byte === LF || byte === CR;
  const escaped = bytes.reduce((sum, byte) => sum + (isPlain(byte) || isEnd(byte) ? 0 : 1), 0);
  if (escaped === 0) return bytes;
  const out = new Uint8Array(bytes.length + 2 * escaped);
  let at = 0;
  for (const byte of bytes) {
    if (isPlain(byte) || isEnd(byte)) {
      out[at++] = byte;
      continue;
    }
    const hex = byte.toString(16).toUpperCase().padStart(2, "0");
    out[at++] = 0x25;
    out[at++] = hex.charCodeAt(0);
    out[at++] = hex.charCodeAt(1);
  }
  return out;
}

function readBytes(path: string): Uint8Array {
  let bytes: Uint8Array;
  try {
    bytes = Deno.readFileSync(path);
  } catch (cause) {
    const reason = cause instanceof Deno.errors.NotFound ? "no such file" : systemReason(cause);
    throw new StartError(`${path}: ${reason}`, exitCodes.failed, { cause });
  }
  if (bytes.length <= fileBytesMax) return bytes;
  throw new StartError(`${path}: longer than 256 MB`, exitCodes.failed);
}
