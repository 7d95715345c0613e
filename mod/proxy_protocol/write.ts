/** Builds PROXY protocol headers to send before the first byte of a connection. */
import type { Address } from "../base/address.ts";
import { formatIp, parseIp } from "../base/ip.ts";
import { signature, V2 } from "./wire.ts";

export type ProxyVersion = 1 | 2;

/**
 * The header for a connection on behalf of `source`, a client that connected to `destination`. If
 * either is not an IP address, the header says unknown; receivers then use the connection's own
 * addresses.
 */
export function relayedHeader(
  version: ProxyVersion,
  source: Address,
  destination: Address,
): Uint8Array {
  const ends = ipEnds(source, destination);
  if (version === 1) return latin1(ends === null ? "PROXY UNKNOWN\r\n" : line(ends));
  return ends === null ? binary(V2.proxy, 0, 0) : binaryOf(ends);
}

/**
 * The header for a connection of our own, for example a health check. Version 1 has no keyword for
 * it; its authors advise sending the real addresses, as some receivers refuse UNKNOWN.
 */
export function localHeader(version: ProxyVersion, local: Address, peer: Address): Uint8Array {
  return version === 1 ? relayedHeader(1, local, peer) : binary(V2.local, 0, 0);
}

interface IpEnds {
  /** Both of 4 bytes, or both of 16. */
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
  readonly sourcePort: number;
  readonly destinationPort: number;
}

function ipEnds(source: Address, destination: Address): IpEnds | null {
  if (source.kind !== "tcp" || destination.kind !== "tcp") return null;
  let from = parseIp(source.host);
  let to = parseIp(destination.host);
  if (from === null || to === null) return null;
  // An IPv4 client behind a load balancer that uses IPv6: both addresses need the same family.
  if (from.length !== to.length) [from, to] = [mapped(from), mapped(to)];
  return {
    source: from,
    destination: to,
    sourcePort: source.port,
    destinationPort: destination.port,
  };
}

function mapped(ip: Uint8Array): Uint8Array {
  if (ip.length === 16) return ip;
  const bytes = new Uint8Array(16);
  bytes[10] = bytes[11] = 255;
  bytes.set(ip, 12);
  return bytes;
}

function line({ source, destination, sourcePort, destinationPort }: IpEnds): string {
  const family = source.length === 4 ? "TCP4" : "TCP6";
  return `PROXY ${family} ${formatIp(source)} ${formatIp(destination)} ` +
    `${sourcePort} ${destinationPort}\r\n`;
}

function binaryOf({ source, destination, sourcePort, destinationPort }: IpEnds): Uint8Array {
  const size = source.length;
  const header = binary(V2.proxy, size === 4 ? V2.tcp4 : V2.tcp6, 2 * size + 4);
  const view = new DataView(header.buffer);
  header.set(source, V2.headBytes);
  header.set(destination, V2.headBytes + size);
  view.setUint16(V2.headBytes + 2 * size, sourcePort);
  view.setUint16(V2.headBytes + 2 * size + 2, destinationPort);
  return header;
}

function binary(command: number, family: number, length: number): Uint8Array<ArrayBuffer> {
  const header = new Uint8Array(V2.headBytes + length);
  header.set(signature);
  header[V2.command] = 2 << 4 | command;
  header[V2.family] = family;
  new DataView(header.buffer).setUint16(V2.length, length);
  return header;
}

function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => char.charCodeAt(0));
}
