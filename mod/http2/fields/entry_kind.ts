/**
 * What a field is, decided once from its bytes. An entry of the dynamic table keeps its kind, so that
 * a reference to it checks nothing again.
 */
import { classes, HTAB, SP, TARGET, TOKEN, VALUE } from "../../http/char_class.ts";
import { fieldKind } from "../../http/field_names.ts";
import { isHost } from "../../http/host.ts";
import { FieldKind } from "../../http/message_head.ts";
import { Fault } from "./faults.ts";

/** Values below 11 are those of `FieldKind`. */
export const EntryKind = {
  ...FieldKind,
  cookie: 11,
  authority: 12,
  method: 13,
  path: 14,
  scheme: 15,
  status: 16,
  protocol: 17,
} as const;

/** A kind from here on is this number minus a `Fault`: the field makes its message malformed. */
export const faultyKind = 32;

const COLON = 0x3a;
const UPPER = 32;
const NAME = 64;
/** Bits: TOKEN, VALUE, TARGET as in `classes`; NAME: a token byte that is no upper-case letter. */
const marks = classes.slice();
for (let byte = 0; byte < 256; byte++) {
  if (byte >= 0x41 && byte <= 0x5a) marks[byte] |= UPPER;
  else if ((classes[byte] & TOKEN) !== 0) marks[byte] |= NAME;
}

const pseudoNames: readonly (readonly [string, number])[] = [
  [":authority", EntryKind.authority],
  [":method", EntryKind.method],
  [":path", EntryKind.path],
  [":scheme", EntryKind.scheme],
  [":status", EntryKind.status],
  [":protocol", EntryKind.protocol],
];

/** The kind of the field with this name and value: an `EntryKind`, or `faultyKind` minus its fault. */
export function entryKind(
  bytes: Uint8Array,
  nameStart: number,
  nameEnd: number,
  valueStart: number,
  valueEnd: number,
): number {
  return kindOfValue(nameKind(bytes, nameStart, nameEnd), bytes, valueStart, valueEnd);
}

/** The kind of a name alone, with any value. */
export function nameKind(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start;
  if (length === 0) return faultyKind - Fault.fieldName;
  if (bytes[start] === COLON) {
    for (const [name, kind] of pseudoNames) {
      if (name.length === length && isText(bytes, start, name)) return kind;
    }
    return faultyKind - Fault.pseudoUnknown;
  }
  for (let at = start; at < end; at++) {
    if ((marks[bytes[at]] & NAME) === 0) return faultyKind - Fault.fieldName;
  }
  if (length === 6 && isText(bytes, start, "cookie")) return EntryKind.cookie;
  return fieldKind(bytes, start, end);
}

/** The kind of a field whose name has this kind, with the value `[start, end)`. */
export function kindOfValue(kind: number, bytes: Uint8Array, start: number, end: number): number {
  if (kind >= faultyKind) return kind;
  if (kind > EntryKind.cookie) {
    const fault = pseudoFault(kind, bytes, start, end);
    return fault === 0 ? kind : faultyKind - fault;
  }
  for (let at = start; at < end; at++) {
    if ((marks[bytes[at]] & VALUE) === 0) return faultyKind - Fault.fieldValue;
  }
  if (end > start && (isBlank(bytes[start]) || isBlank(bytes[end - 1]))) {
    return faultyKind - Fault.fieldValue;
  }
  return kind === EntryKind.other ? kind : regularKind(kind, bytes, start, end);
}

/**
 * The same where `words` is a view of the bytes: most values are looked at four bytes at a time.
 */
export function kindOfViewedValue(
  kind: number,
  words: DataView,
  bytes: Uint8Array,
  start: number,
  end: number,
): number {
  if (kind === EntryKind.other || kind === EntryKind.cookie) {
    if (isPlainText(words, bytes, start, end)) return kind;
  }
  return kindOfValue(kind, bytes, start, end);
}

/** Sure that a value has neither control bytes nor blanks at its ends; false: it has to be looked at. */
function isPlainText(words: DataView, bytes: Uint8Array, start: number, end: number): boolean {
  const wordsEnd = end - 3;
  let at = start;
  let controls = 0;
  for (; at < wordsEnd; at += 4) {
    const word = words.getInt32(at);
    // The high bit of each byte below 0x20, or of 0x7f with its bits inverted, and perhaps of others.
    const inverted = word ^ 0x7f7f7f7f;
    controls |= ((word - 0x20202020) & ~word) | ((inverted - 0x01010101) & ~inverted);
  }
  for (; at < end; at++) if ((marks[bytes[at]] & VALUE) === 0) return false;
  return (controls & 0x80808080) === 0 &&
    (start === end || !(isBlank(bytes[start]) || isBlank(bytes[end - 1])));
}

function regularKind(kind: number, bytes: Uint8Array, start: number, end: number): number {
  switch (kind) {
    case FieldKind.connection:
    case FieldKind.transferEncoding:
    case FieldKind.upgrade:
    case FieldKind.keepAlive:
    case FieldKind.proxyConnection:
      return faultyKind - Fault.connectionSpecific;
    case FieldKind.te:
      // RFC 9113 8.2.2: TE may say `trailers` and nothing else.
      return end - start === 8 && isText(bytes, start, "trailers") ? kind : faultyKind - Fault.te;
    case FieldKind.host:
      return end > start && isHost(bytes, start, end) ? kind : faultyKind - Fault.hostInvalid;
    default:
      return kind;
  }
}

function pseudoFault(kind: number, bytes: Uint8Array, start: number, end: number): number {
  switch (kind) {
    case EntryKind.authority:
      // User information is refused by `isHost` (RFC 9113 8.3.1).
      return end > start && isHost(bytes, start, end) ? 0 : Fault.authority;
    case EntryKind.method:
      return all(TOKEN, bytes, start, end) ? 0 : Fault.method;
    case EntryKind.path:
      return all(TARGET, bytes, start, end) ? 0 : Fault.target;
    case EntryKind.scheme:
      return isScheme(bytes, start, end) ? 0 : Fault.scheme;
    case EntryKind.status:
      return isStatus(bytes, start, end) ? 0 : Fault.status;
    default:
      return all(TOKEN, bytes, start, end) ? 0 : Fault.protocol;
  }
}

function isScheme(bytes: Uint8Array, start: number, end: number): boolean {
  const length = end - start;
  return (length === 4 && isText(bytes, start, "http")) ||
    (length === 5 && isText(bytes, start, "https"));
}

function isStatus(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start !== 3 || bytes[start] === 0x30) return false;
  for (let at = start; at < end; at++) if (bytes[at] < 0x30 || bytes[at] > 0x39) return false;
  return true;
}

function all(mark: number, bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if ((marks[bytes[at]] & mark) === 0) return false;
  return end > start;
}

function isBlank(byte: number): boolean {
  return byte === SP || byte === HTAB;
}

/** Whether `text`, in ASCII, begins at `start`. */
export function isText(bytes: Uint8Array, start: number, text: string): boolean {
  for (let i = 0; i < text.length; i++) if (bytes[start + i] !== text.charCodeAt(i)) return false;
  return true;
}
