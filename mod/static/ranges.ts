/** Byte ranges of RFC 9110 section 14: parsing, and the layout of multipart/byteranges. */

/** Bytes `[start, end)` of a representation. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** With more ranges than this, an attack or a mistake, the whole file is sent. */
export const rangeCountMax = 32;

/**
 * The ranges that a `Range` value selects from a representation of `size` bytes.
 *
 * null: ignore the field (other unit, bad syntax, too many ranges, or a sum larger than the file, RFC
 * 9110 section 14.2). An empty list: no range can be satisfied, answer 416.
 */
export function parseRanges(value: string, size: number): ByteRange[] | null {
  const match = /^bytes[ \t]*=(.*)$/i.exec(value);
  if (match === null) return null;
  const ranges: ByteRange[] = [];
  let count = 0;
  for (const part of match[1].split(",")) {
    const spec = part.trim();
    if (spec === "") continue;
    if (++count > rangeCountMax) return null;
    const range = parseRange(spec, size);
    if (range === null) return null;
    if (range.end > range.start) ranges.push(range);
  }
  if (count === 0) return null;
  const bytes = ranges.reduce((sum, range) => sum + range.end - range.start, 0);
  return ranges.length > 1 && bytes > size ? null : ranges;
}

/** One `first-last`, `first-` or `-suffix`; an empty range when outside; null for bad syntax. */
function parseRange(spec: string, size: number): ByteRange | null {
  const match = /^(\d*)-(\d*)$/.exec(spec);
  if (match === null || spec === "-") return null;
  // Numbers above 2^53 lose precision but are still larger than any file.
  const first = Number(match[1]);
  const last = Number(match[2]);
  if (match[1] === "") return { start: Math.max(size - last, 0), end: last === 0 ? 0 : size };
  if (match[2] !== "" && last < first) return null;
  if (first >= size) return { start: 0, end: 0 };
  return { start: first, end: match[2] === "" ? size : Math.min(last + 1, size) };
}

/** `bytes 0-9/100`, or `bytes` `*` `/100` for an unsatisfiable range. */
export function contentRange(range: ByteRange | null, size: number): string {
  return range === null ? `bytes */${size}` : `bytes ${range.start}-${range.end - 1}/${size}`;
}

/** A part of a multipart/byteranges body: its head, then the bytes of `range`. */
export interface RangePart {
  readonly head: Uint8Array;
  readonly range: ByteRange;
}

/** The layout of a multipart/byteranges body (RFC 9110 section 14.6). */
export interface MultipartLayout {
  readonly contentType: string;
  readonly parts: readonly RangePart[];
  readonly tail: Uint8Array;
  /** Length of the whole body. */
  readonly length: number;
}

/** `boundary` must not occur in the file; the caller makes it unguessable. */
export function layoutMultipart(
  ranges: readonly ByteRange[],
  size: number,
  type: string,
  boundary: string,
): MultipartLayout {
  const encoder = new TextEncoder();
  const tail = encoder.encode(`\r\n--${boundary}--\r\n`);
  let length = tail.length;
  const parts = ranges.map((range, i) => {
    const open = i === 0 ? "" : "\r\n";
    const head = encoder.encode(
      `${open}--${boundary}\r\nContent-Type: ${type}\r\n` +
        `Content-Range: ${contentRange(range, size)}\r\n\r\n`,
    );
    length += head.length + range.end - range.start;
    return { head, range };
  });
  return { contentType: `multipart/byteranges; boundary=${boundary}`, parts, tail, length };
}
