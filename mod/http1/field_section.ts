/** Field lines of a head (RFC 9112 5), and the fields that only HTTP/1 gives a meaning. */
import { classes, COLON, COMMA, CR, HTAB, LF, SP, TOKEN, VALUE } from "../http/char_class.ts";
import { noteContentLength, noteExpect, noteHost } from "../http/field_facts.ts";
import { fieldKind } from "../http/field_names.ts";
import { equalsLower, Fact, FieldKind, type MessageHead } from "../http/message_head.ts";
import { Fault } from "./faults.ts";

/**
 * Parses field lines from `at` up to and including the empty line (RFC 9112 5). Returns the offset
 * after it, 0 when `end` comes first, or a fault. Known fields are validated on the way.
 *
 * Lines of a response may end in LF alone: RFC 9112 2.2 allows it, old origins send it, and nginx,
 * h2o and HAProxy accept it. In a request a bare LF is refused: servers that disagree about where a
 * request ends enable request smuggling.
 */
export function parseFields(
  head: MessageHead,
  bytes: Uint8Array,
  at: number,
  end: number,
  fieldsMax: number,
): number {
  const { fields, kinds } = head;
  let count = 0;
  for (;;) {
    const nameStart = at;
    while (at < end && (classes[bytes[at]] & TOKEN) !== 0) at++;
    if (at === end) return 0;
    if (bytes[at] !== COLON || at === nameStart) {
      if (at !== nameStart || bytes[at] !== CR) {
        if (at !== nameStart || bytes[at] !== LF || head.isRequest) {
          return faultOfName(bytes, nameStart, at);
        }
        head.facts |= Fact.loneLineFeed;
        head.fieldCount = count;
        head.fieldsEnd = at;
        return at + 1;
      }
      if (at + 1 === end) return 0;
      head.fieldCount = count;
      head.fieldsEnd = at;
      return bytes[at + 1] === LF ? at + 2 : Fault.bareCarriageReturn;
    }
    if (count === fieldsMax) return Fault.tooManyFields;
    const nameEnd = at++;
    while (at < end && (bytes[at] === SP || bytes[at] === HTAB)) at++;
    const valueStart = at;
    while (at < end && (classes[bytes[at]] & VALUE) !== 0) at++;
    if (at === end) return 0;
    let valueEnd = at;
    if (bytes[at] === CR) {
      if (at + 1 === end) return 0;
      if (bytes[at + 1] !== LF) return Fault.bareCarriageReturn;
      at += 2;
    } else {
      if (bytes[at] !== LF) return Fault.fieldValue;
      if (head.isRequest) return Fault.bareLineFeed;
      head.facts |= Fact.loneLineFeed;
      at++;
    }
    while (valueEnd > valueStart && bytes[valueEnd - 1] <= SP) valueEnd--;
    const slot = 4 * count;
    fields[slot] = nameStart;
    fields[slot + 1] = nameEnd;
    fields[slot + 2] = valueStart;
    fields[slot + 3] = valueEnd;
    const kind = fieldKind(bytes, nameStart, nameEnd);
    kinds[count++] = kind;
    if (kind !== 0) {
      const fault = noteField(head, kind, bytes, valueStart, valueEnd);
      if (fault !== 0) return fault;
    }
  }
}

function faultOfName(bytes: Uint8Array, nameStart: number, at: number): number {
  const byte = bytes[at];
  if (byte === LF) return Fault.bareLineFeed;
  if (at === nameStart && (byte === SP || byte === HTAB)) return Fault.obsFold;
  return Fault.fieldName;
}

