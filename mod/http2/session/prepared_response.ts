import { ByteWriter } from "../frames/byte_writer.ts";
import { Flag, frameBytesMin, FrameType } from "../frames/constants.ts";
import { FrameWriter } from "../frames/frame_writer.ts";
import { HpackEncoder } from "../hpack/encoder.ts";
import { LineCache } from "../hpack/line_cache.ts";

/** Index of `date` in the static table, as a literal without indexing: prefix 15, then 18. */
const dateLiteral = Uint8Array.of(0x0f, 0x12, 29);
const lineCache = new LineCache();
/** Bytes of an IMF-fixdate. */
const dateBytes = 29;

/**
 * A whole response as frames, made once: HEADERS and, with a body, one DATA frame with END_STREAM.
 * Its field block needs no dynamic table, so that it fits every connection; a send writes the stream's
 * identifier into it, and the date is rewritten in place.
 */
export class PreparedResponse {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly bodyBytes: number;
  /** Offset of the DATA frame. */
  readonly dataAt: number;
  /** Offset of the date, 29 bytes; 0 without one. */
  readonly dateAt: number;

  /**
   * `lines`: the field lines, `name: value CRLF` each, content-length included and without date.
   * `date`: its 29 bytes, null for none. `body`: at most 16,384 bytes, what every peer accepts.
   */
  constructor(status: number, lines: Uint8Array, date: Uint8Array | null, body: Uint8Array) {
    if (body.length > frameBytesMin) {
      throw new RangeError(`Cannot prepare a response: body has ${body.length} bytes`);
    }
    const block = new ByteWriter();
    const encoder = new HpackEncoder(false, false, block, lineCache);
    encoder.status(status);
    let dateAt = 0;
    if (date !== null) {
      block.copy(dateLiteral, 0, dateLiteral.length);
      dateAt = block.length;
      block.copy(date, 0, dateBytes);
    }
    encoder.lines(lines, 0, lines.length, null);
    if (block.length > frameBytesMin) {
      throw new RangeError(`Cannot prepare a response: its fields take ${block.length} bytes`);
    }
    const writer = new FrameWriter(block.length + body.length + 18);
    writer.headers(0, block.bytes, 0, block.length, body.length === 0, frameBytesMin);
    this.dateAt = date === null ? 0 : writer.length - block.length + dateAt;
    this.dataAt = writer.length;
    this.bodyBytes = body.length;
    if (body.length > 0) {
      writer.header(body.length, FrameType.data, Flag.endStream, 0);
      writer.copy(body, 0, body.length);
    }
    this.bytes = writer.bytes.slice(0, writer.length);
  }

  /** Rewrites the date: 29 bytes of `imfDate`. */
  setDate(imfDate: Uint8Array): void {
    if (this.dateAt > 0) this.bytes.set(imfDate, this.dateAt);
  }
}
