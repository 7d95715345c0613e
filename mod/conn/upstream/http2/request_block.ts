/** A request head as our `HeadWriter` makes it for HTTP/1, translated to a field block. */
import { CR, SP } from "../../../http/char_class.ts";
import type { HeadWriter } from "../../../http/head_writer.ts";
import { latin1Bytes } from "../../../http/latin1.ts";
import type { HpackEncoder } from "../../../http2/mod.ts";

/** ` HTTP/1.1 CRLF`, after the target. */
const versionBytes = 11;
/** `host: `, with which the first field line begins. */
const hostNameBytes = 6;
const teLine = latin1Bytes("te: trailers\r\n");

/**
 * Writes the block. `head` is a request line, the Host line, and the other field lines; those that
 * belong to an HTTP/1 connection are left out. `acceptsTrailers`: adds `te: trailers`.
 */
export function encodeRequest(
  encoder: HpackEncoder,
  head: HeadWriter,
  isHttps: boolean,
  acceptsTrailers: boolean,
): void {
  const { bytes, length } = head;
  const methodEnd = bytes.indexOf(SP);
  const targetEnd = bytes.indexOf(SP, methodEnd + 1);
  const hostStart = targetEnd + versionBytes + hostNameBytes;
  const hostEnd = bytes.indexOf(CR, hostStart);
  encoder.begin();
  encoder.target(bytes, 0, methodEnd, isHttps, bytes, methodEnd + 1, targetEnd);
  // An empty one must not be sent (RFC 9113 8.3.1).
  if (hostEnd > hostStart) encoder.authority(bytes, hostStart, hostEnd);
  encoder.lines(bytes, hostEnd + 2, length, null);
  if (acceptsTrailers) encoder.lines(teLine, 0, teLine.length, null);
}
