import { classes, COLON, HOST, IP_LITERAL } from "./char_class.ts";

/**
 * Whether `[start, end)` is `uri-host [":" port]` (RFC 9110 7.2). An empty host is one; user
 * information is not.
 */
export function isHost(bytes: Uint8Array, start: number, end: number): boolean {
  const hostEnd = endOfHost(bytes, start, end);
  if (hostEnd < 0) return false;
  return hostEnd === end || (bytes[hostEnd] === COLON && isPort(bytes, hostEnd + 1, end));
}

/** Whether `[start, end)` is `uri-host ":" port` with neither part empty (RFC 9112 3.2.3). */
export function isHostAndPort(bytes: Uint8Array, start: number, end: number): boolean {
  const hostEnd = endOfHost(bytes, start, end);
  return hostEnd > start && hostEnd + 1 < end && isHost(bytes, start, end);
}

/** Offset behind the host, -1 when it is malformed. */
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

function isPort(bytes: Uint8Array, start: number, end: number): boolean {
  let port = 0;
  for (let at = start; at < end; at++) {
    const digit = bytes[at] - 0x30;
    if (digit < 0 || digit > 9) return false;
    port = port * 10 + digit;
    if (port > 65535) return false;
  }
  return true;
}