/** Records the value `[start, end)` of a known field. Returns 0 or a fault. */
function noteField(
  head: MessageHead,
  kind: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): number {
  switch (kind) {
    case FieldKind.host:
      return noteHost(head, bytes, start, end);
    case FieldKind.contentLength:
      return noteContentLength(head, bytes, start, end);
    case FieldKind.transferEncoding:
      if ((head.facts & Fact.chunked) !== 0) return Fault.transferEncoding;
      head.facts |= Fact.chunked;
      if (end - start === 7 && equalsLower(bytes, start, "chunked")) return 0;
      return faultOfCodings(bytes, start, end);
    case FieldKind.connection:
      noteConnection(head, bytes, start, end);
      return 0;
    case FieldKind.upgrade:
      if (end === start) return 0;
      head.facts |= end - start === 9 && equalsLower(bytes, start, "websocket")
        ? Fact.upgrade
        : Fact.otherUpgrade;
      return 0;
    case FieldKind.expect:
      noteExpect(head, bytes, start, end);
      return 0;
    default:
      return 0;
  }
}

/**
 * The fault of a Transfer-Encoding that is not exactly `chunked`. Empty, or with chunked twice or
 * not last, it defines no framing (RFC 9112 6.3); otherwise it needs a coding we do not support.
 */
function faultOfCodings(bytes: Uint8Array, start: number, end: number): number {
  let chunkedCount = 0;
  let codingCount = 0;
  let lastIsChunked = false;
  for (let at = start; at < end; at++) {
    while (at < end && (bytes[at] === SP || bytes[at] === HTAB)) at++;
    const first = at;
    while (at < end && (classes[bytes[at]] & TOKEN) !== 0) at++;
    if (at > first) {
      codingCount++;
      lastIsChunked = at - first === 7 && equalsLower(bytes, first, "chunked");
      if (lastIsChunked) chunkedCount++;
    }
    while (at < end && bytes[at] !== COMMA) {
      // `chunked` has no parameters, so `chunked;x` is a different coding.
      if (bytes[at] > SP && lastIsChunked) {
        chunkedCount--;
        lastIsChunked = false;
      }
      at++;
    }
  }
  if (codingCount === 0 || chunkedCount > 1) return Fault.transferEncoding;
  if (chunkedCount === 1 && (!lastIsChunked || codingCount === 1)) return Fault.transferEncoding;
  return Fault.transferEncodingUnknown;
}

/** Connection options are whole list elements: `close x` is not `close`. */
function noteConnection(head: MessageHead, bytes: Uint8Array, start: number, end: number): void {
  for (let at = start; at < end; at++) {
    while (at < end && (bytes[at] === SP || bytes[at] === HTAB)) at++;
    const first = at;
    let last = at;
    for (; at < end && bytes[at] !== COMMA; at++) if (bytes[at] > SP) last = at + 1;
    const length = last - first;
    if (length === 5 && equalsLower(bytes, first, "close")) head.facts |= Fact.close;
    else if (length === 10 && equalsLower(bytes, first, "keep-alive")) head.facts |= Fact.keepAlive;
    else if (length === 7 && equalsLower(bytes, first, "upgrade")) {
      head.facts |= Fact.connectionUpgrade;
    } else if (length > 0) head.connectionNamesFields = true;
  }
}

/**
 * Whether a head that was partial at `lastEnd` should be parsed again: a line end that completes or
 * breaks the head has arrived, a limit is exceeded, or the length has doubled. Doubling keeps the
 * work linear for a peer that sends single bytes, and still finds a fault in an endless head.
 */
export function worthParsing(
  bytes: Uint8Array,
  start: number,
  lastEnd: number,
  end: number,
  limits: { readonly startLineBytesMax: number; readonly headBytesMax: number },
): boolean {
  const before = lastEnd - start;
  const now = end - start;
  if (Math.clz32(before) !== Math.clz32(now)) return true;
  if (before < limits.headBytesMax && now >= limits.headBytesMax) return true;
  const lineMax = limits.startLineBytesMax + 2;
  if (before < lineMax && now >= lineMax) return true;
  for (let at = lastEnd; at < end; at++) {
    if (bytes[at] !== LF) continue;
    if (at === start || bytes[at - 1] !== CR) return true;
    if (at - 2 >= start && bytes[at - 2] === LF) return true;
  }
  return false;
}
