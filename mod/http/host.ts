import { classes, COLON, HOST, IP_LITERAL } from "./char_class.ts";
import { latin1 } from "./latin1.ts";

const DOT = 0x2e;
const HYPHEN = 0x2d;
const PERCENT = 0x25;

/**
 * Whether `[start, end)` is `uri-host [":" port]` (RFC 9110 7.2) and valid in a URL. An empty host
 * is valid if nothing follows it; user information is not allowed.
 */
export function isHost(bytes: Uint8Array, start: number, end: number): boolean {
  if (start === end) return true;
  const hostEnd = endOfHost(bytes, start, end);
  if (hostEnd <= start) return false;
  if (hostEnd < end && (bytes[hostEnd] !== COLON || !isPort(bytes, hostEnd + 1, end))) return false;
  return !needsUrlCheck(bytes, start, hostEnd) ||
    URL.canParse(`http://${latin1(bytes, start, hostEnd)}/`);
}

/** Whether `[start, end)` is `uri-host ":" port` with neither part empty (RFC 9112 3.2.3). */
export function isHostAndPort(bytes: Uint8Array, start: number, end: number): boolean {
  const hostEnd = endOfHost(bytes, start, end);
  return hostEnd > start && hostEnd + 1 < end && isHost(bytes, start, end);
}

/** Offset after the host, -1 when it is malformed. */
function endOfHost(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  if (at < end && bytes[at] === 0x5b) {
    at++;
    while (at < end && (classes[bytes[at]] & IP_LITERAL) !== 0) at++;
    return at > start + 1 && at < end && bytes[at] === 0x5d ? at + 1 : -1;
  }
  while (at < end && (classes[bytes[at]] & HOST) !== 0) at++;
  return at;
}

/**
 * Whether a host with allowed bytes may still be invalid by the URL standard, so that an app could
 * not build a URL from it: IPv6, escapes (`a%2fb`), Punycode (`xn--`), and a numeric last label,
 * which makes it an IPv4 address (`1.2.3.4.5`). Such hosts are checked with `URL`.
 */
function needsUrlCheck(bytes: Uint8Array, start: number, end: number): boolean {
  if (bytes[start] === 0x5b) return true;
  let label = start;
  for (let at = start; at < end; at++) {
    const byte = bytes[at];
    if (byte === PERCENT || (byte === HYPHEN && bytes[at + 1] === HYPHEN)) return true;
    if (byte === DOT && at + 1 < end) label = at + 1;
  }
  return isDigit(bytes[label]) && !isDottedQuad(bytes, start, end);
}

/** Four numbers up to 255 without leading zeros: the usual form, valid without further checks. */
function isDottedQuad(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start;
  for (let part = 0; part < 4; part++) {
    if (part > 0 && bytes[at++] !== DOT) return false;
    const first = at;
    let value = 0;
    while (at < end && at < first + 3 && isDigit(bytes[at])) {
      value = value * 10 + bytes[at++] - 0x30;
    }
    if (at === first || value > 255 || (bytes[first] === 0x30 && at > first + 1)) return false;
  }
  return at === end;
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

function isPort(bytes: Uint8Array, start: number, end: number): boolean {
  let port = 0;
  for (let at = start; at < end; at++) {
    if (!isDigit(bytes[at])) return false;
    port = port * 10 + bytes[at] - 0x30;
    if (port > 65535) return false;
  }
  return true;
}
