/** A request head as our `HeadWriter` makes it for HTTP/1, translated to a field block. */
import { CR, SP } from "../../../http/char_class.ts";
import type { HeadWriter } from "../../../http/head_writer.ts";
import { latin1, latin1Bytes } from "../../../http/latin1.ts";
import type { HpackEncoder } from "../../../http2/mod.ts";

/** ` HTTP/1.1 CRLF`, after the target. */
const versionBytes = 11;
/** `host: `, with which the first field line begins. */
const hostNameBytes = 6;
const teLine = latin1Bytes("te: trailers\r\n");

const connect = latin1Bytes("CONNECT");
const webSocket = latin1Bytes("websocket");

/**
 * Writes the block of a WebSocket handshake, which is a CONNECT here (RFC 8441 5). `head`: that of a
 * GET with Upgrade, as in `encodeRequest`.
 */
export function encodeHandshake(encoder: HpackEncoder, head: HeadWriter, isHttps: boolean): void {
  const { bytes, length } = head;
  const targetStart = placeOf(SP, bytes, 0) + 1;
  const targetEnd = placeOf(SP, bytes, targetStart);
  const hostStart = targetEnd + versionBytes + hostNameBytes;
  const hostEnd = placeOf(CR, bytes, hostStart);
  encoder.begin();
  encoder.target(connect, 0, connect.length, isHttps, bytes, targetStart, targetEnd);
  encoder.authority(bytes, hostStart, hostEnd);
  encoder.protocol(webSocket, 0, webSocket.length);
  const key = webSocketKey(head);
  const linesEnd = key === null ? length : key.start;
  encoder.lines(bytes, hostEnd + 2, linesEnd, head.neverIndexed, head.known);
  if (key !== null) encoder.lines(bytes, key.end, length, head.neverIndexed, head.known);
}

/**
 * The client's sec-websocket-key, and where its line begins and ends; null: there is none. In HTTP/2
 * it has no use, and is not sent (RFC 8441 5).
 */
export function webSocketKey(
  { bytes, length }: HeadWriter,
): { readonly value: string; readonly start: number; readonly end: number } | null {
  const match = /\r\nsec-websocket-key:[ \t]*([^\r]*?)[ \t]*\r\n/i.exec(latin1(bytes, 0, length));
  if (match === null) return null;
  return { value: match[1], start: match.index + 2, end: match.index + match[0].length };
}

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
  const methodEnd = placeOf(SP, bytes, 0);
  const targetEnd = placeOf(SP, bytes, methodEnd + 1);
  const hostStart = targetEnd + versionBytes + hostNameBytes;
  const hostEnd = placeOf(CR, bytes, hostStart);
  encoder.begin();
  encoder.target(bytes, 0, methodEnd, isHttps, bytes, methodEnd + 1, targetEnd);
  // An empty one must not be sent (RFC 9113 8.3.1).
  if (hostEnd > hostStart) encoder.authority(bytes, hostStart, hostEnd, head.known);
  encoder.lines(bytes, hostEnd + 2, length, head.neverIndexed, head.known);
  if (acceptsTrailers) encoder.lines(teLine, 0, teLine.length, null);
}

/** Where the byte, which is there, comes next: what is searched is short, and a call costs more. */
function placeOf(byte: number, bytes: Uint8Array, start: number): number {
  let at = start;
  while (at < bytes.length && bytes[at] !== byte) at++;
  return at;
}
