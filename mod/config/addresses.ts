/**
 * Parses addresses as users write them: `8080`, `host:port`, `[v6]:port`, `/path`, `unix:/path`.
 */
import { type Address, unixPathBytesMax } from "../base/address.ts";
import { parseIp } from "../base/ip.ts";

/** A name or IP literal with a port, before any lookup; or a unix path. */
export type HostAddress =
  | { readonly kind: "tcp"; readonly host: string; readonly port: number }
  | { readonly kind: "unix"; readonly path: string };

/** Parses a decimal port 0..65535; null if invalid. */
export function parsePort(text: string): number | null {
  if (!/^[0-9]{1,5}$/.test(text)) return null;
  const port = Number(text);
  return port <= 65_535 ? port : null;
}

/** True for an IPv6 literal without brackets. Zones (`%eth0`) are refused. */
export function isIpv6(host: string): boolean {
  return parseIp(host)?.length === 16;
}

export function isIpLiteral(host: string): boolean {
  return parseIp(host) !== null;
}

/** True for an absolute path that fits into a unix socket address. */
export function isUnixPath(path: string): boolean {
  return path.startsWith("/") && new TextEncoder().encode(path).length <= unixPathBytesMax;
}

/**
 * Parses `port`, `host:port`, `host`, `[v6]:port`, `/path` or `unix:/path`; null if invalid.
 * `portDefault` is used for a host without port; null makes the port mandatory.
 */
export function parseHostAddress(text: string, portDefault: number | null): HostAddress | null {
  if (text.startsWith("unix:")) return unixAddress(text.slice(5));
  if (text.startsWith("/")) return unixAddress(text);
  const match = /^(?:\[([^\]]+)\]|([^:[\]]*))(?::([0-9]+))?$/.exec(text);
  if (match === null) return null;
  const [, bracketed, plain, portText] = match;
  if (bracketed !== undefined && !isIpv6(bracketed)) return null;
  if (plain !== undefined && portText === undefined && parsePort(plain) !== null) {
    return { kind: "tcp", host: "", port: Number(plain) };
  }
  const host = bracketed ?? plain;
  if (bracketed === undefined && host !== "" && host !== "*" && !isHostName(host)) return null;
  const port = portText === undefined ? portDefault : parsePort(portText);
  return port === null ? null : { kind: "tcp", host, port };
}

/** An IPv4 literal or a DNS name; underscores occur in container networks. */
export function isHostName(host: string): boolean {
  return host.length <= 253 && /^[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_.])?$/.test(host);
}

function unixAddress(path: string): HostAddress | null {
  return isUnixPath(path) ? { kind: "unix", path } : null;
}

/** True if the address needs no lookup and can be bound or connected to directly. */
export function isResolved(address: HostAddress): address is Address {
  return address.kind === "unix" || isIpLiteral(address.host);
}
