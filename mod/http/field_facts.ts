/** What known fields say about a message, in every version. */
import { equalsLower, Fact, type MessageHead } from "./message_head.ts";
import { MessageFault } from "./faults.ts";
import { isHost } from "./host.ts";
import { KnownBytes } from "./known_bytes.ts";

/** Clears what the previous message set. */
export function clearFields(head: MessageHead, bytes: Uint8Array, fieldsMax: number): void {
  head.bytes = bytes;
  head.revision = (head.revision + 1) & 0x3fffffff;
  head.fieldCount = 0;
  head.facts = 0;
  head.fieldsEnd = -1;
  head.contentLength = -1;
  head.connectionNamesFields = false;
  head.hasNeverIndexed = false;
  head.hostStart = head.hostEnd = -1;
  head.hostNumber = 0;
  if (head.kinds.length < fieldsMax) {
    head.fields = new Int32Array(4 * fieldsMax);
    head.kinds = new Uint8Array(fieldsMax);
  }
}

/** Longer hosts are checked each time; names in DNS have up to 253 bytes, and few have so many. */
const rememberedHostBytesMax = 64;
/** The last valid host: many requests in a row have the same, which costs a third to recognise. */
const lastHost = new KnownBytes(rememberedHostBytesMax);

/**
 * Records the value `[start, end)` of a Host field. Returns 0 or a fault. Host has no meaning in a
 * response; it is ignored there, not validated.
 */
export function noteHost(
  head: MessageHead,
  bytes: Uint8Array,
  start: number,
  end: number,
): number {
  if (!head.isRequest) return 0;
  if ((head.facts & Fact.host) !== 0) return MessageFault.hostRepeated;
  if (!lastHost.equals(bytes, start, end)) {
    if (!isHost(bytes, start, end)) return MessageFault.hostInvalid;
    if (end - start <= rememberedHostBytesMax) lastHost.remember(bytes, start, end);
  }
  head.facts |= Fact.host;
  // The authority of an absolute-form target, already recorded, wins (RFC 9112 3.2.2).
  if (head.hostStart < 0) {
    head.hostStart = start;
    head.hostEnd = end;
  }
  return 0;
}

/** Records the value `[start, end)` of a Content-Length field. Returns 0 or a fault. */
export function noteContentLength(
  head: MessageHead,
  bytes: Uint8Array,
  start: number,
  end: number,
): number {
  if (head.contentLength >= 0) return MessageFault.contentLengthRepeated;
  head.contentLength = parseLength(bytes, start, end);
  return head.contentLength < 0 ? MessageFault.contentLength : 0;
}

/** Records the value `[start, end)` of an Expect field; unknown expectations are ignored. */
export function noteExpect(
  head: MessageHead,
  bytes: Uint8Array,
  start: number,
  end: number,
): void {
  if (end - start === 12 && equalsLower(bytes, start, "100-continue")) {
    head.facts |= Fact.expectContinue;
  }
}

/** Parses 1*DIGIT up to 2^53-1; -1 for anything else. */
function parseLength(bytes: Uint8Array, start: number, end: number): number {
  if (start === end) return -1;
  let length = 0;
  for (let at = start; at < end; at++) {
    const digit = bytes[at] - 0x30;
    if (digit < 0 || digit > 9) return -1;
    length = length * 10 + digit;
    if (length > Number.MAX_SAFE_INTEGER) return -1;
  }
  return length;
}
