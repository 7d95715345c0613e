/** Parses the head of a request (RFC 9112 2 to 6). */
import { classes, CR, LF, SP, TARGET, TOKEN } from "../http/char_class.ts";
import { clearFields } from "../http/field_facts.ts";
import { isHost, isHostAndPort } from "../http/host.ts";
import { equalsLower, Fact, Framing } from "../http/message_head.ts";
import { Method, methodOf } from "../http/method.ts";
import { type RequestHead, TargetForm } from "../http/request_head.ts";
import { Fault } from "./faults.ts";
import { parseFields, worthParsing } from "./field_section.ts";
import type { HeadLimits } from "./limits.ts";

/** Most CRLFs before a request line that are ignored as leftovers of a sloppy client. */
const emptyLinesMax = 4;

/**
 * Parses the head of a request that begins at `start` of `bytes`, of which `[start, end)` has
 * arrived.
 *
 * Returns the offset after the head (> 0), 0 while it is partial, or a `Fault` (< 0). After 0, call
 * again when more bytes have arrived, with the same head at `start` (in any buffer) and `lastEnd`
 * at the previous end of its bytes; the first call has `lastEnd = start`. No state is kept between
 * calls.
 */
export function parseRequestHead(
  head: RequestHead,
  bytes: Uint8Array,
  start: number,
  end: number,
  limits: HeadLimits,
  lastEnd: number,
): number {
  let lineStart = start;
  // RFC 9112 2.2: empty lines before a request line should be ignored.
  while (lineStart < end && bytes[lineStart] === CR) {
    if (lineStart + 1 === end) return 0;
    if (bytes[lineStart + 1] !== LF) return Fault.bareCarriageReturn;
    lineStart += 2;
    if (lineStart - start > 2 * emptyLinesMax) return Fault.requestLine;
  }
  if (lastEnd > lineStart && !worthParsing(bytes, lineStart, lastEnd, end, limits)) return 0;
  clearFields(head, bytes, limits.fieldsMax);
  const lineLimit = lineStart + limits.startLineBytesMax + 2;
  const fieldsAt = parseRequestLine(head, bytes, lineStart, Math.min(end, lineLimit));
  if (fieldsAt <= 0) {
    return fieldsAt === 0 && end >= lineLimit ? Fault.requestLineTooLong : fieldsAt;
  }
  const headLimit = lineStart + limits.headBytesMax;
  const headEnd = parseFields(head, bytes, fieldsAt, Math.min(end, headLimit), limits.fieldsMax);
  if (headEnd <= 0) return headEnd === 0 && end >= headLimit ? Fault.headTooLong : headEnd;
  const fault = concludeRequest(head);
  return fault < 0 ? fault : headEnd;
}

/** `method SP request-target SP HTTP-version CRLF` (RFC 9112 3). Same result as its caller. */
function parseRequestLine(
  head: RequestHead,
  bytes: Uint8Array,
  start: number,
  end: number,
): number {
  let at = start;
  while (at < end && (classes[bytes[at]] & TOKEN) !== 0) at++;
  if (at === end) return 0;
  if (at === start || bytes[at] !== SP) return bytes[at] === LF ? Fault.bareLineFeed : Fault.method;
  head.methodStart = start;
  head.methodEnd = at;
  head.method = methodOf(bytes, start, at);
  const targetStart = ++at;
  while (at < end && (classes[bytes[at]] & TARGET) !== 0) at++;
  if (at === end) return 0;
  if (at === targetStart || bytes[at] !== SP) {
    return bytes[at] === LF ? Fault.bareLineFeed : Fault.target;
  }
  head.targetStart = targetStart;
  head.targetEnd = at;
  const lineEnd = parseVersion(head, bytes, at + 1, end);
  if (lineEnd <= 0) return lineEnd;
  if (!isTarget(head, bytes)) return Fault.target;
  return lineEnd;
}

const versionPrefix = Uint8Array.from("HTTP/", (letter) => letter.charCodeAt(0));

