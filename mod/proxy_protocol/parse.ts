/**
 * Parses PROXY protocol headers of version 1 (a line) and 2 (binary), which differ in their first
 * bytes (HAProxy's proxy-protocol.txt, section 2).
 */
import type { Address } from "../base/address.ts";
import { formatIp, parseIp, unmapped } from "../base/ip.ts";
import { headerBytesMax, HeaderFault, type ProxyHeader } from "./header.ts";
import { signature, unixPathBytes, V2 } from "./wire.ts";

const CR = 0x0d;
const LF = 0x0a;

/** Bytes that begin with `PROXY` are version 1 or malformed. */
const word = Uint8Array.from("PROXY", (char) => char.charCodeAt(0));
/** Including the line end. */
const lineBytesMax = 107;
const port = /^(0|[1-9][0-9]{0,4})$/;

/**
 * Parses a header at `[start, end)`. Returns the offset after it (> 0, `header` is filled), 0 while
 * it is partial (call again with more), or a `HeaderFault` (< 0). Bytes after the header are not
 * examined.
 */
export function parseProxyHeader(
  header: ProxyHeader,
  bytes: Uint8Array,
  start: number,
  end: number,
): number {
  header.clear();
  if (start === end) return 0;
  if (bytes[start] === word[0]) {
    if (!beginsAs(word, bytes, start, end)) return HeaderFault.absent;
    return end - start < word.length ? 0 : parseLine(header, bytes, start, end);
  }
  if (!beginsAs(signature, bytes, start, end)) return HeaderFault.absent;
  return end - start <= signature.length ? 0 : parseBinary(header, bytes, start, end);
}

/** Whether the bytes so far match the beginning of `expected`. */
function beginsAs(
  expected: Uint8Array,
  bytes: Uint8Array,
  start: number,
  end: number,
): boolean {
  const count = Math.min(expected.length, end - start);
  for (let i = 0; i < count; i++) if (bytes[start + i] !== expected[i]) return false;
  return true;
}

function parseLine(
  header: ProxyHeader,
  bytes: Uint8Array,
  start: number,
  end: number,
): number {
  const stop = Math.min(end, start + lineBytesMax);
  let at = start;
  while (at < stop && bytes[at] !== CR && bytes[at] !== LF) at++;
  // If the last allowed byte is a CR, there is no room for its LF.
  if (at >= start + lineBytesMax - 1) return HeaderFault.lineLength;
  if (at === stop || (bytes[at] === CR && at + 1 === end)) return 0;
  if (bytes[at] !== CR || bytes[at + 1] !== LF) return HeaderFault.line;
  const text = String.fromCharCode(...bytes.subarray(start, at));
  return readWords(header, text.split(" ")) ? at + 2 : HeaderFault.line;
}

function readWords(header: ProxyHeader, words: readonly string[]): boolean {
  const [name, family, source, destination, sourcePort, destinationPort] = words;
  if (name !== "PROXY") return false;
  header.version = 1;
  if (family === "UNKNOWN") return true;
  if (words.length !== 6 || (family !== "TCP4" && family !== "TCP6")) return false;
  const addressBytes = family === "TCP4" ? 4 : 16;
  header.source = textAddress(source, sourcePort, addressBytes);
  header.destination = textAddress(destination, destinationPort, addressBytes);
  return header.source !== null && header.destination !== null;
}

function textAddress(text: string, portText: string, addressBytes: number): Address | null {
  const ip = parseIp(text);
  if (ip === null || ip.length !== addressBytes || !port.test(portText)) return null;
  const value = Number(portText);
  return value > 65_535 ? null : ipAddress(ip, value);
}

/** An IPv4-mapped IPv6 address, from a dual-stack socket, becomes the IPv4 address. */
function ipAddress(ip: Uint8Array, portNumber: number): Address {
  return { kind: "tcp", host: formatIp(unmapped(ip)), port: portNumber };
}

function parseBinary(
  header: ProxyHeader,
  bytes: Uint8Array,
  start: number,
  end: number,
): number {
  const command = bytes[start + V2.command];
  if (command >> 4 !== 2) return HeaderFault.version;
  if ((command & 15) > V2.proxy) return HeaderFault.command;
  if (end - start < V2.headBytes) return 0;
  const family = bytes[start + V2.family];
  const isLocal = (command & 15) === V2.local;
  // The family of a LOCAL header is ignored.
  if (!isLocal && (family >> 4 > 3 || (family & 15) > 2)) return HeaderFault.family;
  const length = bytes[start + V2.length] << 8 | bytes[start + V2.length + 1];
  if (V2.headBytes + length > headerBytesMax) return HeaderFault.length;
  const next = start + V2.headBytes + length;
  if (!isLocal && length < addressBytesOf(family)) return HeaderFault.addresses;
  if (next > end) return 0;
  header.version = 2;
  if (!isLocal) readAddresses(header, bytes, start + V2.headBytes, family);
  return next;
}

function addressBytesOf(family: number): number {
  switch (family >> 4) {
    case 1:
      return 2 * 4 + 4;
    case 2:
      return 2 * 16 + 4;
    case 3:
      return 2 * unixPathBytes;
  }
  return 0;
}

/** Datagrams and unspecified families are not our streams: use the connection's own addresses. */
function readAddresses(
  header: ProxyHeader,
  bytes: Uint8Array,
  at: number,
  family: number,
): void {
  if (family === V2.unixStream) {
    header.source = pathAddress(bytes, at);
    header.destination = pathAddress(bytes, at + unixPathBytes);
  } else if (family === V2.tcp4 || family === V2.tcp6) {
    const size = family === V2.tcp4 ? 4 : 16;
    const ports = at + 2 * size;
    header.source = ipAddress(bytes.subarray(at, at + size), uint16(bytes, ports));
    header.destination = ipAddress(bytes.subarray(at + size, ports), uint16(bytes, ports + 2));
  }
}

function uint16(bytes: Uint8Array, at: number): number {
  return bytes[at] << 8 | bytes[at + 1];
}

/** A path ends at NUL. One that begins with NUL is not in the file system and becomes "". */
function pathAddress(bytes: Uint8Array, start: number): Address {
  const field = bytes.subarray(start, start + unixPathBytes);
  const nul = field.indexOf(0);
  const path = new TextDecoder().decode(nul < 0 ? field : field.subarray(0, nul));
  return { kind: "unix", path };
}
