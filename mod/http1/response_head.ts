/** Parses the head of a response (RFC 9112 4 to 6). */
import { classes, CR, LF, SP, VALUE } from "../http/char_class.ts";
import { clearFields } from "../http/field_facts.ts";
import { Fact, Framing } from "../http/message_head.ts";
import { Method } from "../http/method.ts";
import type { ResponseHead } from "../http/response_head.ts";
import { Fault } from "./faults.ts";
import { parseFields, worthParsing } from "./field_section.ts";
import type { HeadLimits } from "./limits.ts";

/**
 * Parses the head of a response to a request of `requestMethod`, on which its framing depends.
 * Arguments and result are those of `parseRequestHead`. An interim response (1xx) is a separate
 * head: the next one begins where it ends. Every fault becomes a 502 to the client.
 */
export function parseResponseHead(
  head: ResponseHead,
  bytes: Uint8Array,
  start: number,
  end: number,
  limits: HeadLimits,
  lastEnd: number,
  requestMethod: Method,
): number {
  if (lastEnd > start && !worthParsing(bytes, start, lastEnd, end, limits)) return 0;
  clearFields(head, bytes, limits.fieldsMax);
  const lineLimit = start + limits.startLineBytesMax + 2;
  const fieldsAt = parseStatusLine(head, bytes, start, Math.min(end, lineLimit));
  if (fieldsAt <= 0) return fieldsAt === 0 && end >= lineLimit ? Fault.headTooLong : fieldsAt;
  const headLimit = start + limits.headBytesMax;
  const headEnd = parseFields(head, bytes, fieldsAt, Math.min(end, headLimit), limits.fieldsMax);
  if (headEnd <= 0) return headEnd === 0 && end >= headLimit ? Fault.headTooLong : headEnd;
  const fault = concludeResponse(head, requestMethod);
  return fault < 0 ? fault : headEnd;
}

const versionPrefix = Uint8Array.from("HTTP/1.", (letter) => letter.charCodeAt(0));

/**
 * `HTTP-version SP status SP [reason] CRLF` (RFC 9112 4), or LF alone. The space before an empty
 * reason is optional, as many servers omit it. Every byte is checked as soon as it arrives.
 */
function parseStatusLine(head: ResponseHead, bytes: Uint8Array, at: number, end: number): number {
  for (let i = 0; i < 7; i++, at++) {
    if (at === end) return 0;
    if (bytes[at] !== versionPrefix[i]) {
      return i === 5 ? Fault.versionUnsupported : Fault.statusLine;
    }
  }
  if (at === end) return 0;
  if (bytes[at] < 0x30 || bytes[at] > 0x39) return Fault.statusLine;
  head.minor = bytes[at++] === 0x30 ? 0 : 1;
  if (at === end) return 0;
  if (bytes[at++] !== SP) return Fault.statusLine;
  head.status = 0;
  for (let i = 0; i < 3; i++, at++) {
    if (at === end) return 0;
    const digit = bytes[at] - 0x30;
    if (digit < 0 || digit > 9 || (i === 0 && digit === 0)) return Fault.statusLine;
    head.status = head.status * 10 + digit;
  }
  if (at === end) return 0;
  if (bytes[at] === SP) at++;
  else if (bytes[at] !== CR && bytes[at] !== LF) return Fault.statusLine;
  head.reasonStart = at;
  while (at < end && (classes[bytes[at]] & VALUE) !== 0) at++;
  head.reasonEnd = at;
  if (at === end) return 0;
  if (bytes[at] === LF) {
    head.facts |= Fact.loneLineFeed;
    return at + 1;
  }
  if (bytes[at] !== CR) return Fault.statusLine;
  if (at + 1 === end) return 0;
  return bytes[at + 1] === LF ? at + 2 : Fault.bareCarriageReturn;
}

/** Decides the framing and whether the connection persists (RFC 9112 6.3, 9.3). */
function concludeResponse(head: ResponseHead, requestMethod: Method): number {
  const { facts, status, contentLength } = head;
  const modern = head.minor === 1;
  const chunked = (facts & Fact.chunked) !== 0;
  if (chunked && !modern) return Fault.transferEncodingVersion;
  if (chunked && contentLength >= 0) return Fault.lengthAndChunked;
  head.keepAlive = (facts & Fact.close) === 0 && (modern || (facts & Fact.keepAlive) !== 0);
  const upgrading = Fact.upgrade | Fact.connectionUpgrade;
  head.upgrade = modern && (facts & (upgrading | Fact.otherUpgrade)) === upgrading;
  const isTunnel = requestMethod === Method.connect && status >= 200 && status < 300;
  if (status < 200 || status === 204 || isTunnel) {
    head.framing = Framing.none;
    // RFC 9110 8.6, RFC 9112 6.1 forbid a length here, so what follows is ambiguous.
    if (chunked || contentLength > 0) head.keepAlive = false;
  } else if (requestMethod === Method.head || status === 304) {
    head.framing = Framing.none;
  } else if (chunked) {
    head.framing = Framing.chunked;
  } else if (contentLength >= 0) {
    head.framing = contentLength > 0 ? Framing.length : Framing.none;
  } else {
    head.framing = Framing.eof;
    head.keepAlive = false;
  }
  return 0;
}
