/** PROXY protocol headers, good and bad, as bytes. Names of faults are keys of `HeaderFault`. */
import type { Address } from "../../../mod/base/address.ts";
import { latin1Bytes } from "../../../mod/http/mod.ts";
import type { HeaderFault } from "../../../mod/proxy_protocol/mod.ts";

export type Ends = readonly [source: Address | null, destination: Address | null];

export interface HeaderRow {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** The announced addresses (null: the connection's own), or the fault. */
  readonly expected: Ends | keyof typeof HeaderFault;
}

export function tcp(host: string, port: number): Address {
  return { kind: "tcp", host, port };
}

const own: Ends = [null, null];

function text(name: string, line: string, expected: HeaderRow["expected"]): HeaderRow {
  return { name, bytes: latin1Bytes(line), expected };
}

const signature = [13, 10, 13, 10, 0, 13, 10, 0x51, 0x55, 0x49, 0x54, 10];

/** A header of version 2; `length` is the announced length, correct by default. */
export function binary(
  command: number,
  family: number,
  body: readonly number[],
  length = body.length,
): Uint8Array {
  return Uint8Array.from([...signature, command, family, length >> 8, length & 255, ...body]);
}

function row(
  name: string,
  command: number,
  family: number,
  body: readonly number[],
  expected: HeaderRow["expected"],
  length?: number,
): HeaderRow {
  return { name, bytes: binary(command, family, body, length), expected };
}

const v4 = [192, 0, 2, 1, 198, 51, 100, 7, 0x12, 0x34, 0, 80];
const v4Ends: Ends = [tcp("192.0.2.1", 0x1234), tcp("198.51.100.7", 80)];
const v6 = [
  ...[0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
  ...[0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2],
  ...[0xff, 0xff, 0x1, 0xbb],
];
const v6Ends: Ends = [tcp("2001:db8::1", 65_535), tcp("2001:db8::2", 443)];
const mapped = [
  ...[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 192, 0, 2, 1],
  ...[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 198, 51, 100, 7],
  ...[0x12, 0x34, 0, 80],
];

function path(name: string): number[] {
  const bytes = [...latin1Bytes(name)];
  return [...bytes, ...new Array<number>(108 - bytes.length).fill(0)];
}

/** Type, length and value of an extension. */
function extension(type: number, bytes: readonly number[]): number[] {
  return [type, bytes.length >> 8, bytes.length & 255, ...bytes];
}

const zeros = (count: number) => new Array<number>(count).fill(0);
const longest = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff";

export const headerRows: readonly HeaderRow[] = [
  text("v1 TCP4", "PROXY TCP4 192.0.2.1 198.51.100.7 4660 80\r\n", v4Ends),
  text("v1 TCP6", "PROXY TCP6 2001:db8::1 2001:DB8::2 65535 443\r\n", v6Ends),
  text("v1 port 0", "PROXY TCP4 192.0.2.1 198.51.100.7 0 0\r\n", [
    tcp("192.0.2.1", 0),
    tcp("198.51.100.7", 0),
  ]),
  text("v1 mapped IPv4", "PROXY TCP6 ::ffff:192.0.2.1 ::ffff:c633:6407 4660 80\r\n", v4Ends),
  text("v1 UNKNOWN, short", "PROXY UNKNOWN\r\n", own),
  text("v1 UNKNOWN, worst case", `PROXY UNKNOWN ${longest} ${longest} 65535 65535\r\n`, own),
  text("v1 UNKNOWN, whatever follows", "PROXY UNKNOWN \x01 \xff  PROXY\r\n", own),
  text("v1 longest TCP6", `PROXY TCP6 ${longest} ${longest} 65535 65535\r\n`, [
    tcp(longest, 65_535),
    tcp(longest, 65_535),
  ]),
  text("v1 line of 108 bytes", `PROXY UNKNOWN ${"x".repeat(92)}\r\n`, "lineLength"),
  text("v1 line of 107 bytes", `PROXY UNKNOWN ${"x".repeat(91)}\r\n`, own),
  text("v1 endless line", `PROXY UNKNOWN ${"x".repeat(300)}`, "lineLength"),
  text("v1 bare LF", "PROXY TCP4 192.0.2.1 198.51.100.7 4660 80\n\r\n", "line"),
  text("v1 bare CR", "PROXY TCP4 192.0.2.1 198.51.100.7 4660 80\rx\r\n", "line"),
  text("v1 bare LF after UNKNOWN", "PROXY UNKNOWN\n\r\n", "line"),
  text("v1 two blanks", "PROXY  TCP4 192.0.2.1 198.51.100.7 4660 80\r\n", "line"),
  text("v1 blank at the end", "PROXY TCP4 192.0.2.1 198.51.100.7 4660 80 \r\n", "line"),
  text("v1 port missing", "PROXY TCP4 192.0.2.1 198.51.100.7 4660\r\n", "line"),
  text("v1 port too large", "PROXY TCP4 192.0.2.1 198.51.100.7 65536 80\r\n", "line"),
  text("v1 port with a leading zero", "PROXY TCP4 192.0.2.1 198.51.100.7 080 80\r\n", "line"),
  text("v1 port with a sign", "PROXY TCP4 192.0.2.1 198.51.100.7 +80 80\r\n", "line"),
  text("v1 octal address", "PROXY TCP4 192.0.02.1 198.51.100.7 4660 80\r\n", "line"),
  text("v1 three numbers", "PROXY TCP4 192.0.2 198.51.100.7 4660 80\r\n", "line"),
  text("v1 wrong family", "PROXY TCP4 2001:db8::1 2001:db8::2 4660 80\r\n", "line"),
  text("v1 wrong family, the other way", "PROXY TCP6 192.0.2.1 198.51.100.7 1 2\r\n", "line"),
  text("v1 unknown family", "PROXY UDP4 192.0.2.1 198.51.100.7 4660 80\r\n", "line"),
  text("v1 family in lower case", "PROXY tcp4 192.0.2.1 198.51.100.7 4660 80\r\n", "line"),
  text("v1 UNKNOWN with a tail", "PROXY UNKNOWNX\r\n", "line"),
  text("v1 nothing after the word", "PROXY\r\n", "line"),
  text("v1 another word that begins alike", "PROXYING TCP4 192.0.2.1\r\n", "line"),
  text("a method that begins alike", "PROPFIND / HTTP/1.1\r\n\r\n", "absent"),
  text("an HTTP request", "GET / HTTP/1.1\r\n\r\n", "absent"),
  text("the word in lower case", "proxy TCP4 192.0.2.1 198.51.100.7 4660 80\r\n", "absent"),
  text("line ends ahead of a request", "\r\n\r\nGET / HTTP/1.1\r\n\r\n", "absent"),
  text("a TLS record", "\x16\x03\x01\x02\x00\x01\x00\x01", "absent"),

  row("v2 TCP over IPv4", 0x21, 0x11, v4, v4Ends),
  row("v2 TCP over IPv6", 0x21, 0x21, v6, v6Ends),
  row("v2 mapped IPv4", 0x21, 0x21, mapped, v4Ends),
  row("v2 unix stream", 0x21, 0x31, [...path("/run/a"), ...path("/run/b")], [
    { kind: "unix", path: "/run/a" },
    { kind: "unix", path: "/run/b" },
  ]),
  row("v2 unix without a name", 0x21, 0x31, [...path("\0hidden"), ...path("x".repeat(108))], [
    { kind: "unix", path: "" },
    { kind: "unix", path: "x".repeat(108) },
  ]),
  row("v2 LOCAL", 0x20, 0, [], own),
  row("v2 LOCAL with addresses", 0x20, 0x11, v4, own),
  row("v2 LOCAL with an odd family", 0x20, 0xff, [1, 2, 3], own),
  row("v2 UNSPEC", 0x21, 0, [], own),
  row("v2 UNSPEC with bytes", 0x21, 0, [1, 2, 3], own),
  row("v2 UDP over IPv4", 0x21, 0x12, v4, own),
  row("v2 unspecified transport", 0x21, 0x10, v4, own),
  row("v2 unix datagram", 0x21, 0x32, zeros(216), own),
  row("v2 with extensions", 0x21, 0x11, [
    ...v4,
    ...extension(1, [...latin1Bytes("h2")]),
    ...extension(0x20, [1, 0, 0, 0, 0, ...extension(0x21, [...latin1Bytes("TLSv1.3")])]),
    ...extension(4, zeros(40)),
  ], v4Ends),
  row("v2 with an extension cut short", 0x21, 0x11, [...v4, 4, 255, 255, 0], v4Ends),
  row("v2 of 4096 bytes", 0x21, 0x11, [...v4, ...zeros(4080 - v4.length)], v4Ends),
  row("v2 of 4097 bytes", 0x21, 0x11, [...v4, ...zeros(4081 - v4.length)], "length"),
  row("v2 of 65551 bytes", 0x21, 0x11, v4, "length", 65_535),
  row("v2 too short for IPv4", 0x21, 0x11, v4.slice(1), "addresses"),
  row("v2 too short for IPv6", 0x21, 0x21, v6.slice(1), "addresses"),
  row("v2 too short for unix", 0x21, 0x31, zeros(215), "addresses"),
  row("v2 IPv4 without a body", 0x21, 0x11, [], "addresses"),
  row("v2 version 1", 0x11, 0x11, v4, "version"),
  row("v2 version 3", 0x31, 0x11, v4, "version"),
  row("v2 version 0", 0x01, 0x11, v4, "version"),
  row("v2 command 2", 0x22, 0x11, v4, "command"),
  row("v2 command 15", 0x2f, 0x11, v4, "command"),
  row("v2 family 4", 0x21, 0x41, v4, "family"),
  row("v2 transport 3", 0x21, 0x13, v4, "family"),
  {
    name: "v2 signature that breaks off",
    bytes: latin1Bytes("\r\n\r\n\0\r\nQUIx"),
    expected: "absent",
  },
];