/**
 * `HTTP/` DIGIT `.` DIGIT CRLF at `at`. Every byte is checked as soon as it arrives. With neither a
 * known method nor `HTTP/` it is another protocol.
 */
function parseVersion(head: RequestHead, bytes: Uint8Array, at: number, end: number): number {
  for (let i = 0; i < 5; i++) {
    if (at + i >= end) return 0;
    if (bytes[at + i] !== versionPrefix[i]) {
      return head.method === Method.other ? Fault.notHttp : Fault.version;
    }
  }
  if (at + 5 >= end) return 0;
  const major = bytes[at + 5] - 0x30;
  if (major < 0 || major > 9) return Fault.version;
  if (at + 6 >= end) return 0;
  if (bytes[at + 6] !== 0x2e) return Fault.version;
  if (at + 7 >= end) return 0;
  const minor = bytes[at + 7] - 0x30;
  if (minor < 0 || minor > 9) return Fault.version;
  if (at + 8 >= end) return 0;
  if (bytes[at + 8] !== CR) return bytes[at + 8] === LF ? Fault.bareLineFeed : Fault.version;
  if (at + 9 >= end) return 0;
  if (bytes[at + 9] !== LF) return Fault.bareCarriageReturn;
  if (major !== 1) return Fault.versionUnsupported;
  head.minor = minor === 0 ? 0 : 1;
  return at + 10;
}

/** Whether the method allows the target's form; records path and authority (RFC 9112 3.2). */
function isTarget(head: RequestHead, bytes: Uint8Array): boolean {
  const { targetStart: start, targetEnd: end } = head;
  head.pathStart = start;
  head.pathEnd = end;
  if (head.method === Method.connect) {
    head.targetForm = TargetForm.authority;
    head.pathEnd = start;
    if (!isHostAndPort(bytes, start, end)) return false;
    head.hostStart = start;
    head.hostEnd = end;
    return true;
  }
  if (bytes[start] === 0x2f) {
    head.targetForm = TargetForm.origin;
    return true;
  }
  if (bytes[start] === 0x2a && end === start + 1) {
    head.targetForm = TargetForm.asterisk;
    head.pathEnd = start;
    return head.method === Method.options;
  }
  return isAbsolute(head, bytes, start, end);
}

/** `http://authority path`, `https://...`; user information is refused (RFC 9110 4.2.4). */
function isAbsolute(head: RequestHead, bytes: Uint8Array, start: number, end: number): boolean {
  let at = start;
  if (end - start > 7 && equalsLower(bytes, start, "http://")) at += 7;
  else if (end - start > 8 && equalsLower(bytes, start, "https://")) at += 8;
  else return false;
  head.targetForm = TargetForm.absolute;
  head.hostStart = at;
  while (at < end && bytes[at] !== 0x2f && bytes[at] !== 0x3f) at++;
  head.hostEnd = head.pathStart = at;
  return at > head.hostStart && bytes[head.hostStart] !== 0x3a && isHost(bytes, head.hostStart, at);
}

/** Evaluates start line and fields together (RFC 9112 3.2, 6, 9.3). Returns 0 or a fault. */
function concludeRequest(head: RequestHead): number {
  const { facts } = head;
  const modern = head.minor === 1;
  if (modern && (facts & Fact.host) === 0) return Fault.hostMissing;
  if ((facts & Fact.chunked) !== 0) {
    if (!modern) return Fault.transferEncodingVersion;
    if (head.contentLength >= 0) return Fault.lengthAndChunked;
    head.framing = Framing.chunked;
  } else {
    head.framing = head.contentLength > 0 ? Framing.length : Framing.none;
  }
  head.keepAlive = (facts & Fact.close) === 0 && (modern || (facts & Fact.keepAlive) !== 0);
  const upgrading = Fact.upgrade | Fact.connectionUpgrade;
  head.upgrade = modern && (facts & (upgrading | Fact.otherUpgrade)) === upgrading;
  head.expectContinue = modern && head.framing !== Framing.none &&
    (facts & Fact.expectContinue) !== 0;
  return 0;
}
