/**
 * Normalizes a request path for matching: percent-encoding decoded, `.` and `..` segments resolved,
 * and consecutive slashes merged (`merge-slashes`). Files are chosen by the same form, so that no
 * spelling of a path bypasses its route. Most paths are already normal; only others cost a copy.
 */
const SLASH = 0x2f;
const DOT = 0x2e;
const PERCENT = 0x25;
const QUESTION = 0x3f;

/** The end of the path (a `?` or `end`) when it is already normal, else -1. */
export function normalPathEnd(bytes: Uint8Array, start: number, end: number): number {
  if (start === end || bytes[start] !== SLASH) return -1;
  for (let at = start; at < end; at++) {
    const byte = bytes[at];
    if (byte === QUESTION) return at;
    if (byte === PERCENT || byte === 0) return -1;
    // `/.hidden` is not a dot segment; normalizePath decides that, and whether `//` is merged.
    if ((byte === DOT || byte === SLASH) && bytes[at - 1] === SLASH) return -1;
  }
  return end;
}

export interface NormalPath {
  readonly bytes: Uint8Array;
  readonly length: number;
  /** For each byte of `bytes`, the offset after its source in the request's bytes. */
  readonly sourceEnds: Int32Array;
  /** Offset of `?`, or the end. */
  readonly queryStart: number;
  /** A dot segment was resolved: the original path must not be forwarded to an upstream. */
  readonly hadDots: boolean;
}

/**
 * Normalizes a path; null when a `..` would leave the root or the path contains a NUL byte.
 * `mergesSlashes`: empty segments are dropped.
 */
export function normalizePath(
  bytes: Uint8Array,
  start: number,
  end: number,
  mergesSlashes: boolean,
): NormalPath | null {
  let queryStart = start;
  while (queryStart < end && bytes[queryStart] !== QUESTION) queryStart++;
  const out = new Uint8Array(queryStart - start + 1);
  const sourceEnds = new Int32Array(out.length);
  let length = 0;
  let at = start;
  if (bytes[at] === SLASH && at < queryStart) at++;
  out[length] = SLASH;
  sourceEnds[length++] = at;
  let segmentStart = 1;
  let hadDots = false;
  while (at <= queryStart) {
    const isEnd = at === queryStart;
    const escaped = !isEnd && bytes[at] === PERCENT ? hexByte(bytes, at + 1, queryStart) : -1;
    const byte = isEnd ? SLASH : escaped >= 0 ? escaped : bytes[at];
    at += escaped >= 0 ? 3 : 1;
    if (byte === 0) return null;
    if (byte === SLASH) {
      // The rest of the path begins after the first slash: upstreams receive every byte of it.
      if (mergesSlashes && length === segmentStart && !isEnd) continue;
      const dots = dotCount(out, segmentStart, length);
      if (dots === 2 && segmentStart === 1) return null;
      if (dots > 0) {
        hadDots = true;
        length = dots === 1 ? segmentStart : previousSegment(out, segmentStart);
        segmentStart = length;
        if (!isEnd) sourceEnds[length - 1] = at;
        continue;
      }
      segmentStart = length + 1;
      if (isEnd) break;
    }
    out[length] = byte;
    sourceEnds[length++] = Math.min(at, queryStart);
  }
  return { bytes: out, length, sourceEnds, queryStart, hadDots };
}

/** 1 for a segment `.`, 2 for `..`, else 0. */
function dotCount(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start;
  if (length < 1 || length > 2 || bytes[start] !== DOT) return 0;
  return length === 1 || bytes[start + 1] === DOT ? length : 0;
}

/** Start of the segment before the one at `start`. */
function previousSegment(bytes: Uint8Array, start: number): number {
  let at = start - 1;
  while (at > 1 && bytes[at - 1] !== SLASH) at--;
  return Math.max(at, 1);
}

function hexByte(bytes: Uint8Array, at: number, end: number): number {
  if (at + 1 >= end) return -1;
  const high = hexDigit(bytes[at]);
  const low = hexDigit(bytes[at + 1]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

/**
 * The path from offset `from` for a request line: each byte as the client spelled it in `source`, so
 * that `%2F` stays `%2F` (a signature may cover it), but without the segments that were resolved.
 */
export function spellPath(source: Uint8Array, path: NormalPath, from: number): Uint8Array {
  const out: number[] = [];
  for (let at = from; at < path.length; at++) {
    const end = path.sourceEnds[at];
    const isEscape = end >= 3 && source[end - 3] === PERCENT &&
      hexByte(source, end - 2, end) === path.bytes[at];
    for (let i = end - (isEscape ? 3 : 1); i < end; i++) out.push(source[i]);
  }
  return Uint8Array.from(out);
}
